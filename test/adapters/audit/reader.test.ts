// Reading: the last calls, one by its id, new ones as they come, and files that somebody made to hurt the reader.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecentCalls } from '../../../src/adapters/recent-calls.ts';
import { followCalls } from '../../../src/adapters/trail-follow.ts';
import { blocksOf, MAX_LINE_BYTES, readLinesBackward, readLinesForward } from '../../../src/adapters/trail-lines.ts';
import { findRecord, loadExternal } from '../../../src/adapters/trail-reader.ts';
import { verifyTrail } from '../../../src/adapters/trail-verify.ts';
import type { Call } from '../../../src/audit/query.ts';
import { formatSegmentId } from '../../../src/audit/segment-id.ts';
import { makeEvent, makeIntent, makeOutcome, payloadOf } from '../../audit/sample.ts';
import { endScene, fail, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const DAY = 86_400_000;
const at = (wallMs: number) => ({ wallMs, monoMs: 1 });

describe('lines', () => {
  it.each([
    '',
    'a',
    '\n',
    'a\n',
    'a\nb',
    '\n\na\n',
    `${'x'.repeat(40_000)}\ny\n${'z'.repeat(300_000)}\nw`,
    'ä\n'.repeat(200_000),
  ])('are the same from the front and from the end (case %#)', (content) => {
    const path = join(scene.stateDir, 'lines');
    fs.writeFileSync(path, content);
    const fd = fs.openSync(path, 'r');
    const forward = [...readLinesForward(fd)];
    expect([...readLinesBackward(blocksOf(fd), Buffer.byteLength(content))].reverse()).toEqual(forward);
    expect(forward.map(({ text, ended }) => text + (ended ? '\n' : '')).join('')).toBe(content);
    fs.closeSync(fd);
  });

  it('are not kept where they are longer than any record, nor where they are no utf-8', () => {
    const path = join(scene.stateDir, 'lines');
    fs.writeFileSync(
      path,
      Buffer.concat([Buffer.from(`a\n${'x'.repeat(MAX_LINE_BYTES + 1)}\n`), Buffer.from([0xff, 10])]),
    );
    const fd = fs.openSync(path, 'r');
    const texts = [...readLinesForward(fd)].map(({ text }) => text);
    expect(texts).toEqual(['a', undefined, undefined]);
    expect([...readLinesBackward(blocksOf(fd), fs.fstatSync(fd).size)].map(({ text }) => text).reverse()).toEqual(
      texts,
    );
    fs.closeSync(fd);
  });
});

describe('the last calls', () => {
  function write(): void {
    const [a, b] = [scene.sink(), scene.sink()];
    for (let i = 0; i < 30; i++) {
      const intent = makeIntent({
        at: at(START + i * 10),
        rpcId: i,
        subject: i % 3 === 0 ? 'write_file' : 'read_file',
      });
      const sink = i % 2 === 0 ? a : b;
      sink.append([intent]);
      if (i !== 7) sink.append([makeOutcome(intent, { isError: i === 5 })]);
    }
    a.append([makeEvent({ at: at(START + 500) })]);
    scene.now = at(START + 1000);
    a.close('done');
  }
  const ids = (calls: readonly Call[]) => calls.map(({ rpcId }) => rpcId);

  it('are merged by time, oldest first', () => {
    write();
    expect(ids(readRecentCalls(scene.stateDir, 4, {}))).toEqual([26, 27, 28, 29]);
    expect(ids(readRecentCalls(scene.stateDir, 99, {}))).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(readRecentCalls(scene.stateDir, 0, {})).toEqual([]);
  });

  it('are those that a filter asks for', () => {
    write();
    const of = (filter: Parameters<typeof readRecentCalls>[2]) => ids(readRecentCalls(scene.stateDir, 99, filter));
    expect(of({ outcome: 'pending' })).toEqual([7]);
    expect(of({ outcome: 'failed' })).toEqual([5]);
    expect(of({ tool: 'write_file', since: START + 200 })).toEqual([21, 24, 27]);
    expect(of({ tenant: 'other' })).toEqual([]);
  });

  it('join a call whose outcome went into the next day', () => {
    const sink = scene.sink();
    const intent = makeIntent({ at: at(START) });
    sink.append([intent]);
    sink.append([makeOutcome(intent, { at: at(START + DAY) })]);
    sink.close('done');
    expect(scene.segments()).toHaveLength(2);
    expect(readRecentCalls(scene.stateDir, 5, {})).toMatchObject([{ state: 'ok' }]);
    expect(findRecord(scene.stateDir, intent.ref ?? fail('no ref'))).toMatchObject({
      kind: 'call',
      call: { state: 'ok' },
    });
  });

  it('are found without reading the rest of a long trail', () => {
    const sink = scene.sink();
    const payload = payloadOf('y'.repeat(20_000));
    for (let i = 0; i < 100; i++) sink.append([makeIntent({ payload })]);
    let read = 0;
    const original = fs.readSync;
    const path = scene.segments()[0] ?? '';
    const fd = fs.openSync(path, 'r');
    const size = fs.fstatSync(fd).size;
    const lines = readLinesBackward((begin, length) => {
      read += length;
      const block = Buffer.alloc(length);
      original(fd, block, 0, length, begin);
      return block;
    }, size);
    lines.next();
    expect(read).toBeLessThan(size / 10);
    fs.closeSync(fd);
  });
});

describe('a record', () => {
  it('is found by its id: a call by either half, a gap or an event as it stands', () => {
    const sink = scene.sink();
    const intent = makeIntent();
    const outcome = makeOutcome(intent);
    const event = makeEvent();
    sink.append([event, intent]);
    sink.append([outcome]);
    for (const entry of [intent, outcome]) {
      expect(findRecord(scene.stateDir, entry.ref ?? fail('no ref'))).toMatchObject({
        kind: 'call',
        call: { ref: intent.ref, state: 'ok' },
      });
    }
    expect(findRecord(scene.stateDir, event.ref ?? fail('no ref'))).toMatchObject({
      kind: 'record',
      placed: { record: { header: { name: 'client' } } },
    });
    expect(findRecord(scene.stateDir, { segment: formatSegmentId(1, 1), seq: 1 })).toBeUndefined();
    expect(findRecord(scene.stateDir, { segment: intent.ref?.segment ?? '', seq: 99 })).toBeUndefined();
  });

  it('gives back a payload that stands outside, or says that it is gone or another', () => {
    const payload = payloadOf({ x: 'ü'.repeat(70_000) });
    const intent = makeIntent({ payload });
    scene.sink().append([intent]);
    const [, record] = scene.records()[0] ?? [];
    const { segment } = intent.ref ?? fail('no ref');
    const digest = String(record?.header.in);
    const load = () => loadExternal(scene.stateDir, 'default', segment, digest, record?.salt ?? '');
    expect(load()).toEqual({ kind: 'ok', bytes: payload.bytes.subarray(0, -1) });
    const path = join(scene.paths.payloads(segment), digest);
    fs.appendFileSync(path, 'x');
    expect(load()).toEqual({ kind: 'mismatch' });
    expect(scene.verdicts()).toEqual(['broken at 2: the payload is not the one that the header commits to']);
    fs.rmSync(path);
    expect(load()).toEqual({ kind: 'missing' });
    expect(verifyTrail(scene.stateDir).segments[0]?.report).toMatchObject({ verdict: { kind: 'unclean' }, removed: 1 });
    fs.symlinkSync('/etc/hostname', path);
    expect(load()).toEqual({ kind: 'missing' });
    fs.writeFileSync(join(scene.paths.payload, 'near'), 'x');
    expect(loadExternal(scene.stateDir, 'default', segment, '../near', '')).toEqual({ kind: 'missing' });
  });
});

it('a reference to another payload file is found', () => {
  const intent = makeIntent({ payload: payloadOf('y'.repeat(70_000)) });
  scene.sink().append([intent]);
  const path = scene.segments()[0] ?? '';
  const text = fs.readFileSync(path, 'utf8');
  fs.writeFileSync(path, text.replace(/\{"file":"./, '{"file":"g'));
  expect(scene.verdicts()).toEqual(['broken at 2: the payload is not the one that the header commits to']);
});

describe('files that hurt', () => {
  it('stop no reader, and are named by verify', () => {
    const sink = scene.sink();
    const intent = makeIntent({ at: at(START) });
    sink.append([intent, makeOutcome(intent)]);
    sink.close('done');
    const day = join(scene.paths.audit, '2026-03-01');
    const names = Array.from({ length: 5 }, (_, i) => join(day, `${formatSegmentId(START + 100 + i, i)}.jsonl`));
    const [link = '', fifo = '', directory = '', huge = '', odd = ''] = names;
    fs.symlinkSync(scene.segments()[0] ?? '', link);
    execFileSync('mkfifo', [fifo]);
    fs.mkdirSync(directory);
    fs.writeFileSync(huge, 'x'.repeat(MAX_LINE_BYTES * 2));
    const frame = `,"hash":"${'0'.repeat(64)}"}`;
    fs.writeFileSync(
      odd,
      [
        `{"h":{"__proto__":{"type":"intent"},"seq":1}${frame}`,
        '\0',
        '[[[',
        `{"h":{"seq":-1,"type":"intent"}${frame}`,
        '',
      ].join('\n'),
    );
    fs.writeFileSync(join(day, 'x.jsonl'), 'not mine');
    fs.mkdirSync(join(scene.paths.audit, 'not-a-day'));
    expect(readRecentCalls(scene.stateDir, 10, {})).toMatchObject([{ rpcId: 7, state: 'ok' }]);
    const { segments, exitCode } = verifyTrail(scene.stateDir);
    expect(segments.map(({ report }) => report.verdict.kind)).toEqual([
      'intact',
      'broken',
      'broken',
      'broken',
      'torn',
      'broken',
    ]);
    expect(exitCode).toBe(2);
    expect(findRecord(scene.stateDir, { segment: fifo.slice(-22, -6), seq: 1 })).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty('type');
  });

  it('of another tenant are no part of this one', () => {
    const sink = scene.sink();
    sink.append([makeIntent({ at: at(START) })]);
    sink.close('done');
    fs.cpSync(join(scene.stateDir, 'default'), join(scene.stateDir, 'other'), { recursive: true });
    expect(scene.verdicts()).toEqual(['intact', 'broken at 1: the segment belongs to tenant `default`']);
  });
});

describe('following', () => {
  /** Resolves with the calls as soon as there are `count`. */
  function follow(count: number, signal: AbortSignal, pollMs: number): Promise<Call[]> {
    const calls: Call[] = [];
    return new Promise((resolve) => {
      const onCall = (call: Call) => calls.push(call) === count && resolve(calls);
      followCalls({ stateDir: scene.stateDir, filter: {}, onCall, signal, pollMs });
    });
  }

  it.each([
    ['told by the system', 600_000],
    ['looking by itself', 5],
  ])('sees what comes, of guards that start later, too: %s', async (_how, pollMs) => {
    const stop = new AbortController();
    const sink = scene.sink();
    const old = makeIntent({ at: at(START), rpcId: 0 });
    sink.append([old]);
    const seen = follow(4, stop.signal, pollMs);
    const intent = makeIntent({ at: at(START + 1), rpcId: 1 });
    sink.append([intent]);
    sink.append([makeOutcome(intent), makeOutcome(old, { isError: true })]);
    const other = scene.sink();
    other.append([makeIntent({ at: at(START + 2), rpcId: 2, decision: 'deny' })]);
    const calls = await seen;
    expect(calls.map(({ rpcId, state }) => [rpcId, state]).toSorted()).toEqual([
      [0, 'failed'],
      [1, 'ok'],
      [1, 'pending'],
      [2, 'denied'],
    ]);
    stop.abort();
  });
});
