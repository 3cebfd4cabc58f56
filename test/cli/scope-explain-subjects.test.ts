// `scope explain --principal` and `--role`, and who has nothing of a server: the answer is about them, and says what it leaves out.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { updateTokens } from '../../src/adapters/token-store.ts';
import { narrowToRoles } from '../../src/cli/narrow-to-roles.ts';
import { runScopeExplain } from '../../src/cli/scope-explain.ts';
import { explainToSubjects } from '../../src/cli/scope-explain-subjects.ts';
import { showSubjects } from '../../src/cli/scope-show-subjects.ts';
import { makeToken, storeOf } from '../policy/identity/tokens.ts';
import { compile, makeScene, NOW } from './scope-scene.ts';
import { openScreen } from './screen.ts';

let stateDir: string;
beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'guard-explained-'));
  const of = (seed: number, principal: string, roles: readonly string[], servers: readonly string[] | null) =>
    makeToken(seed, { principal, roles, servers, createdMs: NOW - 1, expiresMs: null }).record;
  const records = [of(1, 'ci', ['reader'], ['files']), of(2, 'nobody', [], null), of(3, 'lost', ['reader'], ['none'])];
  await updateTokens(stateDir, { say: () => {}, nowMs: () => NOW }, () => storeOf(...records));
});
afterAll(() => rmSync(stateDir, { recursive: true }));

const policy = compile({
  servers: { files: { command: 'x', scope: 'all' }, mail: { command: 'x', scope: 'all' } },
  scopes: { all: { grants: [{ tool: '*' }] }, read: { grants: [{ tool: 'read_*' }] } },
  auth: { required: true },
  roles: { reader: { scopes: ['read'] }, all: { scopes: ['all'] } },
});
const machineOf = (roles?: readonly string[]) => {
  const narrowed = narrowToRoles({ policy, approvedRoles: undefined }, roles);
  return { ...makeScene({ policy: narrowed }), policy: narrowed, commandOptions: '', stateDir };
};
const openFor = async (roles: readonly string[]) => machineOf(roles);

async function explain(tool: string, who: object, server = 'files', json = false) {
  const screen = openScreen(80);
  const options = { tenant: 'acme', server, tool, args: '{}', json, ...who };
  const status = await explainToSubjects(options, screen.io, machineOf(), openFor);
  expect(
    screen
      .out()
      .split('\n')
      .filter((line) => line.length > 80 && !json),
  ).toEqual([]);
  return { status, out: screen.out(), err: screen.err() };
}

describe('a tool is allowed to', () => {
  test.each([
    ['whose role grants it', { principal: 'ci' }, 'read_text', 0],
    ['whose role does not', { principal: 'ci' }, 'write', 1],
    ['who has no role', { principal: 'nobody' }, 'read_text', 1],
    ['any of these roles', { role: 'reader,all' }, 'write', 0],
    ['a role that is too narrow', { role: 'reader' }, 'write', 1],
  ])('%s: %j', async (_, who, tool, status) => {
    expect((await explain(tool, who)).status).toBe(status);
  });

  test('nobody whose token is not for the server', async () => {
    const { status, out } = await explain('read_text', { principal: 'ci' }, 'mail');
    expect(status).toBe(1);
    expect(out).toMatch(
      /^== ci with the role reader, by token \w{10}\ndenied +mail: tool read_text\nwhy +the token is not for `mail`/,
    );
    const asJson = await explain('read_text', { principal: 'ci' }, 'mail', true);
    expect(JSON.parse(asJson.out)).toMatchObject({ decision: 'deny', why: expect.stringContaining('not for `mail`') });
    expect(asJson.err).toContain('== ci');
  });

  test('nobody of a server that there is none of: that is said, not the token', async () => {
    expect((await explain('read_text', { principal: 'lost' }, 'nowhere')).out).toContain('none of them');
  });
});

test('without either what it leaves out is a note', () => {
  const screen = openScreen(80);
  const scene = { ...machineOf(), beside: 'before roles' };
  expect(runScopeExplain({ server: 'files', tool: 'write', args: '{}' }, screen.io, scene)).toBe(0);
  expect(screen.out()).toMatch(/\nnote +before roles\n$/);
});

describe('who has nothing of what there is', () => {
  const show = async (more: object) => {
    const screen = openScreen(80);
    const status = await showSubjects({ tenant: 'acme', ...more }, screen.io, machineOf(), openFor);
    return { status, out: screen.out(), err: screen.err() };
  };

  test('is told that, and not that there is no such server', async () => {
    const one = await show({ principal: 'ci', server: 'mail' });
    expect([one.status, one.err]).toEqual([0, '']);
    expect(one.out).toContain('the token is not for `mail`: no session with it starts that server\n');
    const all = await show({ principal: 'lost' });
    expect([all.status, all.err]).toEqual([0, '']);
    expect(all.out).toContain('the token is for none of these servers\n');
    expect(await show({ principal: 'lost', json: true })).toMatchObject({ out: '' });
  });

  test('what there is not stays unknown', async () => {
    expect(await show({ principal: 'ci', server: 'nowhere' })).toMatchObject({
      ...{ status: 1, err: expect.stringContaining('no server is called `nowhere`') },
    });
  });
});
