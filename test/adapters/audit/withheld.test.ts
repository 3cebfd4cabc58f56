// An answer that came and was handed to nobody: every reader of the trail says so of its call, and of no other.
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { readRecentCalls } from '../../../src/adapters/recent-calls.ts';
import { followCalls } from '../../../src/adapters/trail-follow.ts';
import { findRecord } from '../../../src/adapters/trail-reader.ts';
import { type AuditEntry, type IntentEntry, showRef } from '../../../src/audit/entry.ts';
import { makeEvent, makeIntent, makeOutcome } from '../../audit/sample.ts';
import { endScene, fail, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
let stop: AbortController;
beforeEach(() => {
  scene = makeScene();
  stop = new AbortController();
});
afterEach(() => {
  // also of a test that waits in vain
  stop.abort();
  endScene(scene);
});

const WHY = { rule: 'canary', reason: 'canary_found' };
const at = (more: number) => ({ wallMs: START + more, monoMs: 1 });
const heldOf = (intent: IntentEntry): AuditEntry =>
  makeEvent({
    at: at(6),
    name: 'answer_denied',
    detail: { method: 'tools/call', ...WHY, record: showRef(intent.ref) },
  });

function write(): { readonly held: IntentEntry; readonly other: IntentEntry } {
  const sink = scene.sink();
  const held = makeIntent({ at: at(0), rpcId: 'held' });
  const other = makeIntent({ at: at(1), rpcId: 'other' });
  sink.append([held, other]);
  sink.append([makeOutcome(held), heldOf(held), makeOutcome(other)]);
  return { held, other };
}

test('in the list, by its own word, which a filter takes', () => {
  write();
  const words = readRecentCalls(scene.stateDir, 9, {}).map(({ rpcId, state, withheld }) => [rpcId, state, withheld]);
  expect(words).toEqual([
    ['held', 'withheld', expect.objectContaining(WHY)],
    ['other', 'ok', undefined],
  ]);
  const only = readRecentCalls(scene.stateDir, 9, { outcome: 'withheld' });
  expect(only.map(({ rpcId }) => rpcId)).toEqual(['held']);
});

test('by its id, with what the server said', () => {
  const { held, other } = write();
  const found = [held, other].map((one) => findRecord(scene.stateDir, one.ref ?? fail('no ref')));
  expect(found).toMatchObject([
    { call: { state: 'withheld', withheld: WHY, outcomes: [{ settlement: 'result' }] } },
    { call: { state: 'ok', withheld: undefined } },
  ]);
});

test('of a task that ends in a later file of its guard than it was announced', () => {
  const sink = scene.sink({ maxSegmentBytes: 1 });
  const intent = makeIntent({ at: at(0) });
  sink.append([intent, makeOutcome(intent, { resultType: 'task', taskId: 't' })]);
  const stateOf = () => findRecord(scene.stateDir, intent.ref ?? fail('no ref'));
  expect(stateOf()).toMatchObject({ call: { state: 'task' } });
  sink.append([makeOutcome(intent, { settlement: 'task' }), heldOf(intent)]);
  expect(scene.segments()).toHaveLength(2);
  expect(stateOf()).toMatchObject({ call: { state: 'withheld', outcomes: [{}, { settlement: 'task' }] } });
  expect(readRecentCalls(scene.stateDir, 9, {})).toMatchObject([{ state: 'withheld' }]);
});

it.each([{}, { record: null }, { record: 'unrecorded' }, { record: 'x'.repeat(16) }])(
  'an event that names no record says nothing of a call: %j',
  (detail) => {
    const sink = scene.sink();
    const intent = makeIntent({ at: at(0) });
    sink.append([intent, makeOutcome(intent), makeEvent({ at: at(3), name: 'answer_denied', detail })]);
    expect(readRecentCalls(scene.stateDir, 9, {})).toMatchObject([{ state: 'ok' }]);
  },
);

describe('as it comes', () => {
  it('never as one that was answered', async () => {
    const sink = scene.sink();
    const intent = makeIntent({ at: at(0) });
    sink.append([makeEvent({ at: at(0) })]);
    const words: string[] = [];
    const seen = new Promise<void>((resolve) => {
      const onCall = ({ state, rpcId }: { state: string; rpcId: unknown }) => {
        words.push(state);
        if (rpcId === 'last') resolve();
      };
      followCalls({ stateDir: scene.stateDir, filter: {}, onCall, signal: stop.signal, pollMs: 5 });
    });
    sink.append([intent]);
    sink.append([makeOutcome(intent), heldOf(intent)]);
    sink.append([makeIntent({ at: at(9), rpcId: 'last', decision: 'deny' })]);
    await seen;
    expect(words).toEqual(['pending', 'withheld', 'denied']);
  });

  it('once more where its outcome had been read alone', async () => {
    const sink = scene.sink();
    const intent = makeIntent({ at: at(0) });
    sink.append([intent]);
    const words: string[] = [];
    const seen = new Promise<void>((resolve) => {
      const onCall = ({ state }: { state: string }) => {
        words.push(state);
        if (state === 'ok' && words.length === 1) sink.append([heldOf(intent)]);
        if (state === 'withheld') resolve();
      };
      followCalls({ stateDir: scene.stateDir, filter: {}, onCall, signal: stop.signal, pollMs: 5 });
    });
    sink.append([makeOutcome(intent)]);
    await seen;
    expect(words).toEqual(['ok', 'withheld']);
  });
});
