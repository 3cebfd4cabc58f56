// Locks that nobody of this machine holds: of another host, of a container that is gone, or taken over from a process that stood still.
import * as fs from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchSteps } from './fs-steps.ts';
import { endScene, makeScene, order, type Scene, stateAnew } from './scene.ts';

const ELSEWHERE = '{"pid":4711,"startTime":"1","bootId":"b","pidNamespace":"pid:[1]","host":"elsewhere","nonce":"n"}\n';

let scene: Scene;
let restore = () => {};
beforeEach(async () => {
  scene = makeScene();
  await order(scene.open(), 'open', 'query');
});
afterEach(() => {
  restore();
  endScene(scene);
});

function leave(ageMs: number, ending = '.lock'): void {
  fs.writeFileSync(scene.file(ending), ELSEWHERE, { mode: 0o600 });
  const since = new Date(Date.now() - ageMs);
  fs.utimesSync(scene.file(ending), since, since);
}

test('one that has lain there for a minute is broken, also where its breaker was killed', async () => {
  leave(61_000);
  leave(61_000, '.lock.b');
  // Far above the second that it takes, for a slow machine.
  const { board } = await order(scene.open({ lockTimeoutMs: 10_000 }), 'isolate', 'query');
  expect(board).toBeDefined();
  expect([stateAnew(scene, 'query'), scene.files().filter((name) => name.includes('lock'))]).toEqual([
    'isolated 2',
    [],
  ]);
});

test('a younger one is waited for, and the error says whose it is and how to mend it', async () => {
  leave(0);
  expect((await order(scene.open({ lockTimeoutMs: 800 }), 'isolate', 'query')).board).toBeUndefined();
  expect(scene.said).toEqual([expect.stringMatching(/held for more than 800 ms by .*elsewhere.*remove the lock file/)]);
  expect(stateAnew(scene, 'query')).toBe('open 1');
});

test.each(['isolate', 'close'] as const)(
  'who was robbed of it while it stood still commits nothing: %s',
  async (what) => {
    const before = scene.files().map((name) => fs.readFileSync(`${scene.directory}/${name}`, 'utf8'));
    let isRobbed = false;
    restore = watchSteps((step, [path]) => {
      if (step === 'openSync' && String(path).includes('.json.draft-') && !isRobbed) {
        isRobbed = true;
        leave(0);
      }
      return undefined;
    });
    expect((await order(scene.open(), what, 'query')).board).toBeUndefined();
    restore();
    expect(scene.said).toEqual([expect.stringContaining('the lock was taken over')]);
    // The other one's lock stays.
    expect(fs.readFileSync(scene.file('.lock'), 'utf8')).toBe(ELSEWHERE);
    fs.rmSync(scene.file('.lock'));
    expect(scene.files().map((name) => fs.readFileSync(`${scene.directory}/${name}`, 'utf8'))).toEqual(before);
  },
);
