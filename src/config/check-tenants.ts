// What is wrong with the tenants of a config beyond their shape. Works on an unchecked document, so that its findings come together
// with those of the schema. Knows no meaning of a scope and no machine.
import { checkRules } from './check-scopes.ts';
import type { Diagnostic } from './diagnostics.ts';
import { isPrivateName } from './environment.ts';
import { entriesOf, isPlainObject, showPath, valueAt } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';
import { readStructures, type Variables } from './structural.ts';
import { isTakenTenant } from './tenant-names.ts';

type Report = (diagnostic: Diagnostic) => void;

/** Neither structure nor a restriction: who has the server decides. */
const NOT_FOR_TENANTS = ['onExit', 'restart', 'start', 'startTimeoutMs', 'idleStopMs'];

export function checkTenants(document: unknown, variables: Variables, report: Report): void {
  const tenants = entriesOf(valueAt(document, ['tenants']));
  checkUsers(document, report);
  for (const [id, block] of tenants) {
    if (isTakenTenant(id)) {
      report({
        path: showPath(['tenants', id]),
        what: 'no tenant can be called that',
        why: 'it is the name of a directory of the guard, or of a device',
        mend: 'give the tenant another name',
      });
    }
    if (!isPlainObject(block)) continue;
    const path = ['tenants', id];
    for (const [name, scope] of entriesOf(block.scopes)) {
      for (const list of ['grants', 'deny'])
        checkRules(valueAt(scope, [list]), [...path, 'scopes', name, list], report);
    }
    readStructures({ servers: block.servers }, variables, report, path);
    for (const [server, written] of entriesOf(block.servers)) {
      if (!isPlainObject(written)) continue;
      const at = [...path, 'servers', server];
      checkScopeName(document, block, written.scope, [...at, 'scope'], report);
      checkServer(valueAt(document, ['servers', server]), written, at, report);
    }
  }
  for (const [at, servers] of listServers(document, tenants)) checkPlaces(servers, at, tenants.length > 0, report);
}

/**
 * Over all tenants: cheap, and the one thing that another tenant's block can make wrong. Judged is what each server ends with, wherever it is
 * written: one user in `servers` would be that of every tenant.
 */
export function checkUsers(document: unknown, report: Report): void {
  const taken: Taken = { uid: new Map(), gid: new Map() };
  const shared = entriesOf(valueAt(document, ['servers']));
  const isShared = shared.some(([, server]) => namesUser(server));
  for (const [id, block] of entriesOf(valueAt(document, ['tenants']))) {
    const own = entriesOf(valueAt(block, ['servers']));
    // a start looks at every block: one that names nobody costs it next to nothing
    if (!isShared && !namesUser(block) && !own.some(([, server]) => namesUser(server))) continue;
    const path = ['tenants', id];
    const names = new Set([...shared, ...own].map(([server]) => server));
    const places = [...names].map((server): readonly Place[] => [
      { path: [...path, 'servers', server, 'isolation'], isolation: isolationOf(own, server) },
      { path: [...path, 'isolation'], isolation: valueAt(block, ['isolation']) },
      { path: ['servers', server, 'isolation'], isolation: isolationOf(shared, server) },
    ]);
    // a block without any server says who it is, too
    if (names.size === 0) places.push([{ path: [...path, 'isolation'], isolation: valueAt(block, ['isolation']) }]);
    const said = new Set<string>();
    for (const written of places) checkUser(id, written, taken, said, report);
  }
}

/** By user and group: whose it is. */
type Taken = Readonly<Record<'uid' | 'gid', Map<number, string>>>;

interface Place {
  readonly path: JsonPath;
  readonly isolation: unknown;
}

/** Whether the `isolation` of a block or a server says who it runs as. */
function namesUser(written: unknown): boolean {
  const isolation = isPlainObject(written) ? written.isolation : undefined;
  return isPlainObject(isolation) && (isolation.uid !== undefined || isolation.gid !== undefined);
}

function isolationOf(servers: readonly (readonly [string, unknown])[], server: string): unknown {
  return valueAt(servers.find(([name]) => name === server)?.[1], ['isolation']);
}

function listServers(
  document: unknown,
  tenants: readonly (readonly [string, unknown])[],
): readonly (readonly [JsonPath, unknown])[] {
  const own = tenants.map(([id, block]) => [['tenants', id, 'servers'], valueAt(block, ['servers'])] as const);
  return [[['servers'], valueAt(document, ['servers'])] as const, ...own];
}

function checkServer(base: unknown, written: Record<string, unknown>, path: JsonPath, report: Report): void {
  if (written.mode === 'observe') {
    report({
      path: showPath([...path, 'mode']),
      what: '`observe` would permit more than the config does',
      why: 'a tenant’s block only restricts',
      mend: base === undefined ? 'remove it' : 'remove it, or set it in the server itself',
    });
  }
  if (base === undefined) {
    if (Object.hasOwn(written, 'command') || Object.hasOwn(written, 'url')) return;
    report({
      path: showPath([...path, 'command']),
      what: 'required key is missing',
      why: 'only this tenant has the server, so there is nothing to start',
      mend: 'add its command, or add the server to `servers`',
    });
    return;
  }
  for (const key of NOT_FOR_TENANTS.filter((one) => Object.hasOwn(written, one))) {
    report({
      path: showPath([...path, key]),
      what: `a tenant cannot set \`${key}\` of a server that all have`,
      why: 'its block replaces how the server is started, and otherwise only restricts',
      mend: `set it in \`${showPath(['servers', String(path.at(-1))])}\``,
    });
  }
}

function checkScopeName(
  document: unknown,
  block: Record<string, unknown>,
  wanted: unknown,
  path: JsonPath,
  report: Report,
): void {
  if (typeof wanted !== 'string') return;
  const names = [...entriesOf(block.scopes), ...entriesOf(valueAt(document, ['scopes']))].map(([name]) => name);
  if (names.includes(wanted)) return;
  report({
    path: showPath(path),
    what: `there is no scope ${wanted.length <= 64 ? `\`${wanted}\`` : 'of this name'}`,
    why: '',
    mend: 'write it under `scopes` of this tenant, or of the config',
  });
}

/** Two tenants with one user could read each other's processes, with one group what that may read: then the user would protect nothing. */
function checkUser(tenant: string, written: readonly Place[], taken: Taken, said: Set<string>, report: Report): void {
  const uid = lastWord(written, 'uid');
  // who has no group of its own has that of its user's number
  const gid = lastWord(written, 'gid') ?? uid;
  for (const [key, what, word] of [
    ['uid', 'user', uid],
    ['gid', 'group', gid],
  ] as const) {
    if (word === undefined) continue;
    const other = taken[key].get(word.id);
    if (other === undefined) taken[key].set(word.id, tenant);
    if (other === undefined || other === tenant) continue;
    const path = showPath(word.path);
    if (said.has(path)) continue;
    said.add(path);
    report({
      path,
      what: `${what} ${word.id} of \`${tenant}\` is that of \`${other}\`, too`,
      why: 'what runs as one user or group can read what is meant for the other tenant',
      mend: 'give each tenant a user and a group of its own, in its own block',
    });
  }
}

function lastWord(written: readonly Place[], key: 'uid' | 'gid'): { id: number; path: JsonPath } | undefined {
  for (const { path, isolation } of written) {
    const id = valueAt(isolation, [key]);
    if (typeof id === 'number') return { id, path: [...path, key] };
  }
  return undefined;
}

/** @param isTenanted each server has a home of its tenant's, which no `env` may lead out of */
function checkPlaces(servers: unknown, path: JsonPath, isTenanted: boolean, report: Report): void {
  for (const [id, server] of entriesOf(servers)) {
    const isConfined = isTenanted || isPlainObject(valueAt(server, ['isolation']));
    for (const [name] of entriesOf(valueAt(server, ['env']))) {
      if (!isConfined || !isPrivateName(name)) continue;
      report({
        path: showPath([...path, id, 'env', name]),
        what: `\`${name}\` is set by the guard`,
        why: 'a server of a tenant has a home, temporary files and caches of its own',
        mend: 'remove it',
      });
    }
  }
}
