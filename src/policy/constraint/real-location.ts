// Where a path leads once links and `..` are resolved, by every way that readers resolve them. Knows no root and no rule.
import type { ConstraintPorts } from './constraint-document.ts';

/** Links are followed for the last segment in `target`, and not in `entry` (what a server removes or renames). */
export interface Location {
  readonly target: string;
  readonly entry: string;
}

/** Every directory that the server may count a relative path from, each once. */
export function listBases({ bases, homeDir }: Pick<ConstraintPorts, 'bases' | 'homeDir'>): readonly string[] {
  return [...new Set([...bases(), homeDir])];
}

/** A POSIX path by each directory that it may count from; itself where it is absolute. */
export function spreadPath(path: string, bases: readonly string[]): readonly string[] {
  return path.startsWith('/') ? [path] : bases.map((base) => `${base}/${path}`);
}

/**
 * The locations that an absolute POSIX path may mean; two where it holds `..`, which some readers take back before they look at
 * links, and the system after. Undefined where one of them cannot be known.
 */
export function locate(path: string, ports: Pick<ConstraintPorts, 'realPath'>): readonly Location[] | undefined {
  const known: Location[] = [];
  for (const { location } of locateWays(path, ports)) {
    if (location === undefined) return undefined;
    known.push(location);
  }
  return known.length === 0 ? undefined : known;
}

/** As `locate`, each way by itself, with the path that it goes; none where the path is not absolute. */
export function locateWays(
  path: string,
  ports: Pick<ConstraintPorts, 'realPath'>,
): readonly { readonly path: string; readonly location: Location | undefined }[] {
  // the port promises absolute directories; a lapse of it must not become a relative look-up
  if (!path.startsWith('/')) return [];
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const plain = takeBack(parts);
  const textual = { path: `/${plain.join('/')}`, location: locateEntry(plain, ports) };
  if (!parts.includes('..')) return [textual];
  return [textual, { path: `/${parts.join('/')}`, location: walk(parts, ports) }];
}

/** As `locate`, of an absolute path without `.` and `..`. */
export function locateEntry(parts: readonly string[], ports: Pick<ConstraintPorts, 'realPath'>): Location | undefined {
  const path = `/${parts.join('/')}`;
  const target = ports.realPath(path);
  const last = parts.at(-1);
  if (target === undefined) return undefined;
  // no link on the way: the entry is the target
  if (last === undefined || target === path) return { target, entry: target };
  const folder = ports.realPath(`/${parts.slice(0, -1).join('/')}`);
  return folder === undefined ? undefined : { target, entry: `${folder === '/' ? '' : folder}/${last}` };
}

function walk(parts: readonly string[], ports: Pick<ConstraintPorts, 'realPath'>): Location | undefined {
  let at: string[] = [];
  for (const part of parts) {
    if (part !== '..') {
      at.push(part);
      continue;
    }
    const real = ports.realPath(`/${at.join('/')}`);
    if (real === undefined) return undefined;
    at = splitPath(real).slice(0, -1);
  }
  return locateEntry(at, ports);
}

export function splitPath(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

/** `..` taken back as text, without a look at links. */
export function takeBack(parts: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const part of parts) {
    if (part === '..') kept.pop();
    else kept.push(part);
  }
  return kept;
}
