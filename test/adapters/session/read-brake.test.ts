// What a server may say unasked, and for how long it is not read then. A clock by hand.
import { expect, test } from 'vitest';
import { ReadBrake } from '../../../src/adapters/read-brake.ts';

const PACE = { burstBytes: 10_000, perSecondBytes: 1_000 };
const LINE = 128;

function brake() {
  const clock = { ms: 0 };
  return { clock, brake: new ReadBrake(PACE, () => clock.ms) };
}

test('a burst is read at once, and what is beyond it at the pace', () => {
  const { brake: one, clock } = brake();
  one.heard(5_000 - LINE, false);
  expect([one.isHot, one.waitMs()]).toEqual([false, 0]);
  one.heard(5_000 - LINE, false);
  expect([one.isHot, one.waitMs()]).toEqual([true, 0]);
  one.heard(500 - LINE, false);
  expect(one.waitMs()).toBe(500);
  clock.ms = 400;
  expect(one.waitMs()).toBe(100);
  clock.ms = 500;
  expect(one.waitMs()).toBe(0);
});

test('silence pays back no more than was said', () => {
  const { brake: one, clock } = brake();
  one.heard(1_000, false);
  expect(one.waitMs()).toBe(0);
  clock.ms = 60_000;
  one.heard(10_100 - LINE, false);
  expect(one.waitMs()).toBe(100);
});

test('an answer for each line that was sent is free, however long; one more is not, and nothing but an answer is', () => {
  const { brake: one } = brake();
  one.asked();
  one.heard(1e9, true);
  expect(one.waitMs()).toBe(0);
  one.heard(11_000 - LINE, true);
  expect(one.waitMs()).toBe(1000);
  one.asked();
  one.heard(200 - LINE, false);
  expect(one.waitMs()).toBe(1200);
});

test('requests that are not answered add up to no more than a thousand free answers', () => {
  const { brake: one } = brake();
  for (let n = 0; n < 5_000; n += 1) one.asked();
  for (let n = 0; n < 1_024; n += 1) one.heard(1_000, true);
  expect(one.waitMs()).toBe(0);
  for (let n = 0; n < 10; n += 1) one.heard(1_000, true);
  expect(one.waitMs()).toBeGreaterThan(0);
});

test('a line without end is free while an answer is owed and it may become one', () => {
  const { brake: one } = brake();
  one.heardPart(10_100, false);
  expect(one.waitMs()).toBe(100);
  one.asked();
  one.heardPart(5_000, false);
  expect(one.waitMs()).toBe(100);
  one.heardPart(100, true);
  expect(one.waitMs()).toBe(200);
});

test('however much came in one go: it is read again after two seconds', () => {
  const { brake: one, clock } = brake();
  one.heardPart(1e9, true);
  expect(one.waitMs()).toBe(2000);
  clock.ms = 2000;
  expect(one.waitMs()).toBe(0);
});

test('short lines cost more than their bytes', () => {
  const { brake: one } = brake();
  for (let n = 0; n < 80; n += 1) one.heard(1, false);
  expect(one.waitMs()).toBe(80 * (LINE + 1) - 10_000);
});
