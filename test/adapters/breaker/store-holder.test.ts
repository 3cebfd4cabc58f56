// Whose lease it is, and what time it is, as another process of this machine understands it.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeMoment } from '../../../src/adapters/boot-moment.ts';
import { type ProcessIdentity, readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import { isHolderGone, nameHolder } from '../../../src/adapters/store-holder.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { endScene, makeScene, type Scene, START } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => endScene(scene));

const own = readOwnIdentity();
const { pid: deadPid } = spawnSync('true');
const holderOf = (over: Partial<ProcessIdentity>) => nameHolder({ ...own, ...over });

describe('a holder', () => {
  test('is named for ever: two stores never have the same name', () => {
    const [one, other] = [scene.open(), scene.open()];
    expect(one.holder).not.toBe(other.holder);
    expect(one.isGone(other.holder)).toBe(false);
  });

  test.each<[string, string]>([
    ['a process that has ended', holderOf({ pid: deadPid })],
    ['one whose pid belongs to somebody else now', holderOf({ startTime: '1' })],
    ['one of an earlier boot of this machine', holderOf({ bootId: 'earlier' })],
  ])('%s is gone', (_, holder) => {
    expect(isHolderGone(holder)).toBe(true);
  });

  const elsewhere = (holder: string) => holder.split(',').with(4, 'elsewhere').join(',');
  test.each<[string, string]>([
    ['this process', holderOf({})],
    ['one in another pid namespace', holderOf({ pid: deadPid, pidNamespace: 'pid:[1]' })],
    ['one of another machine', elsewhere(holderOf({ pid: deadPid }))],
    ['one of another boot of another machine', elsewhere(holderOf({ bootId: 'earlier' }))],
    ['nobody', ''],
    ['a name of another shape', `${deadPid}`],
    ['a name with a pid that is none', holderOf({ pid: deadPid }).replace(/^\d+/, '-1')],
    ['a name with a part too many', `${holderOf({ pid: deadPid })},`],
    ['a name that is no escape', `${holderOf({ pid: deadPid })}%`],
  ])('%s is not known to be gone', (_, holder) => {
    expect(isHolderGone(holder)).toBe(false);
  });

  test('that is killed is gone at once', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const stat = (): string => execFileSync('cat', [`/proc/${child.pid}/stat`], { encoding: 'utf8' });
    const startTime =
      stat()
        .slice(stat().lastIndexOf(')') + 2)
        .split(' ')[19] ?? null;
    const holder = holderOf({ pid: child.pid ?? 0, startTime });
    expect(isHolderGone(holder)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isHolderGone(holder)).toBe(true);
  });
});

describe('a moment', () => {
  test('is the monotonic clock of this boot, as another process reads it', () => {
    const moment = makeMoment(systemClock, 'boot', 'me');
    const before = moment(systemClock.now());
    const other = Number(
      execFileSync(process.execPath, ['-e', 'process.stdout.write(String(process.hrtime.bigint()))'], {
        encoding: 'utf8',
      }),
    );
    const after = moment(systemClock.now());
    expect(other / 1e6).toBeGreaterThan(before.monoMs);
    expect(other / 1e6).toBeLessThan(after.monoMs);
  });

  test('moves with the session’s clock, and with nothing else', () => {
    const store = scene.open();
    const { monoMs, bootId } = store.moment(scene.now);
    scene.now = { wallMs: START - 86_400_000, monoMs: scene.now.monoMs + 5 };
    expect(store.moment(scene.now)).toEqual({ wallMs: START - 86_400_000, monoMs: monoMs + 5, bootId });
    expect(bootId).toContain(own.bootId ?? store.holder);
  });

  test('can be compared with nobody else’s where the system names no boot', () => {
    expect(makeMoment(systemClock, null, 'me')(systemClock.now()).bootId).toBe('me');
  });
});
