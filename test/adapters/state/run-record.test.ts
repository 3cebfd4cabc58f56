// When a guard's record is written: on a change, in measure, never twice the same; and that it is gone at the end.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import { listRunFiles } from '../../../src/adapters/run-files.ts';
import { openRunRecord, type RunRecord } from '../../../src/adapters/run-record.ts';
import type { AuditEntry, EventEntry, IntentEntry } from '../../../src/audit/entry.ts';
import type { AuditSink } from '../../../src/ports/audit-sink.ts';
import type { ServerStanding } from '../../../src/ports/guard-status.ts';

let state: string;
let record: RunRecord;
let sink: AuditSink;
let nowMs = 0;
let timer: { atMs: number; action: () => void } | undefined;
let waits: string[] = [];
const logged: string[] = [];

beforeEach(() => {
  state = fs.mkdtempSync(join(tmpdir(), 'guard-record-'));
  nowMs = 0;
  timer = undefined;
  logged.length = 0;
  waits = ['x waits'];
  record = openRunRecord({
    stateDir: state,
    holder: readOwnIdentity(),
    about: { guard: '1', session: '0123456789abcdef', tenant: 'default', principal: 'local:ada' },
    servers: ['files'],
    isolationOf: (name) => (name === 'files' ? 'L2' : 'none'),
    standingOf: (name) => (name === 'files' ? {} : { word: 'on demand', why: 'no '.repeat(999) }),
    policy: { config: null, digest: null },
    waits: () => waits,
    clock: { now: () => ({ wallMs: 1_000_000.4 + nowMs, monoMs: nowMs }) },
    timers: {
      after: (delayMs, action) => {
        const mine = { atMs: nowMs + delayMs, action };
        timer = mine;
        return () => {
          if (timer === mine) timer = undefined;
        };
      },
    },
    log: { write: (_, text) => void logged.push(text) },
  });
  sink = record.tap({ append: () => true, close: () => {} });
});
afterEach(async () => {
  await record.end();
  fs.rmSync(state, { recursive: true, force: true });
});

const at = () => ({ wallMs: 1_000_000 + nowMs, monoMs: nowMs });
const event = (name: EventEntry['name'], detail: EventEntry['detail']): EventEntry => ({
  ...{ type: 'event', at: at(), ref: undefined, name, server: 'files', detail },
});
const intent = (more: Partial<IntentEntry> = {}): IntentEntry => ({
  ...{ type: 'intent', at: at(), ref: undefined, asked: 'client', server: 'files', rpcId: 1, method: 'tools/call' },
  ...{ subject: 'read', decision: 'pass', rule: undefined, reason: undefined, client: 'host/1' },
  ...{ model: { id: null, source: 'unknown' }, correlation: undefined, bytes: 1, payload: undefined },
  ...more,
});
const outcome = (settlement: 'result' | 'timeout' | 'error' | 'refused', subject = 'read'): AuditEntry => ({
  ...{ type: 'outcome', at: at(), ref: undefined, intent: intent({ subject }), settlement, errorCode: -32000 },
  ...{ isError: undefined, resultType: undefined, taskId: undefined, durationMs: 1, bytes: 1, payload: undefined },
});

/** Lets time pass to the next timer, and what it began end. */
async function pass(): Promise<number> {
  const due = timer;
  if (due === undefined) throw new Error('nothing is to come');
  timer = undefined;
  nowMs = due.atMs;
  due.action();
  await record.idle();
  return nowMs;
}
const shown = (): ServerStanding | undefined => listRunFiles(state, nowMs).guards[0]?.record.servers[0];

it('is written a moment after the first entry, and then at most once a second', async () => {
  sink.append([event('server_started', { pid: 7 })]);
  expect(fs.existsSync(join(state, 'run'))).toBe(false);
  expect(await pass()).toBe(250);
  expect(shown()).toMatchObject({ isolation: 'L2', state: 'up', pid: 7, sinceMs: 1_000_000, restarts: 0 });
  nowMs = 300;
  sink.append([intent()]);
  sink.append([outcome('timeout')]);
  expect(await pass()).toBe(1_250);
  expect(shown()?.lastError).toEqual({ atMs: 1_000_300, text: '`read` was not answered in time' });
  expect(listRunFiles(state, nowMs).guards[0]?.record.client).toBe('host/1');
  // nothing has changed: looked at now and then, and not written
  const { ino } = fs.statSync(join(state, 'run', `${process.pid}.json`));
  expect(await pass()).toBe(6_250);
  expect(fs.statSync(join(state, 'run', `${process.pid}.json`)).ino).toBe(ino);
});

it('tells exits, restarts and what the server owed; not what a tool answered', async () => {
  sink.append([event('server_started', { pid: 7 }), event('server_exited', { how: 'signal SIGKILL', status: 137 })]);
  sink.append([event('restart', { delayMs: 1 }), event('server_started', { pid: 8 })]);
  await pass();
  expect(shown()).toMatchObject({ pid: 8, restarts: 1, lastError: { text: 'exited (signal SIGKILL)' } });
  sink.append([outcome('result')]);
  sink.append([{ ...outcome('error', 'x'.repeat(1_000)) }]);
  await pass();
  expect(shown()?.lastError?.text).toMatch(/^`x+…` failed with error -32000$/);
  expect(shown()?.lastError?.text.length).toBeLessThan(202);
});

it('asks the session when it is written, and a session that throws spoils words only', async () => {
  let calls = 0;
  record.watch('files', {
    inFlight: () => ++calls,
    era: () => 'modern',
    breaker: () => 'b'.repeat(99),
    limit: () => '-',
    why: () => '2 tools are out of use',
  });
  record.watch('other', {
    inFlight: () => {
      throw new Error('no');
    },
    era: () => 'legacy',
    breaker: () => 'closed',
    limit: () => '-',
    why: () => '',
  });
  record.list('nobody');
  await pass();
  expect(calls).toBe(1);
  expect(listRunFiles(state, nowMs).guards[0]?.record.servers[2]).toMatchObject({
    ...{ name: 'nobody', word: 'on demand' },
    why: 'no '.repeat(160),
  });
  expect(shown()).toMatchObject({ inFlight: 1, era: 'modern', breaker: 'b'.repeat(48), state: 'starting' });
  expect(shown()?.why).toBe('2 tools are out of use');
  expect(listRunFiles(state, nowMs).guards[0]?.record.servers[1]).toMatchObject({
    ...{ name: 'other', word: 'on demand', breaker: 'unknown' },
  });
  expect(shown()?.word).toBeUndefined();
});

it('comes back where somebody has taken it away, answers a reload at once, and is gone at the end for good', async () => {
  sink.append([event('server_started', { pid: 7 })]);
  await pass();
  fs.rmSync(join(state, 'run', `${process.pid}.json`));
  await pass();
  expect(shown()).toBeDefined();
  record.policyIs({
    config: '/c',
    digest: 'd',
    sinceMs: 1,
    reload: { token: 't', outcome: 'kept', why: 'w', atMs: 1 },
  });
  expect(timer?.atMs).toBe(nowMs);
  await pass();
  expect(listRunFiles(state, nowMs).guards[0]?.record.policy.reload).toMatchObject({ token: 't', outcome: 'kept' });
  expect(record.requestPath).toBe(join(state, 'run', `${process.pid}.reload`));
  await record.end();
  sink.append([event('server_exited', { how: 'x', status: 1 })]);
  expect(timer).toBeUndefined();
  expect(fs.readdirSync(join(state, 'run'))).toEqual([]);
});

it('says what of the policy waits whenever it is written, and times in whole milliseconds', async () => {
  sink.append([event('server_started', { pid: 7 })]);
  await pass();
  const policy = () => listRunFiles(state, nowMs).guards[0]?.record.policy;
  expect([policy()?.waits, policy()?.sinceMs]).toEqual([['x waits'], 1_000_000]);
  waits = [];
  await pass();
  expect(policy()?.waits).toEqual([]);
});

it('that cannot be written is said once, and holds nothing up', async () => {
  fs.writeFileSync(join(state, 'run'), '');
  sink.append([event('server_started', { pid: 7 })]);
  await pass();
  sink.append([event('restart', {})]);
  await pass();
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('cannot be listed');
});
