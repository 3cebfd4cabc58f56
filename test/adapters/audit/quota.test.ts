// A record that has reached its quota takes nothing more, whoever wrote it, until there is room; what is there stays whole.
import * as fs from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRecordQuota, measureRecord } from '../../../src/adapters/record-quota.ts';
import { makeIntent, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const QUOTA = 1_048_576;
const at = (monoMs: number) => ({ wallMs: scene.now.wallMs, monoMs });
const big = () => makeIntent({ at: at(1), payload: payloadOf('y'.repeat(200_000)) });
const onDisk = () => measureRecord(scene.paths);

test('what does not fit is denied, not half written, and the chain holds', () => {
  const sink = scene.sink({ quotaBytes: QUOTA });
  let taken = 0;
  while (sink.append([big()])) taken += 1;
  expect(taken).toBe(6);
  // the last one began below it
  expect(onDisk()).toBeLessThan(QUOTA + 210_000);
  const before = onDisk();
  expect(sink.append([makeIntent({ at: at(2) })])).toBe(false);
  expect(onDisk()).toBe(before);
  expect(scene.said.join()).toContain(
    'its quota of 1048576 bytes (the oldest sealed segments leave; `mcp-guard tenant show` says what else makes room); calls are denied',
  );
  sink.close('done');
  expect(scene.verdicts()).toEqual(['intact']);
});

test('with `allow-and-count` calls go on, and the record says later how many are missing', () => {
  const sink = scene.sink({ quotaBytes: QUOTA, onFailure: 'allow-and-count' });
  for (let count = 0; count < 9; count += 1) expect(sink.append([big()])).toBe(true);
  for (const path of fs.readdirSync(scene.paths.payload)) fs.rmSync(scene.paths.payloads(path), { recursive: true });
  // looked at again after a second, not before
  expect(sink.append([makeIntent({ at: at(500) })])).toBe(true);
  expect(
    scene
      .records()
      .flat()
      .some(({ header }) => header.type === 'gap'),
  ).toBe(false);
  expect(sink.append([makeIntent({ at: at(1500) })])).toBe(true);
  expect(
    scene
      .records()
      .flat()
      .find(({ header }) => header.type === 'gap')?.header,
  ).toMatchObject({ lost: 4 });
  sink.close('done');
});

test('all guards of a tenant fill one, and no other tenant’s', () => {
  const first = scene.sink();
  for (let count = 0; count < 6; count += 1) first.append([big()]);
  first.close('done');
  expect(scene.sink({ quotaBytes: QUOTA }).append([makeIntent({ at: at(1) })])).toBe(false);
  const other = scene.sink({ quotaBytes: QUOTA, tenant: 'globex' });
  expect(other.append([makeIntent({ at: at(1) })])).toBe(true);
  other.close('done');
});

test('a session that finds it full has the oldest taken away where `audit.maxBytes` says so, and then there is room', async () => {
  // the second, small one is that of an order: what was sealed last never leaves
  for (const many of [6, 1]) {
    const sink = scene.sink();
    for (let more = 0; more < many; more += 1) sink.append([big()]);
    sink.close('done');
    await sink.idle();
    scene.now = { ...scene.now, wallMs: scene.now.wallMs + 1000 };
  }
  const sink = scene.sink({ quotaBytes: QUOTA, retention: { maxBytes: QUOTA / 2, maxAgeDays: 30 } });
  expect(sink.append([makeIntent({ at: at(1) })])).toBe(false);
  await sink.idle();
  expect(sink.append([makeIntent({ at: at(1500) })])).toBe(true);
  sink.close('done');
  expect(scene.segments()).toHaveLength(2);
  await sink.idle();
});

test('looks at the disk seldom', () => {
  const quota = createRecordQuota(scene.paths, 3 * QUOTA);
  const write = (size: number) => {
    fs.mkdirSync(scene.paths.payloads('s'), { recursive: true });
    fs.writeFileSync(`${scene.paths.payloads('s')}/x`, 'x'.repeat(size));
  };
  expect(quota.refuse(0, 0)).toBeUndefined();
  // another guard fills it: seen once this one has written a MiB
  write(3 * QUOTA);
  expect(quota.refuse(1000, 1)).toBeUndefined();
  expect(quota.refuse(QUOTA, 2)).toContain('quota');
  write(0);
  expect(quota.refuse(QUOTA, 500)).toContain('quota');
  expect(quota.refuse(QUOTA, 1002)).toBeUndefined();
});
