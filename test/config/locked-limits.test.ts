// What a limit is called that holds because of the lock: by where it stands, which no list of the config says.
import { expect, test } from 'vitest';
import { limitsInForce } from '../../src/config/limits-in-force.ts';
import { nameLockedLimits } from '../../src/config/locked-limits.ts';
import { restrictPolicy } from '../../src/config/restrict-policy.ts';
import { restrictToRoles } from '../../src/config/restrict-roles.ts';
import type { Restriction } from '../../src/config/restriction.ts';
import { combineDocuments } from '../../src/policy/lock/combine.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { compilerWith } from './compiled.ts';

const compiler = compilerWith({});
const FILES = { id: 'files', cwd: undefined, home: undefined, args: [] };
const limit = (concurrency: number) => ({ key: ['tool'], concurrency });
const config = (limits: unknown, own: unknown, tools: unknown): JsonObject =>
  JSON.parse(JSON.stringify({ version: 1, limits, servers: { files: { command: 'x', limits: own, tools } } }));

const namesOf = (ours: JsonObject, lock: JsonObject): readonly string[] => {
  const { document } = combineDocuments(ours, lock);
  const { limits } = compiler.policyOf(document).limits;
  return nameLockedLimits(limits, document, ours, lock).map(({ rule, concurrency }) => `${rule} ${concurrency}`);
};

test('those of the config keep their places, those of the lock have its', () => {
  const tools = (...limits: unknown[]) => ({ 'a b': { limits } });
  expect(
    namesOf(
      config([limit(1), limit(2)], [limit(3)], tools(limit(4))),
      config([limit(9), limit(1)], [limit(3), limit(8)], tools(limit(7), limit(4))),
    ),
  ).toEqual([
    'limits[0] 1',
    'limits[1] 2',
    'lock.limits[0] 9',
    'servers.files.limits[0] 3',
    'lock.servers.files.limits[1] 8',
    'servers.files.tools["a b"].limits[0] 4',
    'lock.servers.files.tools["a b"].limits[0] 7',
  ]);
});

test('one that a pattern of one side brings to a name of the other is called by the pattern', () => {
  expect(
    namesOf(
      config(undefined, undefined, { 'read_*': { limits: [limit(1)] } }),
      config(undefined, undefined, { read_file: { limits: [limit(2)] }, 'read_*': { limits: [limit(1)] } }),
    ),
  ).toEqual([
    'servers.files.tools["read_*"].limits[0] 1',
    'servers.files.tools["read_*"].limits[0] 1',
    'lock.servers.files.tools.read_file.limits[0] 2',
  ]);
});

test('nothing is renamed where both sides are the same', () => {
  const same = config([limit(1)], [limit(2)], undefined);
  expect(namesOf(same, same)).toEqual(['limits[0] 1', 'servers.files.limits[0] 2']);
});

test('those of approved roles are called alike: one word, as a screen and a reset take it', () => {
  const policy = compiler.policyOf({
    ...{ version: 1, servers: {}, auth: { required: true }, scopes: { s: { grants: [] } } },
    roles: { reader: { scopes: ['s'], limits: [limit(1)] } },
  });
  const rulesBy = (restrictions: readonly Restriction[]) =>
    limitsInForce(restrictPolicy(policy, restrictions).policy, [FILES]).map(({ rule }) => rule);
  expect(rulesBy(restrictToRoles(policy.roles, ['reader'], 'lock'))).toEqual(['lock.roles.reader.limits[0]']);
  expect(rulesBy(restrictToRoles(policy.roles, ['reader']))).toEqual(['roles.reader.limits[0]']);
  const limits = [{ key: ['tool' as const], concurrency: 1 }];
  expect(rulesBy([{ by: '/etc/my guard.json', ofServer: () => ({ limits }) }])).toEqual([
    '/etc/my%20guard.json.limits[0]',
  ]);
});
