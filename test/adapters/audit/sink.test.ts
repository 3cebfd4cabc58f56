// The sink when nothing goes wrong: what is created when, what a record keeps, when a segment ends, what is synced.
import * as fs from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeTrailFiles } from '../../../src/adapters/trail-files.ts';
import { makeEvent, makeIntent, makeOutcome, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const DAY = 86_400_000;
const at = (wallMs: number) => ({ wallMs, monoMs: 1 });
const types = () => scene.records().map((records) => records.map(({ header }) => header.type));

describe('the sink', () => {
  it('creates nothing before the first append, and nothing at all where nothing is appended', () => {
    const sink = scene.sink();
    expect(sink.append([])).toBe(true);
    sink.close('done');
    expect(fs.readdirSync(scene.stateDir)).toEqual([]);
  });

  it('has the entries on disk when append returns, each with its ref', () => {
    const sink = scene.sink();
    const intent = makeIntent({ at: at(START) });
    const event = makeEvent({ at: at(START) });
    expect(sink.append([event, intent])).toBe(true);
    expect(types()).toEqual([['open', 'event', 'intent']]);
    expect([event.ref?.seq, intent.ref?.seq]).toEqual([2, 3]);
    const outcome = makeOutcome(intent);
    expect(sink.append([outcome])).toBe(true);
    expect(scene.records()[0]?.at(-1)?.header.intent).toBe(`${intent.ref?.segment}:3`);
    expect(basename(scene.segments()[0] ?? '')).toBe(`${intent.ref?.segment}.jsonl`);
    sink.close('done');
    sink.close('again');
    expect(types()).toEqual([['open', 'event', 'intent', 'outcome', 'seal']]);
    expect(scene.verdicts()).toEqual(['intact']);
  });

  it('takes a batch in one write', () => {
    const written: string[] = [];
    const files = {
      ...nodeTrailFiles,
      write: (fd: number, content: string | Uint8Array) =>
        written.push(String(content)) && nodeTrailFiles.write(fd, content),
    };
    const sink = scene.sink({ files });
    sink.append([makeIntent(), makeIntent(), makeEvent()]);
    expect(written).toHaveLength(2); // the marker, and the batch
    expect(written[1]?.match(/\n/g)).toHaveLength(4);
  });

  it('keeps everything closed to others', () => {
    const sink = scene.sink();
    const big = payloadOf({ x: 'y'.repeat(70_000) });
    const intent = makeIntent({ payload: big });
    sink.append([intent]);
    const mode = (path: string) => fs.statSync(path).mode & 0o777;
    const { segment } = intent.ref ?? { segment: '' };
    expect([scene.paths.audit, scene.paths.open, scene.paths.payload, scene.paths.payloads(segment)].map(mode)).toEqual(
      [0o700, 0o700, 0o700, 0o700],
    );
    const [payload = ''] = fs.readdirSync(scene.paths.payloads(segment));
    expect(
      [scene.segments()[0] ?? '', scene.paths.marker(segment), `${scene.paths.payloads(segment)}/${payload}`].map(mode),
    ).toEqual([0o600, 0o600, 0o600]);
    expect(fs.readFileSync(`${scene.paths.payloads(segment)}/${payload}`).equals(big.bytes.subarray(0, -1))).toBe(true);
    sink.close('done');
    expect(fs.readdirSync(scene.paths.open)).toEqual([]);
    expect(scene.verdicts()).toEqual(['intact']);
  });

  it('refuses after close', () => {
    const sink = scene.sink();
    sink.append([makeIntent()]);
    sink.close('done');
    expect(sink.append([makeIntent()])).toBe(false);
    expect(types()).toEqual([['open', 'intent', 'seal']]);
  });

  it.each(['run', '../x', 'A', '', 'a/b', 'ä'])('takes no tenant called %j', (tenant) => {
    expect(() => scene.sink({ tenant })).toThrow('is no name for a tenant');
  });
});

describe('a payload', () => {
  const only = () => scene.records()[0]?.[1];

  it('is the line itself', () => {
    scene.sink().append([makeIntent()]);
    expect(only()).toMatchObject({ payloadText: makeIntent().payload?.text, header: { p: 'line' } });
  });

  it.each([
    [
      'a refused line',
      makeIntent({ decision: 'deny', payload: { bytes: Buffer.from('{"a":1,\r"a":2}'), text: '{"a":1,\r"a":2}' } }),
    ],
    [
      'a refused answer',
      makeOutcome(makeIntent(), {
        settlement: 'refused',
        payload: { bytes: Buffer.from('{"a":1}}'), text: '{"a":1}}' },
      }),
    ],
    ['a line that would end the record', makeIntent({ payload: { bytes: Buffer.from('{\n}'), text: '{\n}' } })],
    [
      'what looks like a reference to a file',
      makeIntent({ decision: 'deny', payload: payloadOf({ file: '/etc/passwd' }) }),
    ],
  ])('that is %s stands there as a string', (_name, entry) => {
    scene.sink().append([entry]);
    expect(only()?.header.p).toBe('text');
    expect(JSON.parse(only()?.payloadText ?? '')).toBe(entry.payload?.text);
    expect(scene.verdicts()).toEqual(['unclean']);
  });

  it('that is no utf-8 stands in a file, byte for byte', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 10]);
    const intent = makeIntent({ decision: 'deny', payload: { bytes, text: bytes.toString().trimEnd() } });
    scene.sink().append([intent]);
    const digest = String(only()?.header.in);
    expect(
      fs.readFileSync(`${scene.paths.payloads(intent.ref?.segment ?? '')}/${digest}`).equals(bytes.subarray(0, -1)),
    ).toBe(true);
    expect(scene.verdicts()).toEqual(['unclean']);
  });

  it.each([
    [65_536, 'line'],
    [65_537, 'file'],
  ])('of %d bytes is kept as `%s`', (size, form) => {
    const text = `{"x":"${'y'.repeat(size - 8)}"}`;
    scene.sink().append([makeIntent({ payload: { bytes: Buffer.from(`${text}\n`), text } })]);
    expect(only()?.header.p).toBe(form);
    expect(scene.verdicts()).toEqual(['unclean']);
  });

  it('is not kept with `digest`, nor anything of it with `off`', () => {
    const secret = payloadOf({ secret: 'hunter2'.repeat(20_000) });
    for (const payload of ['digest', 'off'] as const) scene.sink({ payload }).append([makeIntent({ payload: secret })]);
    const [first, second] = scene.records().map((records) => records[1]);
    const byForm = [first, second].sort((a, b) => String(a?.header.p).localeCompare(String(b?.header.p)));
    expect(byForm[0]).toMatchObject({
      header: { p: 'digest', in: expect.stringMatching(/^[0-9a-f]{64}$/) },
      payloadText: undefined,
    });
    expect(byForm[1]).toMatchObject({ header: { p: 'off' }, payloadText: undefined, salt: undefined });
    expect(byForm[1]?.header).not.toHaveProperty('in');
    expect(
      scene
        .segments()
        .map((path) => fs.readFileSync(path, 'utf8'))
        .join(''),
    ).not.toContain('hunter2');
    expect(fs.existsSync(scene.paths.payload)).toBe(false);
    expect(scene.verdicts()).toEqual(['unclean', 'unclean']);
  });

  it('has a salt of its own', () => {
    const sink = scene.sink();
    for (let i = 0; i < 600; i++) sink.append([makeIntent()]);
    const salts = scene
      .records()[0]
      ?.slice(1)
      .map((record) => record.salt);
    expect(new Set(salts).size).toBe(600);
  });
});

describe('a new file', () => {
  it.each(['file', 'link', 'dangling link'])('is never one that is there already: %s', (kind) => {
    const path = join(scene.stateDir, 'taken');
    if (kind === 'file') fs.writeFileSync(path, 'mine');
    else fs.symlinkSync(kind === 'link' ? '/etc/hostname' : '/nowhere/at/all', path);
    expect(() => nodeTrailFiles.create(path)).toThrow('EEXIST');
  });
});

describe('a segment', () => {
  it('ends when it is full; the next one continues it', () => {
    const sink = scene.sink({ maxSegmentBytes: 2000 });
    const intent = makeIntent();
    sink.append([intent]);
    for (let i = 0; i < 9; i++) expect(sink.append([makeEvent()])).toBe(true);
    sink.append([makeOutcome(intent)]);
    sink.close('done');
    const records = scene.records();
    expect(records.length).toBeGreaterThan(2);
    expect(scene.verdicts()).toEqual(records.map(() => 'intact'));
    const byAfter = new Map(
      records.map(([open]) => [JSON.stringify(open?.header.after && Object(open.header.after).segment), open?.header]),
    );
    expect(byAfter.size).toBe(records.length);
    expect(records.flat().filter(({ header }) => header.type === 'event')).toHaveLength(9);
    expect(records.flat().filter(({ header }) => header.type === 'seal')).toHaveLength(records.length);
  });

  it('ends with its day', () => {
    const sink = scene.sink();
    sink.append([makeIntent({ at: at(START) })]);
    sink.append([makeIntent({ at: at(START + DAY) })]);
    sink.append([makeIntent({ at: at(START) })]); // a clock that stepped back opens nothing
    sink.close('done');
    expect(types()).toEqual([
      ['open', 'intent', 'seal'],
      ['open', 'intent', 'intent', 'seal'],
    ]);
    expect(scene.segments().map((path) => path.split('/').at(-2))).toEqual(['2026-03-01', '2026-03-02']);
    expect(scene.records()[1]?.[0]?.header.after).toMatchObject({ why: 'rotated_day', sealed: true, seq: 3 });
    expect(scene.verdicts()).toEqual(['intact', 'intact']);
  });

  it('ends when too much stands outside of it', () => {
    const sink = scene.sink({ maxSegmentBytes: 50_000 });
    const payload = payloadOf({ x: 'y'.repeat(110_000) });
    for (let i = 0; i < 3; i++) sink.append([makeIntent({ payload })]);
    expect(scene.segments()).toHaveLength(2);
  });

  it('points at the last one that the tenant sealed', () => {
    const first = scene.sink();
    first.append([makeIntent({ at: at(START) })]);
    first.close('done');
    const second = scene.sink();
    second.append([makeIntent({ at: at(START + 5) })]);
    const head = scene.records()[0]?.at(-1)?.hash;
    expect(scene.records()[1]?.[0]?.header.link).toMatchObject({ seq: 3, head, sealed: true });
    second.close('done');
    fs.rmSync(scene.segments()[0] ?? '');
    expect(scene.verdicts()).toEqual(['intact', expect.stringContaining('the segment is gone')]);
  });
});

describe('sync', () => {
  function counted() {
    const calls: string[] = [];
    const files = {
      ...nodeTrailFiles,
      sync: (fd: number) => {
        calls.push('now');
        nodeTrailFiles.sync(fd);
      },
      syncLater: (_fd: number, done: (error: Error | null) => void) => {
        calls.push('later');
        done(null);
      },
    };
    return { calls, files };
  }

  it('`always` comes before the append returns', () => {
    const { calls, files } = counted();
    const sink = scene.sink({ files, sync: 'always' });
    sink.append([makeIntent()]);
    expect(calls).toEqual(['now', 'now']); // the directory, the segment
    sink.append([makeIntent({ payload: payloadOf('y'.repeat(70_000)) })]);
    expect(calls).toHaveLength(4); // the payload, the segment
    expect(scene.timers).toEqual([]);
  });

  it('`group` comes later, once for all that was written', () => {
    const { calls, files } = counted();
    const sink = scene.sink({ files });
    for (let i = 0; i < 5; i++) sink.append([makeIntent()]);
    expect([calls, scene.timers.length]).toEqual([[], 1]);
    scene.timers[0]?.();
    expect(calls).toEqual(['later', 'later']);
    sink.append([makeIntent()]);
    expect(scene.timers).toHaveLength(2);
    const before = calls.length;
    sink.close('done');
    // Without a timer: nobody may be left to wait for one.
    expect(calls.slice(before)).toEqual(['later']);
    expect(scene.timers).toHaveLength(2);
  });

  it('`off` never comes', () => {
    const { calls, files } = counted();
    const sink = scene.sink({ files, sync: 'off' });
    sink.append([makeIntent()]);
    sink.close('done');
    expect([calls, scene.timers]).toEqual([[], []]);
  });

  it('is waited for by idle', async () => {
    const sink = scene.sink();
    sink.append([makeIntent()]);
    const idle = sink.idle();
    scene.timers[0]?.();
    await idle;
    sink.close('done');
    await sink.idle();
    expect(scene.verdicts()).toEqual(['intact']);
  });
});
