// Where a path leads: every link resolved, also dangling ones, as the server would meet them. Knows no rule.
import { lstatSync, readlinkSync } from 'node:fs';
import { join, parse, resolve, sep } from 'node:path';

/** As Linux. */
const MAX_LINKS = 40;
/** Links in there mean another thing to each process. */
const PER_PROCESS = /^\/(?:proc|dev\/fd)(?:\/|$)/;
/** Those that lead anywhere else. */
const OUT_OF_PROCESS = /^\/proc\/[^/]+\/(?:task\/[^/]+\/)?(?:root$|cwd$|fd\/|map_files\/)/;

/**
 * The canonical form of an absolute path. Segments that do not exist stay as they are. Undefined for a loop of links, a link
 * of `/proc`, a segment below something that is no directory, or a directory that the guard must not look into.
 *
 * Costs one `lstat` a segment that exists (some 2 to 5 µs each).
 */
export function resolveRealPath(path: string, seen?: SeenEntries): string | undefined {
  const end = followLinks(path, PER_PROCESS, seen);
  return end.kind === 'real' ? end.path : undefined;
}

/** The directories come first, and they are what is asked for again; a look is held in memory until the next one. */
const MOST_SEEN = 4096;

/** What was found under each absolute path during one look, which asks for the same directories over and over. */
export type SeenEntries = Map<string, Entry>;
type Entry = { readonly kind: 'absent' | 'directory' | 'other' } | { readonly kind: 'link'; readonly target: string };

/** Whether an absolute path, which may hold `..`, meets a link such as `/proc/self/root`, wherever that is linked from. */
export function leadsThroughProcess(path: string, seen?: SeenEntries): boolean {
  return followLinks(path, OUT_OF_PROCESS, seen).kind === 'barred';
}

/**
 * Whether a directory, links resolved, has no entry of this one name: because there is no such directory, either, or because nothing
 * can have a name that long, or because it is a file. False where the guard must not look, or cannot know.
 */
export function lacksEntry(directory: string, name: string, seen?: SeenEntries): boolean {
  if (name === '' || name === '.' || name === '..' || name.includes(sep)) return false;
  try {
    const real = resolveRealPath(directory, seen);
    // where it cannot be resolved, this says why
    return real === undefined ? lookAt(directory).kind === 'absent' : entryAt(join(real, name), seen).kind === 'absent';
  } catch (error) {
    return isTooLong(error) || codeOf(error) === 'ENOTDIR';
  }
}

/** What `stat` says of a name that no entry can have. */
export function isTooLong(error: unknown): boolean {
  return codeOf(error) === 'ENAMETOOLONG';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

type End = { readonly kind: 'real'; readonly path: string } | { readonly kind: 'barred' | 'unknown' };

/** @param barred links that are not followed */
function followLinks(path: string, barred: RegExp, seen: SeenEntries | undefined): End {
  const { root } = parse(path);
  const pending = split(path.slice(root.length)).reverse();
  let real = root;
  let links = 0;
  try {
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '..') {
        real = resolve(real, '..');
        continue;
      }
      const next = real.endsWith(sep) ? `${real}${part}` : `${real}${sep}${part}`;
      const entry = entryAt(next, seen);
      if (entry.kind !== 'link') {
        // what does not exist has nothing below it: `..` in the rest of a dangling link would be a guess
        if (entry.kind === 'absent')
          return pending.includes('..')
            ? { kind: 'unknown' }
            : { kind: 'real', path: [next, ...pending.reverse()].join(sep) };
        if (entry.kind === 'other' && pending.length > 0) return { kind: 'unknown' };
        real = next;
        continue;
      }
      if (barred.test(next)) return { kind: 'barred' };
      links += 1;
      if (links > MAX_LINKS) return { kind: 'unknown' };
      const { target } = entry;
      const { root: targetRoot } = parse(target);
      // a target without its drive (`\x` on Windows) counts from the root of the link's own
      if (targetRoot !== '') real = resolve(real, targetRoot);
      pending.push(...split(target.slice(targetRoot.length)).reverse());
    }
    return { kind: 'real', path: real };
  } catch {
    return { kind: 'unknown' };
  }
}

/** @throws where the guard must not look */
function entryAt(path: string, seen: SeenEntries | undefined): Entry {
  const known = seen?.get(path);
  if (known !== undefined) return known;
  const entry = lookAt(path);
  if (seen !== undefined && seen.size < MOST_SEEN) seen.set(path, entry);
  return entry;
}

function lookAt(path: string): Entry {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { kind: 'absent' };
  if (found.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
  return { kind: found.isDirectory() ? 'directory' : 'other' };
}

function split(path: string): string[] {
  return path.split(sep === '\\' ? /[\\/]/ : '/').filter((part) => part !== '' && part !== '.');
}
