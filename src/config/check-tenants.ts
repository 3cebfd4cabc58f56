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

/** Over all tenants: cheap, and the one thing that another tenant's block can make wrong. */
export function checkUsers(document: unknown, report: Report): void {
  const users = new Map<number, string>();
  for (const [id, block] of entriesOf(valueAt(document, ['tenants']))) {
    const path = ['tenants', id];
    checkUser(valueAt(block, ['isolation']), id, users, [...path, 'isolation', 'uid'], report);
    for (const [server, written] of entriesOf(valueAt(block, ['servers']))) {
      checkUser(valueAt(written, ['isolation']), id, users, [...path, 'servers', server, 'isolation', 'uid'], report);
    }
  }
}

function listServers(
  document: unknown,
  tenants: readonly (readonly [string, unknown])[],
): readonly (readonly [JsonPath, unknown])[] {
  const own = tenants.map(([id, block]) => [['tenants', id, 'servers'], valueAt(block, ['servers'])] as const);
  return [[['servers'], valueAt(document, ['servers'])] as const, ...own];
}

function checkServer(base: unknown, written: Record<string, unknown>, path: JsonPath, report: Report): void {
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
  if (written.mode !== 'observe') return;
  report({
    path: showPath([...path, 'mode']),
    what: '`observe` would permit more than the config does',
    why: 'a tenant’s block only restricts',
    mend: 'remove it, or set it in the server itself',
  });
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

/** Two tenants with one user could read each other's processes: then the user would protect nothing. */
function checkUser(
  isolation: unknown,
  tenant: string,
  users: Map<number, string>,
  path: JsonPath,
  report: Report,
): void {
  const uid = valueAt(isolation, ['uid']);
  if (typeof uid !== 'number') return;
  const other = users.get(uid);
  if (other === undefined) users.set(uid, tenant);
  if (other === undefined || other === tenant) return;
  report({
    path: showPath(path),
    what: `user ${uid} is that of \`${other}\`, too`,
    why: 'what runs as one user can read and end everything of it',
    mend: 'give each tenant a user of its own',
  });
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
