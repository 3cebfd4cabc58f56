// Where one reading of a text leads: into the guard's own files, nobody knows, or elsewhere. Knows neither arguments nor readings.
import type { ConstraintPorts } from './constraint-document.ts';
import { locateEntry, locateWays, splitPath, spreadPath, takeBack } from './real-location.ts';
import { readWindowsForm } from './windows-path.ts';
import { isUnderShort, listSpellings } from './windows-spellings.ts';
import { isUnder } from './within.ts';

/** A part of a path by which the guard's own files are known anywhere. */
const OWN_NAME = /^\.?mcp-guard/;
/** What a link there leads to depends on who asks: the guard cannot say where the server would end. */
const PER_PROCESS = /^\/(?:proc\/[^/]+\/(?:task\/[^/]+\/)?(?:root|cwd|fd|map_files)|dev\/fd)(?:\/|$)/;

export interface OwnPaths {
  /** Folded, canonical and as they were given. */
  readonly places: readonly string[];
  /** How a relative path to one may begin, from wherever: folded, `/` between parts, with a part that is the guard's own name. */
  readonly tails: ReadonlySet<string>;
}

export type OwnPathPorts = Pick<
  ConstraintPorts,
  | 'realPath'
  | 'homeDir'
  | 'bases'
  | 'windows'
  | 'directoryState'
  | 'homeOf'
  | 'variable'
  | 'isPerProcess'
  | 'isAbsent'
  | 'atOnce'
>;

/** A directory where a bare name may lead into one of them. */
export interface NearBase {
  readonly path: string;
  /** Links resolved; without the slash of the root. */
  readonly real: string;
}

/** @param paths absolute files and directories; a file that is a link counts as both ends of it. */
export function prepareOwnPaths(paths: readonly string[], ports: Pick<OwnPathPorts, 'realPath'>): OwnPaths {
  const places = [...new Set(paths.flatMap((path) => [path, ports.realPath(path) ?? path]).map(fold))];
  return { places, tails: new Set(places.flatMap(listTails)) };
}

/** `/home/me/.config/mcp-guard`: `home/me/.config/mcp-guard`, …, `mcp-guard`. */
function listTails(place: string): readonly string[] {
  const parts = splitParts(place);
  const last = parts.findLastIndex((part) => OWN_NAME.test(part));
  return parts.slice(0, last + 1).map((_, index) => parts.slice(index).join('/'));
}

/**
 * Where a bare name may lead into one of them: directories in it or around it, by whichever of their names. A file with a dot in its name, as
 * the config of a project, makes nothing near: its name is looked at as a path anyway. Of the home, which is a guess, only what lies
 * directly there counts: all of the guard's files are somewhere below it.
 */
export function findNear(
  own: OwnPaths,
  ports: OwnPathPorts,
  isPathLike: (text: string) => boolean,
): readonly NearBase[] {
  const separator = ports.windows ? '\\' : '/';
  const isNear = (base: string, isGuess: boolean): boolean =>
    own.places.some((place) => {
      if (isUnder(base, place, separator)) return true;
      if (!isUnder(place, base, separator)) return false;
      const below = place.slice(base.length).replace(/^[/\\]/, '');
      return below.includes(separator) ? !isGuess : !isPathLike(below);
    });
  const near: NearBase[] = [];
  const add = (path: string, isGuess: boolean): void => {
    if (near.some((one) => one.path === path)) return;
    const real = ports.realPath(path) ?? path;
    if (isNear(fold(path), isGuess) || isNear(fold(real), isGuess)) near.push({ path, real: real === '/' ? '' : real });
  };
  for (const base of ports.bases()) add(base, false);
  add(ports.homeDir, true);
  return near;
}

/** Parts of the deepest of their tails: no longer beginning of a path need be looked for. */
export function depthOf({ tails }: OwnPaths): number {
  return Math.max(0, ...[...tails].map((tail) => tail.split('/').length));
}

/** Whether a relative path ends in one of them from a directory that nobody here knows: by what it begins with. @param depth of their tails */
export function endsOwnPath(reading: string, { tails }: OwnPaths, depth: number): boolean {
  if (/^(?:\/|[A-Za-z]:[\\/])/.test(reading)) return false;
  const parts = takeBack(splitParts(fold(reading)).filter((part) => part !== '.'));
  return parts.slice(0, depth).some((_, index) => tails.has(parts.slice(0, index + 1).join('/')));
}

/** Whether what stands behind a `~name` leads into one of them from some home: `..` may climb to any directory above it. */
export function endsFromHome(rest: string, { places }: OwnPaths): boolean {
  const parts = takeBack(splitParts(fold(rest)).filter((part) => part !== '.'));
  return places.map(splitParts).some((place) =>
    place.some((_, from) => {
      const end = place.slice(from);
      return end.length <= parts.length && end.every((part, index) => part === parts[index]);
    }),
  );
}

/** `unknown`: through a link that every process has of its own. */
export function reach(
  reading: string,
  bases: readonly string[],
  own: OwnPaths,
  ports: OwnPathPorts,
): 'own' | 'unknown' | 'elsewhere' {
  const separator = ports.windows ? '\\' : '/';
  const isOwn = (place: string): boolean => {
    const folded = fold(place);
    return own.places.some(
      (target) => isUnder(folded, target, separator) || (ports.windows && isUnderShort(folded, target)),
    );
  };
  if (ports.windows) return locateOnWindows(reading, bases, ports).some(isOwn) ? 'own' : 'elsewhere';
  let isUnknown = false;
  for (const path of spreadPath(reading, bases)) {
    for (const way of locateWays(path, ports)) {
      // INVARIANT: one way that cannot be known says nothing of the other
      if (way.location === undefined) isUnknown ||= ports.isPerProcess?.(way.path) === true;
      else if (isOwn(way.location.target) || isOwn(way.location.entry)) return 'own';
    }
    isUnknown ||= isWrittenPerProcess(path);
  }
  return isUnknown ? 'unknown' : 'elsewhere';
}

/** Whether a bare name stands in each of these directories by itself: no link that somebody could turn round elsewhere. */
export function isPlainName(name: string, near: readonly NearBase[], ports: OwnPathPorts): boolean {
  if (/[/\\]/.test(name)) return false;
  return near.every(({ path, real }) => {
    const location = locateEntry([...splitPath(path), name], ports);
    return location?.target === location?.entry && location?.target === `${real}/${name}`;
  });
}

/**
 * Whether it leads nowhere from any of these directories: it begins with a name that none of them holds. Holds as long as they are
 * unchanged; an absolute path or one that climbs may change with others.
 */
export function beginsNowhere(reading: string, bases: readonly string[], ports: OwnPathPorts): boolean {
  const parts = splitPath(reading).filter((part) => part !== '.');
  const [first] = parts;
  if (ports.windows || first === undefined || reading.startsWith('/') || parts.includes('..')) return false;
  return bases.every((base) => ports.isAbsent?.(base, first) === true);
}

/** As text, where the disk of the guard does not tell: another system, or no `/proc` in sight. */
function isWrittenPerProcess(path: string): boolean {
  if (!/(?:^|\/)(?:proc|dev)\//.test(path)) return false;
  const parts = splitPath(path).filter((part) => part !== '.');
  return [parts, takeBack(parts)].some((form) => PER_PROCESS.test(`/${form.join('/')}`));
}

function locateOnWindows(reading: string, bases: readonly string[], ports: OwnPathPorts): readonly string[] {
  const form = readWindowsForm(reading, ports.homeDir, bases);
  // what has no one meaning may have this one
  const paths = form.ok ? form.paths : listSpellings(reading, [...bases, ports.homeDir]);
  return paths.flatMap((path) => [path, ports.realPath(path) ?? path]);
}

function splitParts(path: string): readonly string[] {
  return path.split(/[/\\]/).filter((part) => part !== '');
}

/** Some disks know no case and no Unicode form. */
function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}
