// Where a path leads: every link resolved, also dangling ones, as the server would meet them. Knows no rule.
import { lstatSync, readlinkSync } from 'node:fs';
import { parse, resolve, sep } from 'node:path';

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
      let entry = seen?.get(next);
      if (entry === undefined) {
        entry = lookAt(next);
        if (seen !== undefined && seen.size < MOST_SEEN) seen.set(next, entry);
      }
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
function lookAt(path: string): Entry {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { kind: 'absent' };
  if (found.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
  return { kind: found.isDirectory() ? 'directory' : 'other' };
}

function split(path: string): string[] {
  return path.split(sep === '\\' ? /[\\/]/ : '/').filter((part) => part !== '' && part !== '.');
}
