// Segments and markers that somebody made to crash a reader, to keep it busy, or to make it say "intact".
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import { readRecentCalls } from '../../../src/adapters/recent-calls.ts';
import { followCalls } from '../../../src/adapters/trail-follow.ts';
import { findRecord } from '../../../src/adapters/trail-reader.ts';
import { verifyTrail } from '../../../src/adapters/trail-verify.ts';
import { canonicalText } from '../../../src/audit/canonical.ts';
import { hashRecord, startChain } from '../../../src/audit/chain.ts';
import type { Call } from '../../../src/audit/query.ts';
import { formatSegmentId } from '../../../src/audit/segment-id.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';
import { digest, makeIntent, makeOutcome } from '../../audit/sample.ts';
import { endScene, fail, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const DAY = '2026-03-01';
const SEGMENT = formatSegmentId(START + 100, 1);
const at = (wallMs: number) => ({ wallMs, monoMs: 1 });

/** One honest, sealed call, so that there is something to find beside the forgery. */
function writeHonest(): string {
  const sink = scene.sink();
  const intent = makeIntent({ at: at(START) });
  sink.append([intent, makeOutcome(intent)]);
  sink.close('done');
  return intent.ref?.segment ?? '';
}
const place = (segment = SEGMENT) => join(scene.paths.day(DAY), `${segment}.jsonl`);
/** A chain in which every hash fits, after an `open`. */
function forge(headers: readonly JsonObject[]): void {
  let { head } = startChain(SEGMENT, digest);
  const open = { type: 'open', v: 1, segment: SEGMENT, at: START, tenant: 'default' };
  const lines = [open, ...headers].map((header, index) => {
    const text = canonicalText({ ...header, prev: head, seq: index + 1 }) ?? fail('no canonical form');
    head = hashRecord(head, text, digest);
    return `{"h":${text},"hash":"${head}"}\n`;
  });
  fs.writeFileSync(place(), lines.join(''), { mode: 0o600 });
}
const intent = (over: JsonObject): JsonObject => ({ type: 'intent', at: START, method: 'tools/call', id: 1, ...over });
const recent = () => readRecentCalls(scene.stateDir, 10, {});

describe('a forged record', () => {
  it.each<[Json]>([[1e300], [-1e300], [8.64e15 + 2], [1.5], ['7'], [{ valueOf: 1, toString: 1 }], [null]])(
    'whose time is %j has none',
    (time) => {
      writeHonest();
      forge([intent({ at: time }), { type: 'outcome', at: time, intent: `${SEGMENT}:2`, settlement: 'result' }]);
      const forged = recent().find(({ ref }) => ref.segment === SEGMENT) ?? fail('not found');
      expect([forged.at, forged.outcomes[0]?.at]).toEqual([0, 0]);
      expect(recent()).toHaveLength(2);
      expect(findRecord(scene.stateDir, { segment: SEGMENT, seq: 2 })).toMatchObject({ call: { at: 0 } });
    },
  );

  it.each([8.64e15, -8.64e15, 0])('keeps a time that a date can hold: %d', (time) => {
    writeHonest();
    forge([intent({ at: time })]);
    expect(recent().find(({ ref }) => ref.segment === SEGMENT)?.at).toBe(time);
  });

  it('shows of its correlation only what is text', () => {
    writeHonest();
    forge([intent({ correlation: { a: { toString: 1, valueOf: 1 }, b: 'kept', c: 7, d: null, e: ['x'] } })]);
    expect(recent().find(({ ref }) => ref.segment === SEGMENT)?.correlation).toEqual({ b: 'kept' });
  });

  it('does not stop whoever follows', async () => {
    writeHonest();
    const stop = new AbortController();
    const calls = await new Promise<Call[]>((resolve) => {
      const seen: Call[] = [];
      const onCall = (call: Call) => seen.push(call) === 2 && resolve(seen);
      followCalls({ stateDir: scene.stateDir, filter: {}, onCall, signal: stop.signal, pollMs: 5 });
      forge([intent({ at: { valueOf: 1, toString: 1 } }), intent({ at: START })]);
    });
    expect(calls.map((call) => call.at)).toEqual([0, START]);
    stop.abort();
  });
});

/** Of this process, ms: what others do on the machine meanwhile is no slowness of the reader. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// Each of these took minutes, or longer than anybody waits.
describe('a segment made to keep a reader busy', () => {
  it('with many outcomes of one call costs one step for each, and keeps their order', () => {
    writeHonest();
    const outcomes = Array.from({ length: 30_000 }, (_, i) => ({
      type: 'outcome',
      at: START + i,
      intent: `${SEGMENT}:2`,
      settlement: 'result',
    }));
    forge([intent({}), ...outcomes]);
    const began = processorMs();
    const forged = recent().find(({ ref }) => ref.segment === SEGMENT) ?? fail('not found');
    expect(processorMs() - began).toBeLessThan(5000);
    expect(forged.outcomes).toHaveLength(30_000);
    expect(forged.outcomes.slice(0, 2).map((outcome) => outcome.at)).toEqual([START, START + 1]);
    expect(forged.outcomes.at(-1)?.at).toBe(START + 29_999);
  });

  it('with 10 MB of empty lines is read in seconds', () => {
    writeHonest();
    fs.writeFileSync(place(), '\n'.repeat(1e7));
    const began = processorMs();
    expect(recent()).toHaveLength(1);
    expect(processorMs() - began).toBeLessThan(10_000);
  }, 60_000);

  it('without an end of line is given up, from either end', () => {
    const honest = writeHonest();
    fs.writeFileSync(place(), '');
    fs.truncateSync(place(), 64 * 2 ** 30); // sparse
    expect(recent()).toHaveLength(1);
    expect(findRecord(scene.stateDir, { segment: SEGMENT, seq: 1 })).toBeUndefined();
    expect(scene.verdicts()).toEqual(['intact', 'broken at 1: the line is not utf-8, or longer than any record']);
    expect(honest).not.toBe('');
  });
});

describe('a marker', () => {
  const own = readOwnIdentity();
  const plant = (segment: string, over: object) =>
    fs.writeFileSync(
      scene.paths.marker(segment),
      JSON.stringify({ v: 1, path: `${DAY}/${segment}.jsonl`, ...own, ...over }),
    );
  const isLive = () => verifyTrail(scene.stateDir).segments.map((segment) => segment.isLive);

  it('excuses a missing seal only for the living process that the first record names', () => {
    const sink = scene.sink();
    const call = makeIntent({ at: at(START) });
    sink.append([call]);
    const { segment } = call.ref ?? fail('no ref');
    expect(isLive()).toEqual([true]);
    expect(verifyTrail(scene.stateDir).exitCode).toBe(0);
    for (const over of [
      { pidNamespace: 'elsewhere' },
      { pid: 1, pidNamespace: 'elsewhere', startTime: null, bootId: null },
      { pid: 1, startTime: null, bootId: null },
      { startTime: null },
      { bootId: null },
      { bootId: 'another' },
    ]) {
      plant(segment, over);
      expect([over, ...isLive()]).toEqual([over, false]);
      expect(verifyTrail(scene.stateDir).exitCode).toBe(1);
    }
    plant(segment, {});
    expect(isLive()).toEqual([true]);
  });

  it('excuses nothing where the first record names another process, or none', () => {
    const sink = scene.sink({ holder: { ...own, startTime: '1' } });
    sink.append([makeIntent({ at: at(START) })]);
    const [segment = ''] = scene.segments().map((path) => path.slice(-22, -6));
    plant(segment, {});
    expect(isLive()).toEqual([false]);
    forge([]);
    plant(SEGMENT, {});
    expect(isLive()).toEqual([false, false]);
  });
});
