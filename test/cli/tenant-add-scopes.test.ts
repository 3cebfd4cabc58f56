// What `tenant add --allow` comes to, server by server: exactly what was allowed of those that are named, and the others as they were.
import { expect, test } from 'vitest';
import { listAddNotes } from '../../src/cli/tenant-add-notes.ts';
import { readWish } from '../../src/cli/tenant-wish.ts';
import { readShape } from '../../src/config/read-shape.ts';
import { restrictPolicy } from '../../src/config/restrict-policy.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import { readTenantRestrictions } from '../../src/config/tenant-restriction.ts';
import { viewForTenant } from '../../src/config/tenant-view.ts';
import { planTenant } from '../../src/policy/propose/tenant-block.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { compilerWith } from '../config/compiled.ts';

const TOOLS = ['ok', 'die', 'list'];
const { errorsOf, policyOf } = compilerWith({ variables: { HOME: '/home/ada' } });

function usable(config: JsonObject, allow: readonly string[]): Record<string, string> {
  const planning = planTenant('json', JSON.stringify(config), config, readWish('acme', { allow }));
  if (!planning.ok) throw new Error(planning.why);
  const document = planning.plan.document as JsonObject; // an object with one more member
  expect(JSON.parse(planning.plan.text)).toEqual(document);
  expect(errorsOf(document)).toEqual([]);
  const view = viewForTenant(document, 'acme');
  const shape = readShape(document);
  if (view.kind !== 'tenant' || !shape.ok) throw new Error('no view');
  const restrictions = readTenantRestrictions(shape.config, 'acme', undefined, () => {});
  const { servers } = restrictPolicy(policyOf(view.document), restrictions).policy;
  const tools = [...servers].map(([id, server]) => {
    const scope = serverScopeOf(server);
    const named = TOOLS.filter((name) => scope === 'unscoped' || decideTarget(scope.layers, 'tool', name, 0).granted);
    return [id, named.join(' ')] as const;
  });
  return Object.fromEntries(tools);
}

/** @param scopeOf each server's scope; undefined: it names none */
function configOf(scopeOf: Record<string, string | undefined>, scopes?: JsonObject): JsonObject {
  const servers = Object.entries(scopeOf).map(([id, scope]) => [id, { command: id, ...(scope && { scope }) }]);
  return { version: 1, servers: Object.fromEntries(servers), ...(scopes === undefined ? {} : { scopes }) };
}
const ALL = { grants: [{ tool: '*' }] };

test('of servers that share a scope each gets what was allowed of it, and one that is not named keeps all', () => {
  const config = configOf({ github: 'all', db: 'all', mail: 'all' }, { all: ALL });
  expect(usable(config, ['github:ok', 'db:die', 'github:li*'])).toEqual({
    github: 'ok list',
    db: 'die',
    mail: 'ok die list',
  });
});

test('a server’s own scope holds beside it', () => {
  const scopes = { all: { grants: [{ tool: 'ok' }, { tool: 'die' }] }, one: { grants: [{ tool: 'ok' }] } };
  const config = configOf({ github: 'all', db: 'all', mail: 'one' }, scopes);
  expect(usable(config, ['github:*', 'mail:*'])).toEqual({ github: 'ok die', db: 'ok die', mail: 'ok' });
  expect(usable(config, ['github:list'])).toEqual({ github: '', db: 'ok die', mail: 'ok' });
});

test('names of scopes that are names of servers mix nobody up', () => {
  const config = configOf({ all: 'all', db: 'all', mail: 'db', 'db-2': 'db-2' }, { all: ALL, db: ALL, 'db-2': ALL });
  const rest = { mail: 'ok die list', 'db-2': 'ok die list' };
  expect(usable(config, ['all:ok', 'db:die'])).toEqual({ ...rest, all: 'ok', db: 'die' });
  expect(usable(config, ['db:die', 'db-2:list'])).toEqual({ ...rest, all: 'ok die list', db: 'die', 'db-2': 'list' });
  // a name that is made for one is another server's own
  const near = configOf({ db: 'all', 'db-2': 'all', mail: 'db' }, { all: ALL, db: ALL });
  expect(usable(near, ['db:die', 'db-2:list'])).toEqual({ db: 'die', 'db-2': 'list', mail: 'ok die list' });
});

test('without any scopes, those that are not named have nothing, and that is said', () => {
  const config = configOf({ github: undefined, db: undefined });
  expect(usable(config, ['github:ok'])).toEqual({ github: 'ok', db: '' });
  const notes = (before: JsonObject, allow?: readonly string[]) =>
    listAddNotes(readWish('acme', { allow }), { ...before, tenants: { acme: {} } }, before).filter((note) =>
      note.includes('can use nothing'),
    );
  expect(notes(config, ['github:ok'])).toEqual([
    "note: `acme` can use nothing of `db`, which no `--allow` names: give `--allow 'db:*'` for its tools",
  ]);
  expect(notes(config)).toEqual([]);
  expect(notes(configOf({ github: 'all', db: 'all' }, { all: ALL }), ['github:ok'])).toEqual([]);
});
