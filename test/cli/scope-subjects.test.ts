// `scope show --principal` and `--role`: what somebody's tokens and roles leave, of the servers of this config.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { updateTokens } from '../../src/adapters/token-store.ts';
import { findPrincipal, readRoles } from '../../src/cli/scope-principal.ts';
import { showSubjects } from '../../src/cli/scope-show-subjects.ts';
import type { TokenRecord } from '../../src/policy/identity/token-record.ts';
import { NOW as AT, makeToken, storeOf } from '../policy/identity/tokens.ts';
import { compile, inventoryOf, listOf, makeScene, NOW } from './scope-scene.ts';
import { openScreen } from './screen.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'guard-subjects-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const ADDED = { tools: listOf('read') };
/** Servers of the config are `files` and `mail`; `elsewhere` was seen under another one. */
async function show(options: object, more: object = {}): Promise<readonly string[]> {
  const policy = compile({
    ...{ servers: { files: { command: 'x', scope: 'all' }, mail: { command: 'x', scope: 'all' } } },
    ...{
      scopes: { all: { grants: [{ tool: '*' }] } },
      auth: { required: true },
      roles: { reader: { scopes: ['all'] } },
    },
    ...more,
  });
  const inventories = ['files', 'mail', 'elsewhere'].map((name) => inventoryOf(name, ADDED));
  const machine = { ...makeScene({ policy, inventories }), policy, commandOptions: '', stateDir };
  const screen = openScreen(100);
  await showSubjects({ tenant: 'acme', ...options }, screen.io, machine, async () => machine);
  return screen.out().split('\n');
}
const serversIn = (lines: readonly string[]) =>
  ['files', 'mail', 'elsewhere'].filter((name) => lines.some((line) => line.startsWith(name)));

test('who has no role is told that nothing is granted', async () => {
  const { record } = makeToken(1, { roles: [], servers: null, createdMs: NOW - 1, expiresMs: null });
  await updateTokens(stateDir, { say: () => {}, nowMs: () => NOW }, () => storeOf(record));
  const lines = await show({ principal: 'ci' });
  expect(lines[0]).toContain('ci with no role');
  expect(lines[1]).toBe('no role, so nothing is granted: `token create --roles` gives a token some');
});

test('a server that only another config had is not shown, unless this one takes servers that it does not list', async () => {
  expect(serversIn(await show({ role: 'reader' }))).toEqual(['files', 'mail']);
  expect(serversIn(await show({ role: 'reader' }, { unlisted: 'observe' }))).toEqual(['files', 'mail', 'elsewhere']);
});

test('nor is one that the token is not for, listed or not', async () => {
  const { record } = makeToken(1, { servers: ['files', 'else*'], createdMs: NOW - 1, expiresMs: null });
  await updateTokens(stateDir, { say: () => {}, nowMs: () => NOW }, () => storeOf(record));
  const lines = await show({ principal: 'ci' }, { unlisted: 'observe' });
  expect(lines[0]).toContain('which is not for mail');
  expect(serversIn(lines)).toEqual(['files']);
});

describe('whose scope is shown', () => {
  const of = (seed: number, more: Partial<TokenRecord>) => makeToken(seed, more).record;
  const tokens = storeOf(
    of(1, { roles: ['a', 'b'] }),
    of(2, { roles: ['b', 'a'] }),
    of(3, { roles: ['a'] }),
    of(4, { roles: ['z'], revokedMs: 1 }),
    of(5, { roles: ['z'], tenant: 'other' }),
    of(6, { roles: ['z'], principal: 'other' }),
  );

  test('each of its tokens that count, those that say the same once', () => {
    const found = findPrincipal('token:ci', 'acme', tokens, AT);
    expect(found.map(({ roles }) => roles)).toEqual([['a', 'b'], ['a']]);
    expect(found[0]?.heading).toContain(`${tokens.tokens[0]?.id}, ${tokens.tokens[1]?.id}`);
    expect(found.map(({ mayUse }) => [mayUse('files'), mayUse('mail'), mayUse('files', false)])).toEqual([
      [true, false, false],
      [true, false, false],
    ]);
  });

  test('nobody, and no role', () => {
    expect(() => findPrincipal('nobody', 'acme', tokens, AT)).toThrow(/no guard token of the tenant `acme`/);
    expect(() => findPrincipal(`jwt:${'x'.repeat(200)}`, 'acme', tokens, AT)).toThrow(
      /is for `jwt:x{10,50}…x{10,50}`$/,
    );
    expect(() => readRoles('a,x', ['a'])).toThrow(/no role `x`/);
    expect(readRoles('a, b', ['a', 'b']).roles).toEqual(['a', 'b']);
  });
});
