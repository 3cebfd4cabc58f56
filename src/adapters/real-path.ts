// Where a path leads: every link resolved, also dangling ones, as the server would meet them. Knows no rule.
import { lstatSync, readlinkSync } from 'node:fs';
import { parse, resolve, sep } from 'node:path';

/** As Linux. */
const MAX_LINKS = 40;
/** Links in there mean another thing to each process. */
const PER_PROCESS = /^\/(?:proc|dev\/fd)(?:\/|$)/;

/**
 * The canonical form of an absolute path. Segments that do not exist stay as they are. Undefined for a loop of links, a link
 * of `/proc`, a segment below something that is no directory, or a directory that the guard must not look into.
 *
 * Costs one `lstat` a segment (some 2 to 5 µs each).
 */
export function resolveRealPath(path: string): string | undefined {
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
      const found = lstatSync(next, { throwIfNoEntry: false });
      if (found?.isSymbolicLink() !== true) {
        // what does not exist has nothing below it: `..` in the rest of a dangling link would be a guess
        if (found === undefined && pending.includes('..')) return undefined;
        if (found !== undefined && !found.isDirectory() && pending.length > 0) return undefined;
        real = next;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS || PER_PROCESS.test(next)) return undefined;
      const target = readlinkSync(next);
      const { root: targetRoot } = parse(target);
      // a target without its drive (`\x` on Windows) counts from the root of the link's own
      if (targetRoot !== '') real = resolve(real, targetRoot);
      pending.push(...split(target.slice(targetRoot.length)).reverse());
    }
    return real;
  } catch {
    return undefined;
  }
}

function split(path: string): string[] {
  return path.split(sep === '\\' ? /[\\/]/ : '/').filter((part) => part !== '' && part !== '.');
}
