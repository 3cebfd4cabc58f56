// A directory's state moves with every entry that is made, removed or renamed, and is unknown while it might not show that.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { createConstraintPorts } from '../../../src/adapters/constraint-ports.ts';

const base = mkdtempSync(join(tmpdir(), 'guard-state-'));
afterAll(() => rmSync(base, { recursive: true }));

const ports = createConstraintPorts({ cwd: base, home: base, args: [] }, () => () => false);
const stateOf = (path: string) => ports.directoryState?.(path);
/** As the state is once the change lies well behind. */
const settled = async (path: string) => vi.waitUntil(() => stateOf(path), { timeout: 5_000, interval: 20 });

test.runIf(process.platform !== 'win32')('of a directory', async () => {
  const place = join(base, 'd');
  mkdirSync(place);
  expect(stateOf(place)).toBeUndefined();
  const seen = [await settled(place)];
  const steps = [
    () => writeFileSync(join(place, 'a'), ''),
    () => symlinkSync('..', join(place, 'b')),
    () => renameSync(join(place, 'a'), join(place, 'c')),
    () => rmSync(join(place, 'c')),
    // Times can be set by hand, the time of that cannot.
    () => utimesSync(place, 1, 1),
  ];
  for (const step of steps) {
    step();
    expect(stateOf(place)).toBeUndefined();
    seen.push(await settled(place));
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(stateOf(place)).toBe(seen.at(-1));
});

test('what is no directory is told from what becomes one', async () => {
  const place = join(base, 'later');
  const states = [stateOf(place)];
  writeFileSync(place, '');
  states.push(stateOf(place));
  rmSync(place);
  // another file
  writeFileSync(`${place}-other`, '');
  writeFileSync(place, '');
  states.push(stateOf(place));
  rmSync(place);
  mkdirSync(place);
  expect(stateOf(place)).toBeUndefined();
  states.push(await settled(place));
  expect(states[0]).toBe('absent');
  // a number of a file may come again: a file is a file
  expect(states.slice(1, 3)).toEqual([
    expect.stringMatching(/^no directory: /),
    expect.stringMatching(/^no directory: /),
  ]);
  expect(new Set([states[0], states[1], states[3]]).size).toBe(3);
  rmSync(place, { recursive: true });
  expect(stateOf(place)).toBe('absent');
});

test('what cannot be looked at has none, but for a name that nothing can have', () => {
  const [one, other] = [join(base, 'loop'), join(base, 'back')];
  symlinkSync(one, other);
  symlinkSync(other, one);
  expect(stateOf(one)).toBeUndefined();
  expect(stateOf(join(base, 'x'.repeat(300)))).toBe('too long');
});
