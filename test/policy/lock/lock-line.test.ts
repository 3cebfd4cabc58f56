// Which lock follows from which: a good signature alone makes no successor, and no clock gives an approval a longer life.
import { describe, expect, test } from 'vitest';
import { showLock } from '../../../src/policy/lock/lock-document.ts';
import { trustedKeys } from '../../../src/policy/lock/lock-judgement.ts';
import { lineFor, uniteApprovals } from '../../../src/policy/lock/lock-line.ts';
import { CONFIG, ID, judge, lockOf, MACHINE, makeKey, memoryOf, NOW, seen, verdictOf } from './locks.ts';

const FIRST = lockOf();
const SECOND = lockOf({ previous: FIRST.body, why: 'second' });
const THIRD = lockOf({ previous: SECOND.body, why: 'third' });
const OTHER = 'b'.repeat(32);
const refusal = (judged: ReturnType<typeof judge>): string =>
  judged.kind === 'refused' ? `${judged.refusal.code} ${judged.refusal.what}` : judged.kind;

describe('what was seen is followed only by its own line', () => {
  test('any later approval of it', () => {
    expect(judge(showLock(THIRD), { memory: seen(FIRST) })).toMatchObject({
      kind: 'holds',
      isFirstSight: false,
      remember: memoryOf(THIRD),
    });
  });

  test('the lock of another config is none, whatever its number, its key and its name', () => {
    const first = lockOf({ line: { id: OTHER, approvals: [] } });
    const wide = lockOf({ previous: first.body, policy: { ...CONFIG, unlisted: 'observe' } });
    expect(verdictOf(judge(showLock(wide)))).toBe('holds');
    expect(refusal(judge(showLock(wide), { memory: seen(FIRST) }))).toMatch(/^lock_foreign .*began as the lock of/);
    expect(judge(showLock(first), { memory: seen(FIRST) })).toMatchObject({ signed: first.body });
  });

  test('a later approval that does not follow what was seen is none', () => {
    const wide = lockOf({ previous: FIRST.body, policy: { ...CONFIG, unlisted: 'observe' }, why: 'another branch' });
    const later = lockOf({ previous: wide.body, why: 'later' });
    expect(refusal(judge(showLock(later), { memory: seen(SECOND) }))).toMatch(/^lock_older .*another approval 2/);
    const anew = lockOf({ line: { id: ID, approvals: [] }, seen: 4 });
    expect(refusal(judge(showLock(anew), { memory: seen(SECOND) }))).toMatch(/^lock_older .*follows approval 2/);
  });

  test.each([
    ['until', '2026-07-28T10:00:00.000Z'],
    ['digest', 'c'.repeat(64)],
  ] as const)('nor one that tells the %s of what was seen otherwise', (key, value) => {
    const [one] = FIRST.body.approvals;
    if (one === undefined) throw new Error('no approval');
    const forged = lockOf({ line: { id: ID, approvals: [{ ...one, [key]: value }] } });
    expect(refusal(judge(showLock(forged), { memory: seen(FIRST) }))).toMatch(/^lock_older .*another approval 1/);
  });
});

describe('what the next approval continues', () => {
  const never = (): string => {
    throw new Error('nothing is to be drawn');
  };

  test('what is well signed and not older than what was seen, so that all machines come to one line', () => {
    const { id, approvals } = SECOND.body;
    expect(lineFor(SECOND.body, memoryOf(FIRST), never)).toEqual({ id, approvals });
    expect(lineFor(SECOND.body, undefined, never)).toBe(SECOND.body);
    const foreign = lockOf({ line: { id: OTHER, approvals: [] } });
    expect(lineFor(foreign.body, memoryOf(FIRST), never)).toBe(foreign.body);
  });

  test('what was seen, where the lock is gone, older, or no lock', () => {
    const remembered = { id: ID, approvals: SECOND.body.approvals };
    expect(lineFor(undefined, memoryOf(SECOND), never)).toEqual(remembered);
    expect(lineFor(FIRST.body, memoryOf(SECOND), never)).toEqual(remembered);
    // other machines that saw the same take it for a successor
    const next = lockOf({ line: remembered, seen: 2 });
    expect(next.body.approvals.map(({ number }) => number)).toEqual([1, 2, 3]);
    for (const other of [FIRST, SECOND])
      expect(verdictOf(judge(showLock(next), { memory: seen(other) }))).toBe('holds');
  });

  test('of an earlier version, which kept the newest alone: that', () => {
    const memory = { ...memoryOf(SECOND), seen: undefined };
    expect(lineFor(undefined, memory, never).approvals).toEqual(SECOND.body.approvals.slice(-1));
    expect(lineFor(undefined, { ...memory, seen: [] }, never).approvals).toEqual(SECOND.body.approvals.slice(-1));
  });

  test('both branches, where what was seen is of the other one: whoever saw either takes it', () => {
    const branch = lockOf({ previous: FIRST.body, why: 'branch' });
    const later = lockOf({ previous: branch.body, why: 'later' });
    for (const signed of [branch, later, FIRST]) {
      const line = lineFor(signed.body, memoryOf(SECOND), never);
      const merged = showLock(lockOf({ line, seen: 2 }));
      for (const other of [FIRST, SECOND, signed])
        expect(verdictOf(judge(merged, { memory: seen(other) }))).toBe('holds');
    }
    const line = lineFor(branch.body, memoryOf(SECOND), never);
    expect(line.approvals.map(({ why }) => why)).toEqual(['first', 'second', 'branch']);
    // what neither knew is no part of it
    expect(verdictOf(judge(showLock(lockOf({ line, seen: 2 })), { memory: seen(THIRD) }))).toBe('lock_older');
  });

  test('a number that an untrusted lock claims costs nothing that was seen', () => {
    const next = showLock(lockOf({ line: lineFor(undefined, memoryOf(SECOND), never), seen: 7 }));
    for (const other of [FIRST, SECOND]) expect(verdictOf(judge(next, { memory: seen(other) }))).toBe('holds');
    expect(verdictOf(judge(next))).toBe('holds');
  });

  test('of more than 200 the highest, each once', () => {
    const [one] = FIRST.body.approvals;
    if (one === undefined) throw new Error('no approval');
    const many = Array.from({ length: 150 }, (_, at) => ({ ...one, number: at + 1 }));
    const more = Array.from({ length: 150 }, (_, at) => ({ ...one, number: at + 100 }));
    const numbers = uniteApprovals(more, many).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, at) => at + 50));
  });

  test('nothing: a line of its own', () => {
    expect(lineFor(undefined, undefined, () => OTHER)).toEqual({ id: OTHER, approvals: [] });
  });
});

describe('a name that leads to another config than it did', () => {
  const before = { config: '/before/config.json', memory: memoryOf(FIRST) };

  test('is no first use', () => {
    for (const elsewhere of [before, { ...before, memory: undefined }]) {
      expect(refusal(judge(undefined, { elsewhere }))).toMatch(/^lock_foreign .*`\/before\/config\.json` before/);
    }
  });

  test('holds where the lock there continues what was seen, by what this machine knows of either', () => {
    const text = showLock(SECOND);
    expect(judge(text, { elsewhere: before })).toMatchObject({ kind: 'holds', isFirstSight: false });
    expect(judge(text, { elsewhere: before, memory: seen(SECOND) })).toMatchObject({ remember: undefined });
    expect(verdictOf(judge(text, { elsewhere: before, memory: seen(THIRD) }))).toBe('lock_older');
    const foreign = lockOf({ line: { id: OTHER, approvals: [] } });
    const elsewhere = { ...before, memory: memoryOf(foreign) };
    expect(verdictOf(judge(text, { elsewhere, memory: seen(SECOND) }))).toBe('lock_foreign');
    expect(verdictOf(judge(text, { elsewhere: { ...before, memory: undefined } }))).toBe('lock_foreign');
  });

  test('brings no approvers of its own', () => {
    const [known, planted] = [makeKey(), makeKey()];
    const config = { ...CONFIG, approvers: [known.key, planted.key] };
    const question = { config, memory: { kind: 'none' }, machineKey: MACHINE.key, ceiling } as const;
    const keys = (memory: typeof before.memory | undefined) =>
      trustedKeys({ ...question, elsewhere: { ...before, memory } });
    expect(keys(memoryOf(FIRST, [known.key]))).toEqual([MACHINE.key, known.key]);
    expect(keys(undefined)).toEqual([MACHINE.key]);
  });
  const ceiling = { lock: 'first-use', approvers: undefined } as const;
});

describe('a clock that is set back', () => {
  const wider = { ...CONFIG, unlisted: 'observe' };
  const untilMs = NOW + 3_600_000;
  const temporary = lockOf({ previous: FIRST.body, policy: wider, untilMs });
  const at = (nowMs: number, latestMs: number) =>
    judge(showLock(temporary), { nowMs, config: wider, memory: seen(temporary, [], latestMs) });

  test('prolongs nothing: the latest time that was seen counts', () => {
    expect(at(NOW, untilMs - 1)).toMatchObject({ policy: wider, untilMs });
    expect(at(NOW, untilMs)).toMatchObject({ policy: CONFIG, untilMs: Number.POSITIVE_INFINITY });
    expect(at(NOW - 86_400_000, untilMs)).toMatchObject({ policy: CONFIG });
  });

  test('is told where an approval ends', () => {
    expect(at(NOW, NOW + 60_000)).toMatchObject({ clockWasMs: undefined });
    expect(at(NOW, NOW + 60_001)).toMatchObject({ clockWasMs: NOW + 60_001 });
    expect(judge(showLock(FIRST), { memory: seen(FIRST, [], NOW + 1e9) })).toMatchObject({ clockWasMs: undefined });
  });

  test('the time is remembered in steps, the end at once, and nothing after it or without one', () => {
    const remembered = (nowMs: number, latestMs: number) => {
      const judged = at(nowMs, latestMs);
      return judged.kind === 'holds' ? judged.remember?.latestMs : judged;
    };
    expect(remembered(NOW + 59_999, NOW)).toBeUndefined();
    expect(remembered(NOW + 60_000.5, NOW)).toBe(NOW + 60_000);
    expect(remembered(untilMs, untilMs - 1)).toBe(untilMs);
    expect(remembered(untilMs + 1e9, untilMs)).toBeUndefined();
    expect(judge(showLock(FIRST), { memory: seen(FIRST), nowMs: NOW + 1e9 })).toMatchObject({ remember: undefined });
  });
});
