// The places that other tenants' blocks name: what no sandbox of this one may show. Pure; knows no meaning of a directory. What
// `servers` itself names is every tenant's, as written.
import { GuardError } from '../guard-error.ts';
import { expandVariables } from './expand-variables.ts';
import { isPlainObject, showPath, valueAt } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';
import { lineTexts, listMembers, memberIn, readTexts, type WrittenValue } from './written-texts.ts';

export interface ForeignPlace {
  /** Absolute; it need not be there. */
  readonly path: string;
  readonly access: 'read' | 'write';
  /** It is one only where a directory lies there: an argument of another tenant's server, which may be a program that all have. */
  readonly onlyDirectory?: true;
  /** Not the place itself, which lies somewhere below: a variable that this guard does not have stands in its name. */
  readonly isAbove?: true;
}

export interface ForeignDocuments {
  /** The whole config. */
  readonly config: unknown;
  /** The whole config as it was approved, where a lock holds. */
  readonly lock?: unknown;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What either names: an edit that nobody approved opens nothing. A file that holds a secret is closed whosever it is, `servers`' own too: the
 * guard reads it, and no server.
 *
 * @throws GuardError isolation_unavailable: something cannot be read as a place. INVARIANT: none is passed over.
 */
export function listForeignPlaces(
  { config, lock }: ForeignDocuments,
  tenant: string,
  variables: Variables,
  absolute: (path: string) => string,
): readonly ForeignPlace[] {
  const documents = lock === undefined ? [config] : [config, lock];
  const own = documents.map((document) => listOwnArguments(document, tenant));
  const isOwn = (arg: string): boolean => own.every((args) => args.has(arg));
  const places = documents.flatMap((value, index) => {
    const refuse = (path: JsonPath, wanted: string): Error =>
      unreadable(tenant, index === 0 ? '' : 'lock.', path, wanted);
    return [...listIn({ value, path: [], refuse }, tenant, isOwn, variables)];
  });
  const resolved = places.map((place) => ({ ...place, path: absolute(place.path) }));
  return [...new Map(resolved.map((place) => [JSON.stringify(place), place])).values()];
}

/** As written: relative, and what is named twice twice. */
function* listIn(
  document: WrittenValue,
  tenant: string,
  isOwn: (arg: string) => boolean,
  variables: Variables,
): Iterable<ForeignPlace> {
  const write = { access: 'write' } as const;
  for (const server of listMembers(memberIn(document, 'servers'))) yield* secretsOf(server);
  for (const block of listMembers(memberIn(document, 'tenants'))) {
    if (block.path.at(-1) === tenant) continue;
    const servers = listMembers(memberIn(block, 'servers'));
    for (const one of [block, ...servers]) {
      const isolation = memberIn(one, 'isolation');
      for (const path of readTexts(memberIn(isolation, 'readable'))) yield { path, access: 'read' };
      for (const path of readTexts(memberIn(isolation, 'writable'))) yield { path, ...write };
    }
    for (const server of servers) {
      for (const cwd of readTexts(memberIn(server, 'cwd'))) yield* expanded(cwd, /^(.+)$/s);
      yield* secretsOf(server);
      for (const arg of lineTexts(memberIn(server, 'args'))) {
        if (isOwn(arg)) continue;
        for (const place of expanded(arg, /^(?:--?[^=]+=)?(\/.+)$/s)) yield { ...place, onlyDirectory: true };
      }
    }
  }

  function* secretsOf(server: WrittenValue): Iterable<ForeignPlace> {
    const files = listMembers(memberIn(server, 'env'))
      .flatMap(lineTexts)
      .filter((text) => text.startsWith('file:'));
    for (const file of files) yield* expanded(file.slice('file:'.length), /^(\/.+|[A-Za-z]:[\\/].+)$/s);
  }

  /** @param shape its first group is the place */
  function* expanded(text: string, shape: RegExp): Iterable<ForeignPlace> {
    const expansion = expandVariables(text, variables);
    const path = shape.exec(expansion.ok ? expansion.text : text.slice(0, text.indexOf('${')))?.[1];
    if (path === undefined) return;
    if (expansion.ok) yield { path, ...write };
    else if (path.lastIndexOf('/') > 0) yield { path: path.slice(0, path.lastIndexOf('/')), ...write, isAbove: true };
  }
}

/** What stands in the arguments of a server of its own, or of all: those are no other's. */
function listOwnArguments(document: unknown, tenant: string): ReadonlySet<string> {
  const tables = [valueAt(document, ['servers']), valueAt(document, ['tenants', tenant, 'servers'])];
  const servers = tables.flatMap((table) => (isPlainObject(table) ? Object.values(table) : []));
  const lists = servers.map((server) => valueAt(server, ['args'])).filter((args) => Array.isArray(args));
  return new Set(lists.flat().filter((arg) => typeof arg === 'string'));
}

function unreadable(tenant: string, document: string, path: JsonPath, wanted: string): GuardError {
  const what = `\`${document}${showPath(path)}\` is no ${wanted}, so what it means to name could be shown`;
  return new GuardError('isolation_unavailable', `the tenant \`${tenant}\` cannot have a sandbox: ${what}`, {
    hint: 'mend it; `mcp-guard config check` says all that is wrong in the config',
  });
}
