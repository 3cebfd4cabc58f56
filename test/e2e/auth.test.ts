// Who may start a session, with the real program: whatever is wrong has one answer and starts nothing, the reason is on record, a token
// reaches nobody, and taking it back ends its sessions.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey, POLICY, sign, signShared } from '../adapters/identity/issuer.ts';
import { AuthStage, authEvents, type Refused, refusedAs } from './auth-stage.ts';
import { Yard } from './guarded.ts';
import { readTrail } from './trail.ts';

const yard = new Yard();
const stage = new AuthStage(yard);
const { config } = stage;
const marker = stage.at('started.json');
const at = (name: string): string => stage.at(name);
const put = (name: string, text: string, mode?: number): string => stage.put(name, text, mode);
const create = (file: string, ...flags: string[]): string => stage.create(file, ...flags);
const open = (flags: readonly string[], env?: Readonly<Record<string, string>>) => stage.open(flags, env);
const key = makeKey('k1');
const rsa = makeKey('r1', 'rsa');
const wall = Math.floor(Date.now() / 1_000);
const jwt = (claims: object = {}) => sign(key, { iat: wall, exp: wall + 600, ...claims });

function makeConfig(): void {
  const [command, ...args] = Yard.server('marks-start', marker);
  const server = { command, args, scope: 'all' };
  const { issuer, audience, claims } = POLICY;
  put('keys.json', JSON.stringify({ keys: [key.jwk, rsa.jwk] }));
  const written = {
    ...{ version: 1, servers: { srv: server, other: server } },
    scopes: { all: { grants: [{ tool: '*' }] }, ro: { grants: [{ tool: 'read' }] } },
    auth: { required: true, jwt: { issuer, audience, jwksFile: 'keys.json', algorithms: ['ES256', 'RS256'], claims } },
    roles: { reader: { scopes: ['ro'] }, all: { scopes: ['all'] } },
  };
  put('config.json', JSON.stringify(written));
}

/** Every file below a directory that holds `text`. */
function filesWith(text: string, directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile() && readFileSync(path, 'latin1').includes(text));
}

beforeAll(() => {
  makeConfig();
  create('ci', '--principal', 'ci', '--tenant', 'acme', '--roles', 'reader', '--servers', 'srv');
  create('operator', '--principal', 'operator', '--roles', 'all');
});
afterAll(async () => expect(await yard.close()).toEqual([]));

/** Each has the flags `--server srv`, where it says nothing else. */
async function listRefused(): Promise<readonly Refused[]> {
  const token = readFileSync(at('ci'), 'utf8').trim();
  const { editTokens } = AuthStage;
  put('open', token, 0o644);
  const file = (name: string) => ['--server', 'srv', '--token-file', at(name)];
  const env = (text: string) => ({ env: { MCP_GUARD_TOKEN: text } });
  return [
    { name: 'no token', why: 'no_token' },
    { name: 'a guess', why: 'malformed', ...env('hunter2') },
    {
      name: 'a token of another machine',
      why: 'unknown',
      ...env(token),
      prepare: editTokens(() => '{"version":1,"tokens":[]}'),
    },
    {
      name: 'a revoked one',
      why: 'revoked',
      flags: file('ci'),
      prepare: editTokens((text) => text.replaceAll('"revokedMs":null', '"revokedMs":5')),
    },
    {
      name: 'an expired one',
      why: 'expired',
      flags: file('ci'),
      prepare: editTokens((text) => text.replaceAll(/"expiresMs":\d+/g, '"expiresMs":5')),
    },
    { name: 'one for another server', why: 'not_for_server', flags: ['--server', 'other', '--token-file', at('ci')] },
    { name: 'one of another tenant', why: 'other_tenant', flags: [...file('ci'), '--tenant', 'default'] },
    { name: 'a file that others can read', why: 'token_file_unreadable', flags: file('open') },
    { name: 'a store that cannot be read', why: 'store_unreadable', flags: file('ci'), prepare: editTokens(() => '{') },
    { name: 'a forged JWT', why: 'signature_wrong', ...env(await sign(makeKey('k1'), { exp: wall + 600 })) },
    { name: 'key confusion', why: 'algorithm_refused', ...env(signShared(rsa, JSON.stringify(rsa.jwk))) },
    {
      name: 'a JWT, and keys that cannot be had',
      why: 'keys_unavailable',
      ...env(await jwt()),
      prepare: () => rmSync(at('keys.json')),
    },
  ];
}

describe('what does not count', () => {
  it('has one answer, starts nothing, and is on record with its reason', async () => {
    const rows = await listRefused();
    const refuse = (row: Refused) => stage.refuse({ flags: ['--server', 'srv'], ...row });
    const last = rows.filter(({ why }) => why === 'keys_unavailable');
    const got = await Promise.all(rows.filter((row) => !last.includes(row)).map(refuse));
    got.push(...(await Promise.all(last.map(refuse))));
    makeConfig();
    expect(got).toEqual(rows.map(refusedAs));
    expect(existsSync(marker), 'a server was started').toBe(false);
    expect(await yard.leftovers(5_000)).toEqual([]);
  });

  it('is no reason to shut out the right one', async () => {
    yard.command('run', '--config', config, '--server', 'srv', '--token-file', at('open'));
    const client = open(['--server', 'srv', '--token-file', at('ci')]);
    await client.initialize();
    expect(await client.end()).toBe(0);
  });

  it('a token that nothing here asks for is said', () => {
    const { status, stderr } = yard.command('run', '--token-file', at('ci'), '--', 'true');
    expect([status, stderr]).toEqual([64, expect.stringContaining('no config here asks for one')]);
  });

  it.each([
    ['one server', ['--server', 'srv']],
    ['many', []],
  ])('so is one in a variable, for %s', async (_, flags) => {
    const [command, ...args] = Yard.server('echo');
    // the last one that is named
    const plain = ['--config', put('plain.json', JSON.stringify({ version: 1, servers: { srv: { command, args } } }))];
    const client = open([...plain, ...flags], { MCP_GUARD_TOKEN: 'hunter2' });
    await client.initialize();
    expect(await client.end()).toBe(0);
    expect(client.stderr()).toContain('`MCP_GUARD_TOKEN` is set, and no config here asks for a token');
    expect(client.stderr()).not.toContain('hunter2');
    // and the record says who it is instead
    const opened = readTrail(yard.state).map(({ records }) => records[0]?.h);
    expect(opened).toContainEqual(
      expect.objectContaining({ type: 'open', principal: `local:${userInfo().username}`, tenant: 'default' }),
    );
  });
});

it('what a principal may do is explained by its token and its roles', () => {
  const explain = (server: string, tool: string, ...who: string[]) => {
    const here = ['--config', config, '--tenant', 'acme', '--args', '{}', '--json'];
    const { status, stdout } = yard.command('scope', 'explain', server, tool, ...here, ...who);
    return [status, JSON.parse(stdout).decision];
  };
  expect(explain('srv', 'drop')).toEqual([0, 'allow']);
  expect(explain('srv', 'drop', '--principal', 'ci')).toEqual([1, 'deny']);
  expect(explain('srv', 'read', '--principal', 'ci')).toEqual([0, 'allow']);
  expect(explain('srv', 'drop', '--role', 'all')).toEqual([0, 'allow']);
  expect(explain('other', 'read', '--principal', 'ci')).toEqual([1, 'deny']);
});

describe('a session', () => {
  it('is its principal’s, in the record of its tenant, kept to its roles; its token reaches nobody', async () => {
    const token = readFileSync(at('ci'), 'utf8').trim();
    const client = open(['--server', 'srv'], { MCP_GUARD_TOKEN: token });
    await client.initialize();
    expect(await client.request(2, 'tools/list', '{}')).toMatch(/"read"(?!.*"drop")/);
    expect(await client.request(3, 'tools/call', `{"name":"read","arguments":{"q":"${token}"}}`)).toContain(
      '"text":"read"',
    );
    expect(await client.request(4, 'tools/call', '{"name":"drop","arguments":{}}')).toContain('Unknown tool: drop');
    await client.end();
    const opened = readTrail(yard.state).map(({ records }) => records[0]?.h);
    expect(opened).toContainEqual(expect.objectContaining({ type: 'open', tenant: 'acme', principal: 'token:ci' }));
    const events = authEvents(yard.state).filter(({ detail }) => detail.stage === 'accepted');
    expect(events.at(-1)?.detail).toMatchObject({ principal: 'token:ci', tenant: 'acme', roles: 'reader' });
    expect(readFileSync(marker, 'utf8')).not.toContain(token);
    expect(readFileSync(marker, 'utf8')).not.toContain('MCP_GUARD_TOKEN');
    expect(client.stderr()).not.toContain(token);
    expect(filesWith(token.slice(16, -6), yard.state)).toEqual([]);
  });

  it('of a JWT has its principal, tenant and roles from the claims', async () => {
    const client = open(['--server', 'srv'], {
      MCP_GUARD_TOKEN: await jwt({ sub: 'ada', org: 'acme', roles: ['all'] }),
    });
    await client.initialize();
    expect(await client.request(4, 'tools/call', '{"name":"drop","arguments":{}}')).toContain('"text":"drop"');
    await client.end();
    expect(
      authEvents(yard.state)
        .filter(({ detail }) => detail.stage === 'accepted')
        .at(-1)?.detail,
    ).toMatchObject({
      ...{ principal: 'jwt:ada', tenant: 'acme', roles: 'all', token: null },
    });
  });

  it('cannot have its token, or the issuer’s keys, read by a tool', async () => {
    const client = open(['--server', 'srv', '--token-file', at('operator')]);
    await client.initialize();
    for (const [index, path] of [
      at('operator'),
      at('keys.json'),
      join(yard.state, 'tokens', 'tokens.json'),
    ].entries()) {
      const args = JSON.stringify({ name: 'read', arguments: { path } });
      expect(await client.request(10 + index, 'tools/call', args)).toContain('own_path');
    }
    await client.end();
  });
});

/** Milliseconds between what a person did and that a session was ended by it, by the record. */
function delayMs(since: 'done' | 'accepted'): number {
  const events = authEvents(yard.state);
  const ended = events.filter(({ detail }) => detail.stage === 'ended').at(-1)?.at ?? Number.NaN;
  const done = events.filter(({ detail }) => detail.stage === since).map((event) => event.at);
  return ended - Math.max(...done.filter((one) => one <= ended + 1_000));
}

describe('a token file of somebody else', () => {
  it('cannot be read by a tool: made while the session runs, or presented by another session', async () => {
    const reader = open(['--server', 'srv', '--token-file', at('operator')]);
    await reader.initialize();
    const read = (id: number, path: string) =>
      reader.request(id, 'tools/call', JSON.stringify({ name: 'read', arguments: { path } }));
    expect(await read(20, at('made-later'))).not.toContain('own_path');
    create('made-later', '--principal', 'later', '--tenant', 'acme', '--roles', 'all');
    // each time another request: what others noted is looked at every 200 ms
    let id = 100;
    const again = (path: string) => {
      id += 1;
      return read(id, path);
    };
    await expect.poll(() => again(at('made-later')), { timeout: 2_000 }).toContain('own_path');
    put('moved', readFileSync(at('made-later'), 'utf8'));
    expect(await read(22, at('moved'))).not.toContain('own_path');
    const other = open(['--server', 'srv', '--token-file', at('moved')]);
    await other.initialize();
    await expect.poll(() => again(at('moved')), { timeout: 2_000 }).toContain('own_path');
    // Nobody takes a file from others by naming it.
    put('no-token', 'what others work with');
    expect(yard.command('run', '--config', config, '--server', 'srv', '--token-file', at('no-token')).status).toBe(77);
    expect(readFileSync(join(yard.state, 'tokens', 'files.json'), 'utf8')).not.toContain('no-token');
    expect(readFileSync(join(yard.state, 'tokens', 'files.json'), 'utf8')).toContain('moved');
    await Promise.all([reader.end(), other.end()]);
  });
});

describe('what ends while it runs', () => {
  it('a token that is revoked ends its sessions within a second, and no other', async () => {
    const id = create('short', '--principal', 'leaver', '--tenant', 'acme', '--roles', 'all');
    const [leaver, stays] = [
      open(['--server', 'srv', '--token-file', at('short')]),
      open(['--server', 'srv', '--token-file', at('operator')]),
    ];
    await Promise.all([leaver.initialize(), stays.initialize()]);
    expect(yard.command('token', 'revoke', id, '--reason', 'left').status).toBe(0);
    expect(await leaver.exited).toEqual([77, null]);
    expect(leaver.stderr()).toContain('the session ends: its token was revoked');
    expect(delayMs('done')).toBeLessThanOrEqual(1_000);
    expect(await stays.request(5, 'tools/call', '{"name":"read","arguments":{}}')).toContain('"text":"read"');
    expect(await stays.end()).toBe(0);
    expect(yard.command('run', '--config', config, '--server', 'srv', '--token-file', at('short')).status).toBe(77);
  });

  it('so do one that expires and one that was rotated, whose file has another by then', async () => {
    // It must be taken before it expires: on a busy machine a start takes longer.
    const openGuest = async () => {
      for (const seconds of [3, 9, 27]) {
        create(
          `brief-${seconds}`,
          '--principal',
          'guest',
          '--tenant',
          'acme',
          '--roles',
          'all',
          '--expires',
          `${seconds}s`,
        );
        const guest = open(['--server', 'srv', '--token-file', at(`brief-${seconds}`)]);
        const began = await guest.initialize().then(
          () => true,
          () => false,
        );
        if (began) return guest;
      }
      return expect.fail('no session began in time');
    };
    const id = create('rotating', '--principal', 'bot', '--tenant', 'acme', '--roles', 'all');
    const before = readFileSync(at('rotating'), 'utf8');
    const guest = await openGuest();
    const bot = open(['--server', 'srv', '--token-file', at('rotating')]);
    await bot.initialize();
    expect(yard.command('token', 'rotate', id, '--yes', '--out', at('rotating')).status).toBe(0);
    expect(await Promise.all([guest.exited, bot.exited])).toEqual([
      [77, null],
      [77, null],
    ]);
    expect(guest.stderr()).toContain('the session ends: its token has expired');
    expect(bot.stderr()).toContain('the session ends: its token was revoked');
    expect(readFileSync(at('rotating'), 'utf8')).not.toBe(before);
    const again = open(['--server', 'srv', '--token-file', at('rotating')]);
    await again.initialize();
    expect(await again.end()).toBe(0);
  });
});
