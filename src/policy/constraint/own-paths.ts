// The guard's own config, lock, state and trail: no argument of any tool may lead there. Knows neither what those files are nor
// which tool was called.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import type { ConstraintPorts } from './constraint-document.ts';
import type { Violation } from './constraint-set.ts';
import { isPathLike, listReadings } from './own-readings.ts';
import { writePointer } from './pointer.ts';
import { listBases, locate, splitPath, spreadPath, takeBack } from './real-location.ts';
import { createSettledNames, type SettledNames } from './settled-names.ts';
import { quote } from './shown-text.ts';
import { readWindowsForm } from './windows-path.ts';
import { isUnder } from './within.ts';

/** Different path-like texts in one call. */
const MAX_TEXTS = 5_000;
/** Readings of them, by each directory that they may count from; each costs some 15 µs. */
const MAX_LOOKS = 20_000;
/** A part of a path by which the guard's own files are known anywhere. */
const OWN_NAME = /^\.?mcp-guard/;
/** What a link there leads to depends on who asks: the guard cannot say where the server would end. */
const PER_PROCESS = /^\/(?:proc\/[^/]+\/(?:task\/[^/]+\/)?(?:root|cwd|fd)|dev\/fd)(?:\/|$)/;

export interface OwnPaths {
  /** Folded, canonical and as they were given. */
  readonly places: readonly string[];
  /** How a relative path to one may begin, from wherever: folded, `/` between parts, with a part that is the guard's own name. */
  readonly tails: ReadonlySet<string>;
}

export type OwnPathPorts = Pick<ConstraintPorts, 'realPath' | 'homeDir' | 'bases' | 'windows' | 'directoryState'>;

/** Looks through the arguments of one call; remembers of earlier ones only what cannot have changed. */
export type OwnPathFinder = (args: JsonObject | undefined, monoMs: number) => Violation | undefined;

/** @param paths absolute files and directories; a file that is a link counts as both ends of it. */
export function prepareOwnPaths(paths: readonly string[], ports: OwnPathPorts): OwnPaths {
  const places = [...new Set(paths.flatMap((path) => [path, ports.realPath(path) ?? path]).map(fold))];
  return { places, tails: new Set(places.flatMap(listTails)) };
}

/** `/home/me/.config/mcp-guard`: `home/me/.config/mcp-guard`, …, `mcp-guard`. */
function listTails(place: string): readonly string[] {
  const parts = splitParts(place);
  const last = parts.findLastIndex((part) => OWN_NAME.test(part));
  return parts.slice(0, last + 1).map((_, index) => parts.slice(index).join('/'));
}

/** @param ports of one server: their home and bases stay what they are */
export function createOwnPathFinder(own: OwnPaths, ports: OwnPathPorts): OwnPathFinder {
  let surroundings: Surroundings | undefined;
  return (args, monoMs) => {
    if (args === undefined || own.places.length === 0) return undefined;
    surroundings ??= survey(own, ports);
    surroundings.harmless.begin(monoMs);
    return findOwnPath(args, own, ports, surroundings);
  };
}

interface Surroundings {
  readonly bases: readonly string[];
  /** Where a bare name may lead to the guard's own files. */
  readonly near: readonly string[];
  readonly harmless: SettledNames;
}

function survey(own: OwnPaths, ports: OwnPathPorts): Surroundings {
  const near = findNear(own, ports);
  return {
    bases: listBases(ports),
    near,
    harmless: createSettledNames(near, (path) => ports.directoryState?.(path)),
  };
}

/**
 * The first string or key, anywhere in the arguments, that as a whole is a path into one of them, by any reading. Texts above 4
 * KiB, and paths inside a longer text (a shell command), are not looked at. attacker-controlled: `args`.
 */
function findOwnPath(
  args: JsonObject,
  own: OwnPaths,
  ports: OwnPathPorts,
  { bases, near, harmless }: Surroundings,
): Violation | undefined {
  const seen = new Set<string>();
  const path: string[] = [];
  let looks = 0;

  const visitText = (text: string): Violation | undefined => {
    const isPath = isPathLike(text);
    if (!isPath && (near.length === 0 || text.length > 255 || harmless.has(text))) return undefined;
    if (seen.has(text)) return undefined;
    seen.add(text);
    const readings = listReadings(text, ports.homeDir);
    if (isPath && readings.some((reading) => endsOwnPath(reading, own))) {
      return violate(path, 'may lead to files of the guard itself, which no tool may touch: give an absolute path');
    }
    const from = isPath ? bases : near;
    looks += readings.length * from.length;
    if (seen.size > MAX_TEXTS || looks > MAX_LOOKS) {
      return violate([], 'hold too many texts that may be paths: send less');
    }
    if (!readings.some((reading) => leadsInto(reading, from, own, ports))) {
      if (!isPath) harmless.add(text);
      return undefined;
    }
    return violate(path, 'leads to files of the guard itself, which no tool may touch; any other path may be given');
  };
  const visit = (value: Json | undefined): Violation | undefined => {
    if (typeof value === 'string') return visitText(value);
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        path.push(String(index));
        const found = visit(value[index]);
        if (found !== undefined) return found;
        path.pop();
      }
    } else if (isJsonObject(value)) {
      for (const key of Object.keys(value)) {
        path.push(key);
        const found = visitText(key) ?? visit(value[key]);
        if (found !== undefined) return found;
        path.pop();
      }
    }
    return undefined;
  };
  return visit(args);
}

/**
 * Where a bare name may lead into one of them: directories in it or around it. A file with a dot in its name, as the config of a
 * project, makes nothing near: its name is looked at as a path anyway. Of the home, which is a guess, only what lies directly
 * there counts: all of the guard's files are somewhere below it.
 */
function findNear(own: OwnPaths, { bases, homeDir, windows }: OwnPathPorts): readonly string[] {
  const separator = windows ? '\\' : '/';
  const isNear = (base: string, isGuess: boolean): boolean =>
    own.places.some((place) => {
      if (isUnder(base, place, separator)) return true;
      if (!isUnder(place, base, separator)) return false;
      const below = place.slice(base.length).replace(/^[/\\]/, '');
      return below.includes(separator) ? !isGuess : !isPathLike(below);
    });
  const named = bases().filter((base) => isNear(fold(base), false));
  return named.includes(homeDir) || !isNear(fold(homeDir), true) ? named : [...named, homeDir];
}

/** Whether a relative path ends in one of them from a directory that nobody here knows: by what it begins with. */
function endsOwnPath(reading: string, { tails }: OwnPaths): boolean {
  if (/^(?:\/|[A-Za-z]:)/.test(reading)) return false;
  const parts = takeBack(splitParts(fold(reading)).filter((part) => part !== '.'));
  return parts.some((_, index) => tails.has(parts.slice(0, index + 1).join('/')));
}

function leadsInto(reading: string, bases: readonly string[], own: OwnPaths, ports: OwnPathPorts): boolean {
  const places = ports.windows ? locateOnWindows(reading, bases, ports) : locateReading(reading, bases, ports);
  return places.some((place) => {
    const folded = fold(place);
    return own.places.some((target) => isUnder(folded, target, ports.windows ? '\\' : '/'));
  });
}

function locateReading(reading: string, bases: readonly string[], ports: OwnPathPorts): readonly string[] {
  return spreadPath(reading, bases).flatMap(
    (path) => locatePlaces(path, ports) ?? locatePerProcess(path, bases, ports),
  );
}

function locatePlaces(path: string, ports: OwnPathPorts): readonly string[] | undefined {
  return locate(path, ports)?.flatMap(({ target, entry }) => [target, entry]);
}

/** Where it cannot be resolved nothing can be opened there, but for links that the guard and the server read differently. */
function locatePerProcess(path: string, bases: readonly string[], ports: OwnPathPorts): readonly string[] {
  const plain = `/${splitPath(path)
    .filter((part) => part !== '.')
    .join('/')}`;
  const match = PER_PROCESS.exec(plain);
  if (match === null) return [];
  // whatever follows counts from the root and from the working directory
  const rest = plain.slice(match[0].length);
  return ['', ...bases].flatMap((base) => locatePlaces(`${base}/${rest}`, ports) ?? []);
}

function locateOnWindows(reading: string, bases: readonly string[], ports: OwnPathPorts): readonly string[] {
  const form = readWindowsForm(reading, ports.homeDir, bases);
  if (!form.ok) return [reading.replaceAll('/', '\\')];
  return form.paths.flatMap((path) => [path, ports.realPath(path) ?? path]);
}

function splitParts(path: string): readonly string[] {
  return path.split(/[/\\]/).filter((part) => part !== '');
}

/** Some disks know no case and no Unicode form. */
function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function violate(path: readonly string[], text: string): Violation {
  const name = path.length === 0 ? 'the arguments' : quote(writePointer(path));
  return { rule: 'own_paths', pointer: path.length === 0 ? '' : name.slice(1, -1), text: `${name} ${text}` };
}
