// What a dead guard left costs the next one a bounded effort, whatever somebody made of it.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import { claimStale, findStale } from '../../../src/adapters/stale-segments.ts';
import { makePrivateDir } from '../../../src/adapters/state-paths.ts';
import { nodeTrailFiles } from '../../../src/adapters/trail-files.ts';
import { MAX_LINE_BYTES } from '../../../src/adapters/trail-lines.ts';
import { startChain } from '../../../src/audit/chain.ts';
import { formatSegmentId } from '../../../src/audit/segment-id.ts';
import { digest, makeIntent } from '../../audit/sample.ts';
import { endScene, fail, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const DAY = '2026-03-01';
const dead = { ...readOwnIdentity(), startTime: '1' };
function mark(segment: string): void {
  makePrivateDir(scene.stateDir, ['default', 'audit', 'open']);
  fs.writeFileSync(scene.paths.marker(segment), JSON.stringify({ v: 1, path: `${DAY}/${segment}.jsonl`, ...dead }));
}
/** The only stale segment, as it goes on record. */
function claim() {
  const [record] = claimStale(nodeTrailFiles, scene.paths, findStale(scene.paths, START));
  return record?.type === 'recover' ? record : fail('nothing was claimed');
}
/** A segment of a dead guard with one call, and `tail` behind it. */
function leave(tail: Buffer): string {
  const intent = makeIntent({ at: { wallMs: START, monoMs: 1 } });
  scene.sink().append([intent]);
  const path = scene.segments()[0] ?? fail('no segment');
  fs.appendFileSync(path, tail);
  mark(intent.ref?.segment ?? '');
  return path;
}
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

it.each([0, 1, 11, MAX_LINE_BYTES, MAX_LINE_BYTES + 7])(
  'a torn tail of %d bytes is hashed, up to 1 MiB of its end',
  (length) => {
    const tail = Buffer.alloc(length, 'xyz');
    leave(tail);
    const hashed = tail.subarray(-MAX_LINE_BYTES);
    expect(claim()).toMatchObject({
      claim: { seq: 2, sealed: false },
      tailBytes: hashed.length,
      tailHash: length === 0 ? null : sha256(hashed),
    });
  },
);

it('a file of any size without an end of line is not searched to its front', () => {
  const path = leave(Buffer.from('x'));
  fs.truncateSync(path, 64 * 2 ** 30); // sparse: takes no room, but minutes to read
  const segment = path.slice(-22, -6);
  expect(claim()).toMatchObject({
    claim: { ...startChain(segment, digest), sealed: false },
    tailBytes: MAX_LINE_BYTES,
    tailHash: sha256(Buffer.alloc(MAX_LINE_BYTES)),
  });
});

it('one guard takes no more than 64, the oldest first, and the next one goes on', () => {
  fs.mkdirSync(join(scene.paths.audit, DAY), { recursive: true, mode: 0o700 });
  const names = Array.from({ length: 70 }, (_, i) => formatSegmentId(START + i, i));
  for (const name of names.toReversed()) mark(name);
  const found = findStale(scene.paths, START);
  expect(found.map(({ segment }) => segment)).toEqual(names.slice(0, 64));
  expect(claimStale(nodeTrailFiles, scene.paths, found)).toEqual([]); // no file, nothing to tell
  expect(findStale(scene.paths, START).map(({ segment }) => segment)).toEqual(names.slice(64));
});
