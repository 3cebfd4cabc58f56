// A disk that is really full: a file system of one megabyte, and /dev/full. Skips where this machine cannot give one.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { nodeTrailFiles } from '../../../src/adapters/trail-files.ts';
import { makeIntent, makeOutcome, payloadOf } from '../../audit/sample.ts';
import { endScene, makeScene, type Scene } from './scene.ts';

let scene: Scene | undefined;
let mounted: string | undefined;
afterEach(() => {
  if (mounted !== undefined) execFileSync('umount', ['-l', mounted]);
  mounted = undefined;
  if (scene !== undefined) endScene(scene);
});

function mountSmall(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', path], { stdio: 'ignore' });
    mounted = path;
    return true;
  } catch {
    return false;
  }
}
const canMount = (() => {
  const probe = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-mount-'));
  const can = mountSmall(probe);
  if (can) execFileSync('umount', [probe]);
  mounted = undefined;
  fs.rmdirSync(probe);
  return can;
})();

it.skipIf(!canMount)('a full file system denies, tears nothing, and is written again once there is room', () => {
  scene = makeScene();
  mountSmall(scene.stateDir);
  const sink = scene.sink();
  const acknowledged: number[] = [];
  const payload = payloadOf('y'.repeat(3000));
  for (let id = 1; id <= 500; id++) {
    const intent = makeIntent({ rpcId: id, payload: id % 9 === 0 ? payloadOf('y'.repeat(70_000)) : payload });
    if (!sink.append([intent])) continue;
    acknowledged.push(id);
    sink.append([makeOutcome(intent, { payload })]);
  }
  expect(acknowledged.length).toBeGreaterThan(20);
  expect(acknowledged.length).toBeLessThan(500);
  const intents = () =>
    scene
      ?.records()
      .flat()
      .filter(({ header }) => header.type === 'intent')
      .map(({ header }) => header.id);
  expect(intents()).toEqual(acknowledged);
  expect(scene.verdicts()).toEqual(['unclean']);
  const [segment = ''] = fs.readdirSync(scene.paths.payload);
  for (const name of fs.readdirSync(scene.paths.payloads(segment)).slice(0, 2))
    fs.rmSync(join(scene.paths.payloads(segment), name));
  expect(sink.append([makeIntent({ rpcId: 501 })])).toBe(true);
  sink.close('done');
  expect(intents()).toEqual([...acknowledged, 501]);
  const gaps = scene
    .records()
    .flat()
    .filter(({ header }) => header.type === 'gap');
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps.at(-1)?.header).toMatchObject({ policy: 'deny', why: expect.stringMatching(/ENOSPC|disk is full/) });
  expect(scene.verdicts()).toEqual(['intact']);
});

it.skipIf(!fs.existsSync('/dev/full'))('/dev/full denies', () => {
  scene = makeScene();
  const full = (path: string) => path.endsWith('.jsonl');
  const files = {
    ...nodeTrailFiles,
    create: (path: string) => (full(path) ? fs.openSync('/dev/full', 'w') : nodeTrailFiles.create(path)),
  };
  const sink = scene.sink({ files });
  expect(sink.append([makeIntent()])).toBe(false);
  expect(scene.said.join()).toContain('ENOSPC');
});
