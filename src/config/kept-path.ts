// Walks a path from the root as the kernel does, and says whether somebody else could put another thing in its place. Reads names, links
// and owners only. TRUST: what root and this user own, and nobody else writes in, is theirs; what a server may write in is nobody's.
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { followPath } from './followed-path.ts';

interface PathKeepers {
  /** Who may own each directory on the way, beside root; undefined where the platform has no users: then nothing is checked. */
  readonly uid: number | undefined;
  /** Where servers write, absolute: they may run as this very user. */
  readonly writable?: readonly string[];
}

type KeptPath =
  /** Free of links: what it names stays what it is until root or this user changes it. */
  { readonly kind: 'kept'; readonly real: string } | { readonly kind: 'replaceable'; readonly why: string };

/** As the kernel has it. */
const MAX_LINKS = 40;

/** @param path absolute @throws the error of the file system where a part of it is missing or closed */
export function walkKeptPath(path: string, keepers: PathKeepers): KeptPath {
  const { uid } = keepers;
  if (uid === undefined) return { kind: 'kept', real: path };
  const open = (keepers.writable ?? []).flatMap((place) => [place, followPath(place)]);
  const left = split(path);
  let [at, links] = ['/', 0];
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const next = at === '/' ? `/${name}` : `${at}/${name}`;
    const entry = lstatSync(next);
    const why = findReplacer(at, lstatSync(at), entry, { uid, open });
    if (why !== undefined) return { kind: 'replaceable', why };
    if (!entry.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (!isKeeper(entry, uid)) return { kind: 'replaceable', why: `the link \`${next}\` belongs to user ${entry.uid}` };
    links += 1;
    if (links > MAX_LINKS) return { kind: 'replaceable', why: 'it is a chain of too many links' };
    const target = readlinkSync(next);
    if (target.startsWith('/')) at = '/';
    left.unshift(...split(target));
  }
  return { kind: 'kept', real: at };
}

/** Who can take `entry` out of the directory `at` and put something else there. */
function findReplacer(
  at: string,
  directory: Stats,
  entry: Stats,
  { uid, open }: { readonly uid: number; readonly open: readonly string[] },
): string | undefined {
  const holder = open.find((place) => at === place || at.startsWith(`${place}/`));
  if (holder !== undefined) return `a server may write in \`${holder}\``;
  if (!isKeeper(directory, uid)) return `\`${at}\` belongs to user ${directory.uid}`;
  const isGroups = (directory.mode & 0o020) !== 0 && directory.gid !== 0 && directory.gid !== uid;
  if (!isGroups && (directory.mode & 0o002) === 0) return undefined;
  // In a sticky directory each takes away only what is its own.
  if ((directory.mode & 0o1000) !== 0 && isKeeper(entry, uid)) return undefined;
  return `others can write in \`${at}\``;
}

function isKeeper(stat: Stats, uid: number): boolean {
  return stat.uid === 0 || stat.uid === uid;
}

function split(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
