// Who may use which servers behind one entry, and how much of them, with the real program and real servers: a token opens the servers that
// it is for and nothing else, roles and limits hold behind every prefix, and a session whose token is over ends with all its servers.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateTokens } from '../../src/adapters/token-store.ts';
import { endToken } from '../../src/policy/identity/token-record.ts';
import { AuthStage, authEvents, type Refused, refusedAs } from './auth-stage.ts';
import { isAnswer, type RawClient } from './client-raw.ts';
import { entryOf, serverProcess } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { Session } from './lock-stage.ts';
import { everything, filesystem } from './peers.ts';
import { readTrail } from './trail.ts';

const yard = new Yard();
const stage = new AuthStage(yard);
const marker = stage.at('started.json');
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/servers/${name}.mjs`, import.meta.url));
const tokenOf = (name: string) => ['--token-file', stage.at(name)];
const DAY = { per: 'day', timeZone: 'UTC' } as const;

beforeAll(async () => {
  const marks = { command: process.execPath, args: [fixture('marks-start'), marker], passEnv: ['GUARD_TEST_YARD'] };
  const stubborn = { command: process.execPath, args: [fixture('never-ends')], passEnv: ['GUARD_TEST_YARD'] };
  const written = {
    version: 1,
    servers: {
      files: entryOf(filesystem, yard.home, { scope: 'all' }),
      everything: entryOf(everything, yard.home, { scope: 'all', prefix: 'e', separator: '_' }),
      marks: { ...marks, scope: 'all' },
      stubborn: { ...stubborn, scope: 'all' },
    },
    scopes: {
      all: { grants: [{ tool: '*' }] },
      look: { grants: [{ tool: 'read_text_file' }, { tool: 'get-*' }] },
    },
    roles: { all: { scopes: ['all'] }, looker: { scopes: ['look'] } },
    auth: { required: true },
    limits: [
      { key: ['principal'], match: { principal: 'token:*-bound' }, budget: { calls: 6, ...DAY } },
      { key: ['principal', 'tool'], match: { tool: 'echo', principal: 'token:*-bound' }, budget: { calls: 2, ...DAY } },
      { key: ['server'], match: { server: 'files' }, rate: '3/day' },
    ],
    // a revocation does not wait as long as the config otherwise lets a server end by itself
    shutdown: { termAfterMs: 8_000, killAfterMs: 16_000 },
  };
  stage.put('config.json', JSON.stringify(written));
  const make = (name: string, role: string, servers: string) =>
    stage.give(name, { roles: [role], servers: servers.split(',') });
  await make('files-only', 'all', 'files');
  await make('looker', 'looker', 'files,everything');
  await make('ada-bound', 'all', 'files,everything');
  await make('bob-bound', 'all', 'files,everything');
  await make('nowhere', 'all', 'elsewhere');
  await stage.give('roleless', { roles: [], servers: ['files', 'everything'] });
});
afterAll(async () => expect(await yard.close()).toEqual([]));

async function open(flags: readonly string[]): Promise<Session> {
  const session = new Session(stage.open(flags));
  await session.begin();
  return session;
}
const stageOf = (name: string) => authEvents(yard.state).filter(({ detail }) => detail.stage === name);

describe('nothing is started', () => {
  it('without a token that counts for a server here, whichever was named', async () => {
    const rows: readonly Refused[] = [
      { name: 'no token', why: 'no_token' },
      { name: 'no token, servers named', why: 'no_token', flags: ['--servers', 'files,marks'] },
      { name: 'a guess', why: 'malformed', env: { MCP_GUARD_TOKEN: 'hunter2' } },
      { name: 'for another server', why: 'not_for_server', flags: tokenOf('nowhere') },
      {
        name: 'for one of those named',
        why: 'not_for_server',
        flags: ['--servers', 'files,marks', ...tokenOf('files-only')],
      },
    ];
    expect(await Promise.all(rows.map((row) => stage.refuse(row)))).toEqual(rows.map(refusedAs));
    expect(existsSync(marker)).toBe(false);
  });
});

describe('a session', () => {
  it('has the servers that its token is for: no other is started, listed, called or heard of', async () => {
    const session = await open(tokenOf('files-only'));
    const { client } = session;
    const tools = await session.tools();
    expect(tools).toContain('files__read_text_file');
    expect(tools.filter((name) => !name.startsWith('files__'))).toEqual([]);
    expect(await session.call('files__list_allowed_directories')).toBe('answered');
    expect(await session.call('e_echo', { message: 'x' })).toBe('Unknown tool: e_echo');
    expect(serverProcess(client, 'server-filesystem')).toBeDefined();
    for (const other of ['server-everything', 'marks-start', 'never-ends'])
      expect(serverProcess(client, other)).toBeUndefined();
    expect(existsSync(marker)).toBe(false);
    expect(await client.end()).toBe(0);
    expect([client.lines.join('\n'), client.stderr()].join('\n')).not.toMatch(/everything|marks|stubborn/);
    expect(stageOf('accepted').at(-1)?.detail).toMatchObject({ principal: 'token:files-only', servers: 'files' });
    // of no one server: each of them may leave while the session runs
    expect(stageOf('accepted').at(-1)).not.toHaveProperty('server');
  });

  it('sees of each server what its roles leave', async () => {
    const session = await open(tokenOf('looker'));
    const tools = await session.tools();
    expect(tools[0]).toBe('files__read_text_file');
    expect(tools.slice(1).filter((name) => !name.startsWith('e_get-'))).toEqual([]);
    expect(tools).toContain('e_get-sum');
    expect(await session.call('e_get-sum', { a: 1, b: 2 })).toBe('answered');
    expect(await session.call('e_echo', { message: 'x' })).toBe('Unknown tool: e_echo');
    expect(await session.call('files__write_file', { path: '/tmp/x', content: '' })).toBe(
      'Unknown tool: files__write_file',
    );
    await session.client.end();
  });

  it('without a role has empty lists, and reads on stderr why', async () => {
    const session = await open(tokenOf('roleless'));
    expect(await session.tools()).toEqual([]);
    expect(await session.call('e_get-sum', { a: 1, b: 2 })).toBe('Unknown tool: e_get-sum');
    await session.client.end();
    expect(session.client.stderr()).toContain('`token:roleless` has no role, so nothing is granted');
  });

  it('shares its counts over servers, prefixes and guards: of a principal, of a tool, of a server', async () => {
    const [many, alone, bob] = await Promise.all([
      open(tokenOf('ada-bound')),
      open(['--server', 'everything', ...tokenOf('ada-bound')]),
      open(tokenOf('bob-bound')),
    ]);
    yard.command('limits', 'reset', '--yes', '--reason', 'for a test', '--config', stage.config);
    let turn = 0;
    const call = (session: Session, name: string) => {
      turn += 1;
      return session.call(name, { message: `${turn}`, a: turn, b: 1 });
    };
    const look = (session: Session) => call(session, 'files__list_allowed_directories');
    expect([await call(many, 'e_echo'), await call(alone, 'echo'), await call(many, 'e_echo')]).toEqual([
      ...['answered', 'answered', 'budget_spent'],
    ]);
    expect([await look(many), await look(many), await look(many), await look(many)]).toEqual([
      ...['answered', 'answered', 'answered', 'rate_limited'],
    ]);
    // what was denied cost the principal nothing: five of six are spent
    expect([await call(many, 'e_get-sum'), await call(many, 'e_get-sum'), await call(alone, 'get-sum')]).toEqual([
      ...['answered', 'budget_spent', 'budget_spent'],
    ]);
    expect([await call(bob, 'e_echo'), await call(bob, 'e_get-sum'), await look(bob)]).toEqual([
      ...['answered', 'answered', 'rate_limited'],
    ]);
    expect(await Promise.all([many, alone, bob].map(({ client }) => client.end()))).toEqual([0, 0, 0]);
  });
});

/** With a call under way on each of two servers, one of which ends by force alone. */
async function openBusy(name: string): Promise<{ readonly client: RawClient; readonly id: string }> {
  const id = await stage.give(name, { roles: ['all'], servers: ['everything', 'stubborn'] });
  const { client } = await open(tokenOf(name));
  const send = (of: string, tool: string, args: object) => {
    const params = JSON.stringify({ name: tool, arguments: { ...args, mark: `${name} calls` } });
    client.write(`{"jsonrpc":"2.0","id":"${of}","method":"tools/call","params":${params}}\n`);
  };
  send('long', 'e_trigger-long-running-operation', { duration: 60, steps: 1 });
  send('stuck', 'stubborn__echo', {});
  // on record is on its way
  const marks = () => JSON.stringify(readTrail(yard.state)).split(`${name} calls`).length - 1;
  await expect.poll(marks, { timeout: 10_000 }).toBe(2);
  return { client, id };
}

/** @param sinceMs when its token was over, by the wall */
async function endOf(client: RawClient, sinceMs: () => number) {
  const [code, signal] = await client.exited;
  const tookMs = Date.now() - sinceMs();
  const answers = ['long', 'stuck'].map((id) => client.lines.filter((line) => isAnswer(line, id)).length);
  return { code, signal, answers, left: await yard.leftovers(0), isInTime: tookMs < 1_000 || tookMs };
}
const ENDED = { code: 77, signal: null, answers: [1, 1], left: [], isInTime: true };

// a machine that does other things is asked again; what always takes longer stays red
describe('a session whose token is over ends within a second, every call under way answered once', { retry: 2 }, () => {
  let attempt = 0;
  const nextName = () => {
    attempt += 1;
    return `leaver-${attempt}`;
  };

  it('where it is revoked', async () => {
    const { client, id } = await openBusy(nextName());
    expect(yard.command('token', 'revoke', id, '--reason', 'left').status).toBe(0);
    expect(await endOf(client, () => stageOf('done').at(-1)?.at ?? Number.NaN)).toEqual(ENDED);
    expect(client.stderr()).toContain('the session ends: its token was revoked');
    // the client has not left
    expect(client.lines.filter((line) => line.includes('session_ended')).join('\n')).toMatch(
      /mcp-guard ended this session before `stubborn` answered, because it was started for somebody whose permission/,
    );
    expect(client.lines.join('\n')).not.toContain('The client closed');
    expect(stageOf('ended').at(-1)?.detail).toMatchObject({ why: 'revoked' });
  });

  it('where it expires', async () => {
    const { client, id } = await openBusy(nextName());
    const nowMs = Date.now();
    const parts = { say: (text: string) => expect(text).toBe('nothing'), nowMs: () => nowMs };
    await updateTokens(yard.state, parts, (tokens) => endToken(tokens, id, { atMs: nowMs }, nowMs));
    expect(await endOf(client, () => nowMs)).toEqual(ENDED);
    expect(client.stderr()).toContain('the session ends: its token has expired');
    expect(stageOf('ended').at(-1)?.detail).toMatchObject({ why: 'expired' });
  });
});
