// What the readers say beside the words of a record: that it was altered, that nobody writes it any more, that there is no trail.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecentCalls } from '../../../src/adapters/recent-calls.ts';
import { followCalls } from '../../../src/adapters/trail-follow.ts';
import { findRecord } from '../../../src/adapters/trail-reader.ts';
import { verifyTrail } from '../../../src/adapters/trail-verify.ts';
import { createWitness } from '../../../src/adapters/trail-witness.ts';
import { type Call, faultOf } from '../../../src/audit/query.ts';
import { openStateTrail } from '../../../src/cli/state-trail.ts';
import { makeEvent, makeIntent, makeOutcome, payloadOf } from '../../audit/sample.ts';
import { endScene, fail, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const at = (wallMs: number) => ({ wallMs, monoMs: 1 });
const PAYLOAD = 'the payload is not the one that the header commits to';
const HASH = 'the header does not have its hash';

function edit(from: string | RegExp, to: string): void {
  const path = scene.segments()[0] ?? fail('no segment');
  const text = fs.readFileSync(path, 'utf8');
  expect(text.replace(from, to)).not.toBe(text);
  fs.writeFileSync(path, text.replace(from, to));
}

describe('a record that was altered', () => {
  function write(): ReturnType<typeof makeIntent> {
    const intent = makeIntent({ at: at(START), payload: payloadOf({ params: { arguments: { path: '/harmless' } } }) });
    const sink = scene.sink();
    sink.append([intent]);
    sink.append([makeOutcome(intent)]);
    return intent;
  }
  it.each<[string, string | RegExp, string, string, string | undefined]>([
    ['input', '/harmless', '/dangerous', PAYLOAD, PAYLOAD],
    ['output', 'grün', 'blau', PAYLOAD, undefined],
    ['header of the intent', '"subject":"read_file"', '"subject":"list_dirs"', HASH, HASH],
    ['header of the outcome', '"isError":false', '"isError":true', HASH, undefined],
    ['hash', /("seq":2,.*"hash":")[0-9a-f]{8}/, '$100000000', HASH, HASH],
  ])('in its %s is told of by list and by id', (_, from, to, fault, ofIntent) => {
    const intent = write();
    const [before] = readRecentCalls(scene.stateDir, 1, {});
    expect(before === undefined ? 'none' : faultOf(before)).toBeUndefined();
    edit(from, to);
    const found = findRecord(scene.stateDir, intent.ref ?? fail('no ref'));
    const shown = found?.kind === 'call' ? found.call : fail('no call');
    for (const call of [shown, ...readRecentCalls(scene.stateDir, 1, {})]) {
      expect([faultOf(call), call.fault]).toEqual([fault, ofIntent]);
    }
  });

  it('outside, in a file of its own, is told of by its id', () => {
    const intent = makeIntent({ payload: payloadOf('y'.repeat(70_000)) });
    scene.sink().append([intent]);
    const { segment } = intent.ref ?? fail('no ref');
    const [name = ''] = fs.readdirSync(scene.paths.payloads(segment));
    fs.appendFileSync(join(scene.paths.payloads(segment), name), 'x');
    expect(findRecord(scene.stateDir, intent.ref ?? fail('no ref'))).toMatchObject({ call: { fault: PAYLOAD } });
  });

  it('and is no call is told of, too; a removed payload is no fault', () => {
    const event = makeEvent();
    const intent = makeIntent();
    scene.sink().append([event, intent]);
    edit(/,"p":\{"jsonrpc".*?,"s":"[0-9a-f]{32}"/, '');
    edit('"b":1', '"b":2');
    expect(findRecord(scene.stateDir, event.ref ?? fail('no ref'))).toMatchObject({ kind: 'record', fault: HASH });
    expect(findRecord(scene.stateDir, intent.ref ?? fail('no ref'))).toMatchObject({ call: { fault: undefined } });
  });
});

describe('a call without an outcome', () => {
  const states = () => readRecentCalls(scene.stateDir, 9, {}).map(({ state }) => state);
  const markers = () => fs.readdirSync(scene.paths.open).map((name) => join(scene.paths.open, name));

  /** Makes the guard of the only segment so far one that has been and gone. `more` goes into its marker. */
  function bury(more: object = {}): void {
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    const [marker = ''] = markers();
    fs.writeFileSync(
      marker,
      JSON.stringify({ ...JSON.parse(fs.readFileSync(marker, 'utf8')), pid, startTime: '1', ...more }),
    );
    edit(/"startTime":("[0-9]+"|null)/, '"startTime":"1"');
    edit(/"pid":[0-9]+/, `"pid":${pid}`);
  }

  it('is pending while its guard lives, in whichever segment; lost when it is gone', () => {
    scene.sink().append([makeIntent({ at: at(START) })]);
    expect(states()).toEqual(['pending']);
    bury();
    const [dead] = markers();
    scene.now = at(START + 1);
    scene.sink().append([makeIntent({ at: at(START + 1) })]);
    expect(states()).toEqual(['lost', 'pending']);
    for (const marker of markers()) if (marker !== dead) fs.rmSync(marker);
    expect(states()).toEqual(['lost', process.platform === 'linux' ? 'pending' : 'lost']);
    expect(readRecentCalls(scene.stateDir, 9, { outcome: 'lost' })).toHaveLength(1);
    expect(findRecord(scene.stateDir, readRecentCalls(scene.stateDir, 9, {})[0]?.ref ?? fail('no ref'))).toMatchObject({
      call: { state: 'lost' },
    });
  });

  it('is pending where its guard cannot be judged from here', () => {
    scene.sink().append([makeIntent({ at: at(START) })]);
    bury({ pidNamespace: 'pid:[1]' });
    expect(states()).toEqual(['pending']);
  });

  it('is pending where its guard has ended since the reader began', () => {
    scene.sink().append([makeIntent({ at: at(START) })]);
    const witness = createWitness(scene.stateDir);
    fs.rmSync(scene.paths.open, { recursive: true });
    const [call] = readRecentCalls(scene.stateDir, 1, {});
    const placed = { ref: call?.ref ?? fail('no call'), tenant: 'default', open: undefined };
    const record = scene.records()[0]?.[1] ?? fail('no record');
    expect(witness.isAwaited({ ...placed, record })).toBe(true);
    expect(createWitness(scene.stateDir).isAwaited({ ...placed, record })).toBe(false);
  });

  it.each([
    ['pending, then settled', false, ['pending', 'overdue pending', 'ok']],
    ['lost, where its guard is gone', true, ['pending', 'overdue lost', 'ok']],
  ])('is told of when it hangs: %s', async (_, isGone, expected) => {
    const stop = new AbortController();
    const sink = scene.sink();
    sink.append([makeEvent({ at: at(START) })]);
    if (isGone) bury();
    const intent = makeIntent({ at: at(START) });
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      const onCall = (call: Call, isOverdue: boolean) => {
        seen.push(`${isOverdue ? 'overdue ' : ''}${call.state}`);
        if (isOverdue) sink.append([makeOutcome(intent)]);
        else if (call.state === 'ok') resolve();
      };
      followCalls({ stateDir: scene.stateDir, filter: {}, onCall, signal: stop.signal, pollMs: 5, overdueMs: 0 });
      sink.append([intent]);
    });
    stop.abort();
    expect(seen).toEqual(expected);
  });
});

it('how the server ended is found beside the call that it ended', () => {
  const sink = scene.sink();
  const end = (server: string, how: string) => makeEvent({ name: 'server_exited', server, detail: { how, status: 1 } });
  const [intent, fine] = [makeIntent(), makeIntent()];
  sink.append([intent, fine, makeOutcome(fine)]);
  sink.append([end('files', 'code 1'), end('other', 'code 2'), end('files', 'signal SIGKILL')]);
  sink.append([end('other', 'code 3'), makeOutcome(intent, { settlement: 'upstream_exit', isError: undefined })]);
  sink.append([end('files', 'code 4')]);
  const find = (ref: typeof intent.ref) => findRecord(scene.stateDir, ref ?? fail('no ref'));
  expect(find(intent.ref)).toMatchObject({ serverEnd: 'signal SIGKILL', call: { state: 'exited' } });
  expect(find(fine.ref)).toMatchObject({ serverEnd: undefined });
});

it('a segment that another one contradicts has one verdict: what was cut off, and where', () => {
  const sink = scene.sink();
  sink.append([makeIntent({ at: at(START) })]);
  sink.close('done');
  const next = scene.sink();
  next.append([makeIntent({ at: at(START + 1) })]);
  next.close('done');
  const [path = '', other = ''] = scene.segments();
  const lines = fs.readFileSync(path, 'utf8').split('\n');
  fs.writeFileSync(path, `${lines.slice(0, 2).join('\n')}\n`);
  const told: unknown[] = [];
  const { exitCode, faults } = verifyTrail(scene.stateDir, undefined, ({ contradiction }) => told.push(contradiction));
  const why = `\`${other.slice(-22, -6)}\` saw 3 records, there are 2: the end was cut off`;
  expect(told).toEqual([{ segment: path.slice(-22, -6), record: 3, why }, undefined]);
  expect([exitCode, faults.map(({ isGone }) => isGone)]).toEqual([2, [false]]);
  fs.rmSync(path);
  expect(verifyTrail(scene.stateDir).faults).toMatchObject([{ isGone: true, segment: path.slice(-22, -6) }]);
});

describe('a trail that cannot be read', () => {
  const actions = (stateDir: string, tenant?: string) => {
    const trail = openStateTrail(stateDir);
    const ref = { segment: '0123456789abcdef', seq: 1 };
    return [
      () => trail.verify(tenant, () => {}),
      () => trail.lastCalls(1, { tenant }),
      () => trail.follow({ tenant }, () => {}, AbortSignal.abort()),
      ...(tenant === undefined ? [() => trail.findRecord(ref)] : []),
    ];
  };
  const refuses = (stateDir: string, named: string, tenant?: string) => {
    for (const action of actions(stateDir, tenant)) {
      expect(action).toThrow(expect.objectContaining({ code: 'audit_unreadable', exitCode: 74 }));
      expect(action).toThrow(`\`${named}\``);
    }
  };

  it('is an error that names the directory: none, a file, no such tenant', () => {
    const none = join(scene.stateDir, 'none');
    refuses(none, none);
    fs.writeFileSync(join(scene.stateDir, 'file'), '');
    refuses(join(scene.stateDir, 'file'), join(scene.stateDir, 'file'));
    refuses(scene.stateDir, join(scene.stateDir, 'nobody'), 'nobody');
    fs.writeFileSync(join(scene.stateDir, 'flat'), '');
    refuses(scene.stateDir, join(scene.stateDir, 'flat'), 'flat');
  });

  it.skipIf(process.getuid?.() === 0)('is an error where a directory is closed to us, never an empty answer', () => {
    scene.sink().append([makeIntent({ at: at(START) })]);
    const day = join(scene.paths.audit, '2026-03-01');
    for (const closed of [day, scene.paths.open, scene.paths.audit, join(scene.stateDir, 'default'), scene.stateDir]) {
      fs.chmodSync(closed, 0o000);
      try {
        refuses(scene.stateDir, closed);
      } finally {
        fs.chmodSync(closed, 0o700);
      }
    }
  });

  it('is none where the directory is there and holds nothing', () => {
    const trail = openStateTrail(scene.stateDir);
    expect([trail.directory, trail.hasSegments(undefined)]).toEqual([scene.stateDir, false]);
    expect(trail.verify(undefined, () => fail('a segment'))).toMatchObject({ exitCode: 0 });
    fs.mkdirSync(join(scene.stateDir, 'default'), { mode: 0o700 });
    expect([trail.hasSegments('default'), trail.lastCalls(1, { tenant: 'default' })]).toEqual([false, []]);
    scene.sink().append([makeIntent({ at: at(START) })]);
    expect([trail.hasSegments(undefined), trail.hasSegments('default')]).toEqual([true, true]);
  });
});
