// Every system call fails once, or from then on: what was acknowledged is there and whole, what was not is nowhere.
import * as fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonlSinkOptions } from '../../../src/adapters/jsonl-sink.ts';
import { createSyncSchedule } from '../../../src/adapters/sync-schedule.ts';
import { nodeTrailFiles } from '../../../src/adapters/trail-files.ts';
import type { IntentEntry } from '../../../src/audit/entry.ts';
import { readRef } from '../../../src/audit/segment-id.ts';
import { makeIntent, makeOutcome, payloadOf } from '../../audit/sample.ts';
import { type Call, endScene, failing, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const large = payloadOf({ x: 'y'.repeat(70_000) });

/** Five calls, a large payload among them, over several segments. Returns what was acknowledged. */
function runCalls(options: Partial<JsonlSinkOptions>): { acknowledged: number[]; refused: number } {
  const sink = scene.sink({ maxSegmentBytes: 3000, ...options });
  const acknowledged: number[] = [];
  let refused = 0;
  for (let id = 1; id <= 5; id++) {
    const at = { wallMs: START + id, monoMs: id };
    const intent: IntentEntry = makeIntent({ at, rpcId: id, ...(id === 3 ? { payload: large } : {}) });
    if (!sink.append([intent])) {
      refused += 1;
      continue;
    }
    acknowledged.push(id);
    if (!sink.append([makeOutcome(intent, { taskId: `t${id}` })])) refused += 1;
    for (const timer of scene.timers.splice(0)) timer();
  }
  sink.close('done');
  return { acknowledged, refused };
}

function expectWhole(acknowledged: readonly number[], exact: boolean): void {
  const records = scene.records().flat();
  const ids = records.filter(({ header }) => header.type === 'intent').map(({ header }) => header.id);
  if (exact) expect(ids).toEqual(acknowledged);
  else expect(ids).toEqual(expect.arrayContaining([...acknowledged]));
  expect(new Set(ids).size).toBe(ids.length);
  // Every outcome points at the intent that it belongs to, or at none.
  for (const { header } of records.filter((record) => record.header.type === 'outcome')) {
    const ref = typeof header.intent === 'string' ? readRef(header.intent) : undefined;
    if (ref === undefined) continue;
    const segment = scene.segments().findIndex((path) => path.includes(ref.segment));
    expect(`t${scene.records()[segment]?.[ref.seq - 1]?.header.id}`).toBe(header.taskId);
  }
}

const faults: [Call, string][] = [
  ['write', 'short'],
  ['write', 'ENOSPC'],
  ['write', 'EIO'],
  ['write', 'EROFS'],
  ['makeDir', 'EACCES'],
  ['makeDir', 'EROFS'],
  ['create', 'EACCES'],
  ['create', 'EMFILE'],
  ['create', 'EEXIST'],
  ['openDir', 'EMFILE'],
  ['close', 'EIO'],
  ['remove', 'EROFS'],
  ['rename', 'EROFS'],
];

describe.each(['deny', 'allow-and-count'] as const)('with `%s`', (onFailure) => {
  describe.each(faults)('%s → %s', (call, fault) => {
    it('once, at every place', () => {
      const dry = failing([call], 0, fault);
      runCalls({ files: dry.files, onFailure });
      expect(dry.count()).toBeGreaterThan(0);
      for (let at = 1; at <= dry.count(); at++) {
        endScene(scene);
        scene = makeScene();
        const { acknowledged, refused } = runCalls({ files: failing([call], at, fault).files, onFailure });
        expect(scene.verdicts().filter((verdict) => verdict !== 'intact' && verdict !== 'unclean')).toEqual([]);
        const gaps = scene
          .records()
          .flat()
          .filter(({ header }) => header.type === 'gap');
        if (onFailure === 'deny') {
          expectWhole(acknowledged, true);
          // What was refused is accounted for as soon as something can be written.
          expect(gaps.reduce((sum, { header }) => sum + Number(header.lost), 0)).toBe(refused);
        } else {
          expect(refused).toBe(0);
          const written = scene
            .records()
            .flat()
            .filter(({ header }) => header.type === 'intent' || header.type === 'outcome');
          expect(written.length + gaps.reduce((sum, { header }) => sum + Number(header.lost), 0)).toBe(10);
          expectWhole([], false);
        }
      }
    });

    it('from some place on', () => {
      const dry = failing([call], 0, fault);
      runCalls({ files: dry.files, onFailure });
      for (let at = 1; at <= dry.count(); at++) {
        endScene(scene);
        scene = makeScene();
        const { acknowledged } = runCalls({ files: failing([call], at, fault, true).files, onFailure });
        expect(scene.verdicts().filter((verdict) => verdict !== 'intact' && verdict !== 'unclean')).toEqual([]);
        if (onFailure === 'deny') expectWhole(acknowledged, true);
      }
    });
  });
});

describe('a write that fails and cannot be taken back', () => {
  it.each(['short', 'EIO'])('leaves a torn tail behind which nothing is ever written: %s', (fault) => {
    for (let at = 2; at < 8; at++) {
      endScene(scene);
      scene = makeScene();
      const broken = failing(['write'], at, fault);
      const { acknowledged } = runCalls({
        files: {
          ...broken.files,
          truncate: () => {
            throw new Error('EIO');
          },
        },
        maxSegmentBytes: 1e6,
      });
      expect(scene.verdicts().filter((verdict) => verdict.startsWith('broken'))).toEqual([]);
      const ids = scene
        .segments()
        .flatMap((path) =>
          [...fs.readFileSync(path, 'utf8').matchAll(/^\{"h":\{"asked".*?"id":(\d+),.*\}$/gm)].map((match) =>
            Number(match[1]),
          ),
        );
      expect(ids.toSorted()).toEqual(acknowledged);
    }
  });
});

describe('a sync that fails', () => {
  it('`group`: retires the segment at once; the next one says so', () => {
    const { files } = failing(['syncLater'], 2, 'EIO');
    const sink = scene.sink({ files });
    const at = (wallMs: number) => ({ wallMs, monoMs: 1 });
    sink.append([makeIntent({ at: at(START), rpcId: 1 })]);
    for (const timer of scene.timers.splice(0)) timer();
    expect(sink.append([makeIntent({ at: at(START + 9), rpcId: 2 })])).toBe(true);
    sink.close('done');
    expect(scene.verdicts()).toEqual(['unclean', 'intact']);
    expect(scene.records()[1]?.[0]?.header.after).toMatchObject({ why: 'sync_failed', sealed: false, seq: 2 });
    expect(scene.said.join()).toContain('could not be synced');
  });

  it('is never tried again on the same descriptor', () => {
    const synced: number[] = [];
    const failed: number[] = [];
    const { files } = failing([], 0, '');
    const opened: number[] = [];
    const sink = scene.sink({
      files: {
        ...files,
        create: (path) => {
          const fd = files.create(path);
          opened.push(fd);
          return fd;
        },
        syncLater: (fd, done) => {
          if (opened.includes(fd)) failed.push(fd);
          done(opened.includes(fd) ? new Error('EIO') : null);
        },
        sync: (fd) => void synced.push(fd),
      },
    });
    sink.append([makeIntent()]);
    for (const timer of scene.timers.splice(0)) timer();
    sink.close('done');
    expect(failed).toHaveLength(1);
    expect(synced.filter((fd) => failed.includes(fd))).toEqual([]);
    expect(scene.verdicts()).toEqual(['unclean']);
  });

  it('is not tried for what was written while it was under way', () => {
    const timers: (() => void)[] = [];
    const synced: [number, (error: Error | null) => void][] = [];
    const closed: number[] = [];
    const failures: Error[] = [];
    const files = {
      ...nodeTrailFiles,
      syncLater: (fd: number, done: (error: Error | null) => void) => void synced.push([fd, done]),
      close: (fd: number) => void closed.push(fd),
    };
    const schedule = createSyncSchedule(
      files,
      'group',
      (action) => timers.push(action),
      (error) => failures.push(error),
    );
    schedule.written(7);
    timers.shift()?.();
    schedule.written(7);
    schedule.abandon(7);
    expect(closed).toEqual([]); // a sync is under way on it
    synced.shift()?.[1](new Error('EIO'));
    expect([closed, failures.length]).toEqual([[7], 1]);
    for (const timer of timers.splice(0)) timer();
    schedule.flush();
    expect(synced).toEqual([]);
  });

  it('`always`: refuses what it was for, at every place', () => {
    const dry = failing(['sync'], 0, 'EIO');
    runCalls({ files: dry.files, sync: 'always' });
    expect(dry.count()).toBeGreaterThan(10);
    for (let at = 1; at <= dry.count(); at++) {
      endScene(scene);
      scene = makeScene();
      const { acknowledged } = runCalls({ files: failing(['sync'], at, 'EIO').files, sync: 'always' });
      expectWhole(acknowledged, true);
      expect(scene.verdicts().filter((verdict) => verdict !== 'intact' && verdict !== 'unclean')).toEqual([]);
    }
  });
});

describe('what is told', () => {
  it('a denial names the place where the gap record will stand', () => {
    const broken = failing(['write'], 2, 'ENOSPC', true);
    const sink = scene.sink({ files: broken.files });
    const denied = makeIntent();
    expect(sink.append([denied])).toBe(false);
    expect(sink.append([makeIntent()])).toBe(false);
    broken.heal();
    expect(sink.append([makeIntent()])).toBe(true);
    const gap = scene.records()[0]?.[(denied.ref?.seq ?? 0) - 1]?.header;
    expect(gap).toMatchObject({ type: 'gap', lost: 2, policy: 'deny', since: denied.at.wallMs });
    expect(scene.segments()[0]).toContain(denied.ref?.segment);
    expect(scene.said).toEqual([
      expect.stringMatching(/^error: the audit trail cannot be written: ENOSPC.*denied$/),
      expect.stringMatching(/^warn: .*2 records are missing$/),
    ]);
  });

  it('with `allow-and-count` a lost intent has no ref, and its outcome points at none', () => {
    const broken = failing(['write'], 2, 'ENOSPC');
    const sink = scene.sink({ files: broken.files, onFailure: 'allow-and-count' });
    const intent = makeIntent();
    expect(sink.append([intent])).toBe(true);
    expect(intent.ref).toBeUndefined();
    expect(sink.append([makeOutcome(intent)])).toBe(true);
    expect(scene.records()[0]?.map(({ header }) => [header.type, header.intent])).toEqual([
      ['open', undefined],
      ['gap', undefined],
      ['outcome', null],
    ]);
  });

  it('with `deny` an outcome points at no intent that was refused', () => {
    const sink = scene.sink({ files: failing(['write'], 2, 'ENOSPC').files });
    const intent = makeIntent();
    expect(sink.append([intent])).toBe(false);
    sink.append([makeOutcome(intent)]);
    expect(scene.records()[0]?.at(-1)?.header).toMatchObject({ type: 'outcome', intent: null });
  });

  it('a name that is taken is not the end', () => {
    expect(scene.sink({ files: failing(['create'], 1, 'EEXIST').files }).append([makeIntent()])).toBe(true);
    expect(scene.sink({ files: failing(['create'], 2, 'EEXIST').files }).append([makeIntent()])).toBe(true);
    expect(fs.readdirSync(scene.paths.open)).toHaveLength(2);
  });

  it('no segment is begun behind half a marker', () => {
    expect(scene.sink({ files: failing(['write'], 1, 'short').files }).append([makeIntent()])).toBe(false);
    expect([fs.readdirSync(scene.paths.open), scene.segments()]).toEqual([[], []]);
  });

  it('a gap is put on record at close at the latest', () => {
    const broken = failing(['write'], 2, 'ENOSPC');
    const sink = scene.sink({ files: broken.files });
    sink.append([makeIntent()]);
    sink.close('done');
    expect(scene.records()[0]?.map(({ header }) => header.type)).toEqual(['open', 'gap', 'seal']);
    expect(scene.verdicts()).toEqual(['intact']);
  });
});
