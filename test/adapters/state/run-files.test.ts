// The records of running guards on disk: whole, private, and worth what the process behind them is worth.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import {
  claimRunPath,
  listRunFiles,
  removeRunFile,
  renderRunFile,
  requestPathOf,
  writeRunFile,
} from '../../../src/adapters/run-files.ts';
import type { GuardRecord } from '../../../src/ports/guard-status.ts';

let state: string;
beforeEach(() => {
  state = fs.mkdtempSync(join(tmpdir(), 'guard-run-'));
});
afterEach(() => fs.rmSync(state, { recursive: true, force: true }));

const OWN = readOwnIdentity();
/** A process that has ended: its pid may be anybody's, its start time is not. */
const DEAD = { ...OWN, startTime: '1' };
const RECORD: GuardRecord = {
  version: 1,
  guard: '1.0.0',
  session: '0123456789abcdef',
  tenant: 'default',
  principal: 'local:ada',
  client: 'host/1',
  startedMs: 1_000,
  policy: {
    config: '/c.json',
    digest: 'd',
    sinceMs: 1_000,
    reload: { token: 't', outcome: 'kept', why: 'w', atMs: 2 },
  },
  servers: [
    {
      ...{ name: 'files', pid: 7, state: 'up', isolation: 'L2', era: 'legacy', sinceMs: 1, restarts: 0, inFlight: 0 },
      ...{ lastError: { atMs: 1, text: 'x' }, breaker: 'closed', limit: '-' },
    },
  ],
};

async function put(holder = OWN, record = RECORD): Promise<string> {
  const path = claimRunPath(state, holder.pid, record.session);
  await writeRunFile(path, renderRunFile(holder, record, 5_000));
  return path;
}
const list = (nowMs = 10_000) => listRunFiles(state, nowMs);

describe('a record', () => {
  it('is read as it was written, in a private file of a private directory', async () => {
    const path = await put();
    expect(list().guards).toMatchObject([{ path, holder: OWN, liveness: 'alive', record: RECORD, writtenMs: 5_000 }]);
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
    expect(fs.statSync(join(state, 'run')).mode & 0o777).toBe(0o700);
    expect(fs.readdirSync(join(state, 'run'))).toEqual([`${OWN.pid}.json`]);
    await removeRunFile(path);
    expect(list()).toEqual({ guards: [], cleared: 0, unreadable: [] });
  });

  it('of a dead guard is taken away, with what was asked of it', async () => {
    const path = await put(DEAD);
    await writeRunFile(requestPathOf(path), '0123456789abcdef');
    expect(list()).toEqual({ guards: [], cleared: 1, unreadable: [] });
    expect(fs.readdirSync(join(state, 'run'))).toEqual([]);
    expect(list().cleared).toBe(0);
  });

  it('of a guard that cannot be seen from here stays, and does not lose its name to another', async () => {
    const elsewhere = { ...OWN, pidNamespace: 'pid:[1]' };
    const path = await put(elsewhere);
    expect(list().guards).toMatchObject([{ path, liveness: 'unknown' }]);
    const mine = await put(OWN, { ...RECORD, session: 'fedcba9876543210' });
    expect(mine).toBe(join(state, 'run', `${OWN.pid}-fedcba9876543210.json`));
    expect(
      list()
        .guards.map(({ liveness }) => liveness)
        .sort(),
    ).toEqual(['alive', 'unknown']);
  });

  it('of a dead guard leaves its name to the next', async () => {
    const path = await put(DEAD);
    expect(claimRunPath(state, OWN.pid, 'fedcba9876543210')).toBe(path);
  });

  it('does not follow a link that stands in its place', async () => {
    const victim = join(state, 'victim');
    fs.writeFileSync(victim, 'precious');
    fs.mkdirSync(join(state, 'run'), { mode: 0o700 });
    const path = join(state, 'run', `${OWN.pid}.json`);
    fs.symlinkSync(victim, path);
    expect(list().unreadable).toHaveLength(1);
    await put();
    expect(fs.readFileSync(victim, 'utf8')).toBe('precious');
    expect(fs.lstatSync(path).isFile()).toBe(true);
  });

  it('is not written into a directory that others can write', () => {
    fs.mkdirSync(join(state, 'run'));
    fs.chmodSync(join(state, 'run'), 0o777);
    expect(() => claimRunPath(state, OWN.pid, RECORD.session)).toThrow('open to other users');
  });

  it.each([
    ['no JSON', 'x'],
    ['another version', JSON.stringify({ ...RECORD, version: 2, holder: OWN, writtenMs: 1 })],
    ['no holder', JSON.stringify({ ...RECORD, writtenMs: 1 })],
    ['of another pid', JSON.stringify({ ...RECORD, holder: { ...OWN, pid: OWN.pid + 1 }, writtenMs: 1 })],
    ['a name that is no text', JSON.stringify({ ...RECORD, session: 7, holder: OWN, writtenMs: 1 })],
    ['a server of another shape', JSON.stringify({ ...RECORD, servers: [{ name: 'x' }], holder: OWN, writtenMs: 1 })],
    [
      'a word that is none',
      JSON.stringify({ ...RECORD, servers: [{ ...RECORD.servers[0], word: 'fine' }], holder: OWN, writtenMs: 1 }),
    ],
    [
      'a level of isolation that is none',
      JSON.stringify({ ...RECORD, servers: [{ ...RECORD.servers[0], isolation: 'L9' }], holder: OWN, writtenMs: 1 }),
    ],
    ['a moment that is none', JSON.stringify({ ...RECORD, startedMs: 1e300, holder: OWN, writtenMs: 1 })],
    ['larger than any', 'x'.repeat(1_100_000)],
  ])('that is %s is said, and left as it is', (_, text) => {
    fs.mkdirSync(join(state, 'run'), { mode: 0o700 });
    const path = join(state, 'run', `${OWN.pid}.json`);
    fs.writeFileSync(path, text, { mode: 0o600 });
    expect(list()).toMatchObject({ guards: [], cleared: 0, unreadable: [{ path }] });
    expect(fs.existsSync(path)).toBe(true);
  });

  it('that is merely long hides no guard: it is cut', () => {
    fs.mkdirSync(join(state, 'run'), { mode: 0o700 });
    const long = 'x'.repeat(5_000);
    const server = { ...RECORD.servers[0], name: long, breaker: long, lastError: { atMs: 1, text: long }, why: long };
    const servers = Array(300).fill(RECORD.servers[0]).fill(server, 0, 1);
    const text = JSON.stringify({ ...RECORD, client: long, servers, holder: OWN, writtenMs: 1 });
    fs.writeFileSync(join(state, 'run', `${OWN.pid}.json`), text, { mode: 0o600 });
    const [found] = list().guards;
    expect(found?.record.servers).toHaveLength(256);
    const cut = long.slice(0, 4_096);
    expect([found?.record.client, found?.record.servers[0]?.name, found?.record.servers[0]?.why]).toEqual([
      cut,
      cut,
      cut,
    ]);
  });

  it('of an older guard, which said no isolation, is read', () => {
    fs.mkdirSync(join(state, 'run'), { mode: 0o700 });
    const { isolation: _, ...server } = RECORD.servers[0] ?? {};
    const text = JSON.stringify({ ...RECORD, servers: [server], holder: OWN, writtenMs: 1 });
    fs.writeFileSync(join(state, 'run', `${OWN.pid}.json`), text, { mode: 0o600 });
    expect(list().guards[0]?.record.servers[0]?.isolation).toBe('unknown');
  });

  it('that is a FIFO holds nobody up', () => {
    fs.mkdirSync(join(state, 'run'), { mode: 0o700 });
    execFileSync('mkfifo', [join(state, 'run', `${OWN.pid}.json`)]);
    expect(list().unreadable).toHaveLength(1);
  });
});

it('drafts and requests that nobody will finish leave, once they are old; what is no file of ours stays', () => {
  const run = join(state, 'run');
  fs.mkdirSync(run, { mode: 0o700 });
  const names = ['7.json.draft-0123456789ab', '7.reload', 'notes.txt'];
  for (const name of names) fs.writeFileSync(join(run, name), '');
  const now = Date.now();
  list(now);
  expect(fs.readdirSync(run).sort()).toEqual([...names].sort());
  list(now + 120_000);
  expect(fs.readdirSync(run)).toEqual(['notes.txt']);
});
