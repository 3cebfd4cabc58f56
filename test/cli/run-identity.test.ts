// Where the identity of a run takes hold: `auth` of config and lock is what is asked, its tenant and roles are part of the policy, at a
// reload as well; and the session ends when it is over.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemTimers, type Timers } from '../../src/adapters/shutdown-ladder.ts';
import { updateTokens } from '../../src/adapters/token-store.ts';
import { createIdentityAsker } from '../../src/cli/ask-identity.ts';
import { watchIdentity } from '../../src/cli/identity-watch.ts';
import { openRunIdentity, type RunIdentity } from '../../src/cli/run-identity.ts';
import type { AuthPolicy } from '../../src/config/auth-policy.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import type { Identity } from '../../src/policy/identity/identity.ts';
import { identityOf } from '../../src/policy/identity/judge-token.ts';
import type { Tokens } from '../../src/policy/identity/token-record.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { makeKey, POLICY, sign } from '../adapters/identity/issuer.ts';
import { authEvents } from '../e2e/auth-stage.ts';
import { HOUR, makeToken, NOW, storeOf } from '../policy/identity/tokens.ts';
import { startRun } from './start-run.ts';

const CONFIG: JsonObject = {
  ...{ version: 1, servers: { files: { command: 'node', scope: 'all' } } },
  scopes: { all: { grants: [{ tool: '*' }] }, ro: { grants: [{ tool: 'read' }] } },
  auth: { required: true },
  roles: { reader: { scopes: ['ro'] } },
};
let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'run-identity-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const write = (config: JsonObject): void =>
  fs.writeFileSync(join(directory, 'config.json'), JSON.stringify(config), { mode: 0o600 });

function asked(identity: Partial<Identity>): RunIdentity {
  const { record } = makeToken(1, { roles: ['reader'], tenant: 'acme' });
  return {
    identity: { ...identityOf(record), ...identity },
    ownFiles: [],
    secrets: [],
    requireServers: async () => {},
    mayUse: () => true,
    watch: () => ({ gate: undefined, exitStatus: () => undefined, begin: () => {} }),
  };
}

async function open(answer: RunIdentity | undefined, isReload = false) {
  const questions: (AuthPolicy | undefined)[] = [];
  const lock = await startRun(
    { path: join(directory, 'config.json'), origin: 'flag', digest: undefined },
    {
      ...{ env: {}, uid: process.getuid?.(), stateDir: join(directory, 'state'), tenant: 'default', nowMs: NOW },
      ...{ actor: 'ada', isReload, ceilings: NO_CEILINGS },
      identify: async (auth: AuthPolicy | undefined) => {
        questions.push(auth);
        return answer;
      },
    },
  );
  const entry = lock.policy.servers.get('files');
  const scope = serverScopeOf(entry, lock.layersOf(entry));
  const tools = ['read', 'drop', 'extra'].filter(
    (tool) => scope === 'unscoped' || decideTarget(scope.layers, 'tool', tool, NOW).granted,
  );
  return { questions, tools };
}

describe('the policy of a run', () => {
  test('is that of the roles of who runs it, at a reload as well', async () => {
    write(CONFIG);
    expect((await open(asked({}))).tools).toEqual(['read']);
    expect((await open(asked({}), true)).tools).toEqual(['read']);
    expect((await open(asked({ roles: [] }))).tools).toEqual([]);
    expect((await open(undefined)).tools).toEqual(['read', 'drop', 'extra']);
  });

  test('a role that the config widens counts as it was approved; one that it narrows counts at once', async () => {
    write(CONFIG);
    await open(asked({}));
    const roles = (...scopes: string[]) => write({ ...CONFIG, roles: { reader: { scopes } } });
    roles('ro', 'all');
    expect((await open(asked({}))).tools).toEqual(['read']);
    write({
      ...CONFIG,
      scopes: { all: { grants: [{ tool: '*' }] }, ro: { grants: [{ tool: 'read' }, { tool: 'extra' }] } },
    });
    expect((await open(asked({}))).tools).toEqual(['read']);
    write({ ...CONFIG, scopes: { all: { grants: [{ tool: '*' }] }, ro: { grants: [] } } });
    expect((await open(asked({}))).tools).toEqual([]);
    const { roles: _, ...without } = CONFIG;
    write(without);
    expect((await open(asked({}))).tools).toEqual([]);
    expect((await open(asked({ roles: [] }))).tools).toEqual([]);
  });

  test('is asked for by what config and lock come to: taking `auth` out of the config lets nobody in', async () => {
    write(CONFIG);
    expect((await open(asked({}))).questions).toMatchObject([{ required: true }]);
    const { auth: _, roles: __, ...without } = CONFIG;
    write(without);
    expect((await open(asked({}))).questions).toMatchObject([{ required: true }]);
    write({ ...without, auth: { jwt: { issuer: 'x', audience: 'y', jwksFile: 'k', algorithms: ['ES256'] } } });
    expect((await open(asked({}))).questions).toEqual([{ required: true, tokenFile: undefined, jwt: undefined }]);
  });
});

test('a token that was presented is a secret of the run', async () => {
  const nowMs = Date.now();
  const { text, record } = makeToken(1, { servers: null, createdMs: nowMs - HOUR, expiresMs: nowMs + HOUR });
  const stateDir = join(directory, 'state');
  await updateTokens(stateDir, { say: () => {}, nowMs: () => nowMs }, () => storeOf(record));
  const auth = { required: true, tokenFile: undefined, jwt: undefined };
  const parts = { auth, tokenFile: undefined, tenant: undefined, stateDir, user: 'ada' };
  const { identity, secrets } = await openRunIdentity({ ...parts, env: { MCP_GUARD_TOKEN: text } });
  expect(identity.principal).toBe('token:ci');
  expect(secrets).toEqual([{ name: 'MCP_GUARD_TOKEN', value: text }]);
});

test('that a session ended goes on record with whose it was', async () => {
  const nowMs = Date.now();
  const { text, record } = makeToken(1, { tenant: 'acme', createdMs: nowMs - HOUR, expiresMs: nowMs + HOUR });
  const stateDir = join(directory, 'state');
  const keep = (one: typeof record) =>
    updateTokens(stateDir, { say: () => {}, nowMs: () => nowMs }, () => storeOf(one));
  await keep(record);
  const auth = { required: true, tokenFile: undefined, jwt: undefined };
  const parts = { auth, tokenFile: undefined, tenant: undefined, stateDir, user: 'ada' };
  const { watch } = await openRunIdentity({ ...parts, env: { MCP_GUARD_TOKEN: text } });
  await keep({ ...record, revokedMs: nowMs });
  const [posted, stops]: [unknown[], number[]] = [[], []];
  const { begin, exitStatus } = watch({ write: () => {} }, systemTimers);
  begin(
    { between: (act) => act(), post: (event) => void posted.push(event), stop: (signal) => void stops.push(signal) },
    'files',
  );
  expect(posted).toMatchObject([
    { detail: { stage: 'accepted' } },
    {
      ...{ type: 'noted', name: 'auth', server: 'files' },
      detail: { stage: 'ended', why: 'revoked', principal: 'token:ci', tenant: 'acme', token: record.id },
    },
  ]);
  expect([stops, exitStatus()]).toEqual([[15], 77]);
});

describe('what is refused goes on record', () => {
  const { text } = makeToken(9);
  const fileOf = async (tokenFile: string | undefined, more: Partial<AuthPolicy> = {}) => {
    const stateDir = join(directory, 'state');
    const auth = { required: true, tokenFile: undefined, jwt: undefined, ...more };
    const parts = { auth, env: {}, tokenFile, tenant: undefined, stateDir, user: 'ada' };
    await expect(openRunIdentity(parts)).rejects.toMatchObject({ code: 'auth_refused' });
    return authEvents(stateDir).at(-1)?.detail;
  };
  const MISSING = { why: 'token_file_unreadable', what: 'there is no such file' };

  test('with the file and what is wrong with it', async () => {
    expect(await fileOf('/no/such')).toMatchObject({ ...MISSING, source: '--token-file', file: '/no/such' });
    expect(await fileOf(undefined, { tokenFile: '/nor/this' })).toMatchObject({
      ...{ ...MISSING, source: 'auth.tokenFile', file: '/nor/this' },
    });
    expect(await fileOf(undefined)).toMatchObject({ why: 'no_token', what: null, file: null });
  });

  test('of keys that cannot be had: which file, and what is wrong with it', async () => {
    const [path, token] = [join(directory, 'keys.json'), join(directory, 'token')];
    fs.writeFileSync(token, await sign(makeKey('k1')), { mode: 0o600 });
    const algorithms = ['ES256'];
    const jwtOf = (file: string) => ({ jwt: { ...POLICY, algorithms, keys: { kind: 'file', path: file } as const } });
    const detail = await fileOf(token, jwtOf(path));
    expect(detail).toMatchObject({
      ...{ why: 'keys_unavailable', what: `\`auth.jwt.jwksFile\`: there is no file \`${path}\`` },
      ...{ source: '--token-file', file: token },
    });
    // the token itself where the key file belongs
    const given = await fileOf(token, jwtOf(`/${text}`));
    expect(given).toMatchObject({ why: 'keys_unavailable', what: expect.stringContaining('looks like a token') });
  });

  test.each([text, `./${text}`, 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln'])(
    'never with the token itself, by who gives it where its file belongs: %#',
    async (token) => {
      const detail = await fileOf(token);
      expect(detail).toMatchObject({ file: null, what: expect.stringContaining('looks like a token') });
      expect(JSON.stringify(detail)).not.toContain(token.slice(-20));
    },
  );
});

describe('the asker', () => {
  const parts = { env: {}, stateDir: '/nowhere', user: 'ada', tenant: undefined };

  test('asks nobody where there is no `auth`, and says that a token is for nothing', async () => {
    const asker = createIdentityAsker({ ...parts, tokenFile: 't' });
    expect(await asker.identify(undefined)).toBeUndefined();
    expect(() => asker.refuseUnused()).toThrow(/no config here asks for one/);
    expect(() => createIdentityAsker({ ...parts, tokenFile: undefined }).refuseUnused()).not.toThrow();
  });

  test('says that a token in the environment is for nothing, and never what it is', async () => {
    const unusedOf = async (token: string, auth: AuthPolicy | undefined) => {
      const asker = createIdentityAsker({ ...parts, env: { MCP_GUARD_TOKEN: token }, tokenFile: undefined });
      await asker.identify(auth).catch(() => {});
      return asker.unused;
    };
    const said = await unusedOf('hunter2', undefined);
    expect(said).toMatch(/`MCP_GUARD_TOKEN` is set, .*this session is `local:ada`/);
    expect(said).not.toContain('hunter2');
    expect(await unusedOf('', undefined)).toBeUndefined();
  });

  test('asks once: what a reload brings does not make a session somebody else’s', async () => {
    const asker = createIdentityAsker({ ...parts, tokenFile: undefined });
    await asker.identify(undefined);
    expect(await asker.identify({ required: true, tokenFile: undefined, jwt: undefined })).toBeUndefined();
  });

  test('where a token may be presented and none is, it is the local user', async () => {
    const asker = createIdentityAsker({ ...parts, tokenFile: undefined });
    const answer = await asker.identify({ required: false, tokenFile: undefined, jwt: undefined });
    expect(answer?.identity).toMatchObject({ kind: 'local', principal: 'local:ada', tenant: undefined });
  });
});

describe('the watch', () => {
  function begin(identity: Identity, tokens: () => Tokens | undefined) {
    let nowMs = 0;
    let setByMs = 0;
    const due: { atMs: number; action: () => void }[] = [];
    const ends: string[] = [];
    const said: string[] = [];
    const timers: Timers = {
      after(delayMs, action) {
        due.push({ atMs: nowMs + delayMs, action });
        return () => {};
      },
    };
    const watch = watchIdentity({
      ...{ identity, tokens, timers, clock: { now: () => ({ wallMs: NOW + nowMs + setByMs, monoMs: nowMs }) } },
      log: { write: (_, text) => void said.push(text) },
    });
    watch.begin((why) => void ends.push(`${nowMs} ${why}`));
    const advance = (ms: number): void => {
      nowMs += ms;
      for (const { action } of due.splice(0).filter(({ atMs }) => atMs <= nowMs)) action();
    };
    const gate = () =>
      watch.gate.onNotification?.(
        { upstream: 'files', method: 'x', params: undefined },
        { wallMs: NOW + nowMs, monoMs: nowMs },
      );
    const setClock = (byMs: number): void => {
      setByMs = byMs;
    };
    return { watch, ends, said, advance, gate, due, setClock };
  }
  const { record } = makeToken(1);

  test('ends the session once, at the first look after it is over, and looks no more', () => {
    let tokens = storeOf(record);
    const { watch, ends, said, advance, due } = begin(identityOf(record), () => tokens);
    advance(400);
    expect([ends, watch.end]).toEqual([[], undefined]);
    tokens = storeOf({ ...record, revokedMs: NOW });
    advance(400);
    expect([ends, watch.end, due.length]).toEqual([['800 revoked'], 'revoked', 0]);
    expect(said).toEqual(['the session ends: its token was revoked']);
  });

  const short = { ...record, expiresMs: NOW + 1_000 };
  test.each([
    ['a guard token', identityOf(short)],
    ['a JWT', { ...identityOf(short), kind: 'jwt', tokenId: undefined }],
  ] as const)('a clock that is set back prolongs nothing: %s', (_, identity) => {
    const { ends, advance, setClock } = begin(identity, () => storeOf(short));
    setClock(-HOUR);
    advance(800);
    expect(ends).toEqual([]);
    advance(200);
    expect(ends).toEqual(['1000 expired']);
  });

  test('the gate closes at once, and what is over stays over', () => {
    let tokens: Tokens | undefined = storeOf(record);
    const { gate, ends, advance } = begin(identityOf(record), () => tokens);
    expect(gate()).toBe('pass');
    tokens = undefined;
    expect(gate()).toBe('drop');
    tokens = storeOf(record);
    expect(gate()).toBe('drop');
    advance(400);
    expect(ends).toEqual(['400 store_unreadable']);
  });

  test('what is over before the session begins ends it as it begins', () => {
    expect(begin(identityOf(record), () => storeOf()).ends).toEqual(['0 token_gone']);
  });

  test('a JWT ends at its time, and no store is asked', () => {
    const jwt: Identity = { ...identityOf(record), kind: 'jwt', tokenId: undefined, expiresAtMs: NOW + HOUR };
    const { ends, advance } = begin(jwt, () => {
      throw new Error('asked');
    });
    advance(HOUR - 1);
    expect(ends).toEqual([]);
    advance(400);
    expect(ends).toEqual([`${HOUR + 399} expired`]);
  });
});
