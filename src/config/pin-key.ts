// Under which name of the lock the definitions of a server are pinned: its own, or, where a tenant runs another program under that name, its
// own and the program. So tenants that run the same share one approval, and none speaks for a program that it does not run. Pure.
// INVARIANT: a key with a program has a blank in it, which no id of a server has.
import type { Json, JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';
import { findLaunched } from './launched-code.ts';
import { LAUNCHERS } from './launcher-options.ts';
import { findTarget } from './server-name.ts';
import { viewForTenant } from './tenant-view.ts';

/** One set of definitions that an approval pins. */
export interface PinSubject {
  readonly key: string;
  readonly server: string;
  /** Who runs it; undefined: the config knows no tenants. */
  readonly tenants: readonly string[] | undefined;
  /** The server as these tenants have it: `{ pins, tools, … }`. */
  readonly entry: JsonObject;
}

/** @param document a config of the right shape @param only undefined: every tenant of it */
export function listPinSubjects(document: JsonObject, only?: string): readonly PinSubject[] {
  const tenants = memberOf(document, 'tenants');
  const servers = objectOf(memberOf(document, 'servers'));
  if (tenants === undefined)
    return Object.entries(servers).map(([id, entry]) => {
      return { key: id, server: id, tenants: undefined, entry: objectOf(entry) };
    });
  const found = new Map<string, PinSubject & { readonly tenants: string[] }>();
  for (const tenant of Object.keys(objectOf(tenants))) {
    const view = only === undefined || only === tenant ? viewForTenant(document, tenant) : undefined;
    if (view?.kind !== 'tenant') continue;
    for (const [server, written] of Object.entries(objectOf(memberOf(view.document, 'servers')))) {
      const entry = objectOf(written);
      const key = keyOf(server, entry, memberOf(servers, server));
      const known = found.get(key);
      if (known === undefined) found.set(key, { key, server, tenants: [tenant], entry });
      else known.tenants.push(tenant);
    }
  }
  return [...found.values()];
}

/** Of one server, as this tenant has it. @param document what was approved */
export function pinKeyOf(document: JsonObject, tenant: string, server: string): string {
  return listPinSubjects(document, tenant).find((one) => one.server === server)?.key ?? server;
}

/** What is pinned of each server as this tenant has it. @param document what was approved */
export function pinsOfTenant<T>(
  document: JsonObject,
  tenant: string,
  pins: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  return new Map(
    listPinSubjects(document, tenant).flatMap(({ key, server }): [string, T][] => {
      const set = pins.get(key);
      return set === undefined ? [] : [[server, set]];
    }),
  );
}

function keyOf(server: string, own: JsonObject, base: Json | undefined): string {
  // a tenant never inherits a working directory
  const program = programOf(own);
  const isOwn = base === undefined || program !== programOf({ ...objectOf(base), cwd: '' });
  return isOwn ? `${server} ${program}` : server;
}

/**
 * The package, image or script of the usual launchers, whatever directories stand behind it; else the whole command line. Not what is
 * in the environment, which is another for each tenant.
 */
function programOf(server: JsonObject): string {
  const url = memberOf(server, 'url');
  if (url !== undefined) return JSON.stringify([url]);
  const [command, args] = [textOf(memberOf(server, 'command')), wordsOf(memberOf(server, 'args'))];
  const fetched = findLaunched(command, args)?.spec;
  const target = fetched ?? findScript(command, args);
  const words = [command, ...(target === undefined ? args : [target])];
  // elsewhere, what is named by a relative path is another file
  const paths = fetched === undefined ? words : [command];
  const isAnywhere = paths.every((word) => word.startsWith('/') || !/[\\/]|\.[cm]?[jt]s$|\.py$/.test(word));
  const cwd = textOf(memberOf(server, 'cwd'));
  return JSON.stringify(
    (isAnywhere && !/^\.{1,2}[\\/]/.test(fetched ?? '')) || cwd === '' ? words : [...words, { cwd }],
  );
}

function findScript(command: string, args: readonly string[]): string | undefined {
  const program = command.split(/[\\/]/).at(-1) ?? '';
  if (/^(?:node|nodejs|tsx|ts-node)$/.test(program)) return findTarget(args, LAUNCHERS.node, ['watch'])?.word;
  return /^python[0-9.]*$/.test(program) ? findTarget(args, LAUNCHERS.python)?.word : undefined;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function wordsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
