// Calls that come together look at the disk once, and no look outlives its moment. On real links.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConstraintPorts } from '../../../src/adapters/constraint-ports.ts';
import { createOwnPathFinder } from '../../../src/policy/constraint/own-paths.ts';
import { prepareOwnPaths } from '../../../src/policy/constraint/own-reach.ts';

let home: string;
let looks: number;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'guard-moment-')));
  looks = 0;
  for (const name of ['state', 'site', 'other']) mkdirSync(join(home, name));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function open(): (path: string, monoMs: number) => boolean {
  const surroundings = { cwd: join(home, 'site'), home: join(home, 'site'), args: [] };
  const ports = createConstraintPorts(surroundings, () => {
    throw new Error('no patterns here');
  });
  const { atOnce } = ports;
  if (atOnce === undefined) throw new Error('the ports of this machine look at once');
  const counted = {
    ...ports,
    atOnce: () => {
      looks += 1;
      return atOnce();
    },
  };
  const find = createOwnPathFinder(prepareOwnPaths([join(home, 'state')], ports), counted);
  return (path, monoMs) => find({ path }, monoMs) !== undefined;
}

function turn(target: string): void {
  const link = join(home, 'site', 'link');
  rmSync(link, { force: true });
  symlinkSync(join(home, target), link);
}

test('calls of one moment share a look, the next moment has its own', () => {
  const isOwn = open();
  for (const [path, monoMs] of [
    ['./a', 10],
    ['./b', 10.2],
    ['./c', 10.9],
    ['./d', 11],
    ['./e', 11.5],
  ] as const)
    expect(isOwn(path, monoMs)).toBe(false);
  expect(looks).toBe(2);
});

test.each([
  ['later', 11],
  ['a clock that went back', 9],
])('a link that is turned round is seen: %s', (_, thenMs) => {
  const isOwn = open();
  turn('other');
  expect(isOwn('./link/x', 10)).toBe(false);
  turn('state');
  expect(isOwn('./link/x', thenMs)).toBe(true);
});

test('a link that one call saw is not taken for another', () => {
  const isOwn = open();
  turn('other');
  expect(isOwn('./link/x', 10)).toBe(false);
  expect(isOwn(join(home, 'state', 'x'), 10)).toBe(true);
  expect(isOwn('../state/x', 10)).toBe(true);
});

test.each([
  ['plain', 80, (index: number) => `/d${index}/z`],
  ['as JSON', 12, (index: number) => JSON.stringify([`/d${index}/z`])],
])('what passed in this moment is charged again, with all that stands in it: %s', (_, few, textOf) => {
  const here = createConstraintPorts({ cwd: join(home, 'site'), home: join(home, 'site'), args: [] }, () => {
    throw new Error('no patterns here');
  });
  // an absolute path is charged for each directory that a relative one might count from, and looked up once
  const ports = { ...here, bases: () => Array.from({ length: 200 }, (_, index) => `/b/${index}`) };
  const find = createOwnPathFinder(prepareOwnPaths([join(home, 'state')], ports), ports);
  const texts = (from: number, to: number) => ({
    list: Array.from({ length: to - from }, (_, at) => textOf(from + at)),
  });
  let now = 0;
  // the fewest that are too many where nothing is known
  let [passes, refused] = [few, few + 24];
  while (refused - passes > 1) {
    const middle = Math.floor((passes + refused) / 2);
    now += 10;
    if (find(texts(0, middle), now) === undefined) passes = middle;
    else refused = middle;
  }
  expect(passes).toBeGreaterThan(few);
  expect(refused).toBeLessThan(few + 24);
  now += 10;
  const half = Math.floor(refused / 2);
  for (const [from, to] of [
    [0, half],
    [half, passes],
  ] as const)
    expect(find(texts(from, to), now)).toBeUndefined();
  expect(find(texts(0, passes), now)).toBeUndefined();
  expect(find(texts(0, refused), now)?.text).toContain('too many texts');
});
