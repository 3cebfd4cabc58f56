// A machine without an approver's key: what it approved by itself gives way to the next word of an approver, and to nothing older.
import { describe, expect, test } from 'vitest';
import { parseLock, type SignedLock, showLock } from '../../../src/policy/lock/lock-document.ts';
import { anchorOf, isTakeable, type LockMemory, lineFor, nextAnchor } from '../../../src/policy/lock/lock-line.ts';
import { CONFIG, ID, judge, lockOf, MACHINE, makeKey, memoryOf, verdictOf } from './locks.ts';

const [ADA, EVE] = [makeKey(), makeKey()];
const config = { ...CONFIG, approvers: [ADA.key] };
const of = (previous: SignedLock | undefined, why: string, by = ADA, policy: typeof config = config): SignedLock =>
  lockOf({ previous: previous?.body, why, policy }, by);

const A1 = of(undefined, 'a1');
const A2 = of(A1, 'a2');
const A3 = of(A2, 'a3');
/** What this machine approved by itself, beside the approver's third. */
const M3 = of(A2, 'm3', MACHINE);
const M4 = of(M3, 'm4', MACHINE);
/** Another branch of the approver. */
const B2 = of(A1, 'b2');
const B3 = of(B2, 'b3');

/** What a machine remembers that saw these, one after the other, each where it held, was approved here, or was taken over. */
function rememberedOf(...locks: readonly SignedLock[]): LockMemory {
  let memory: LockMemory | undefined;
  for (const lock of locks) {
    const approvers = [ADA.key];
    const anchor = nextAnchor(lock.body, approvers, memory);
    memory = { ...memoryOf(lock, approvers), anchor };
  }
  if (memory === undefined) throw new Error('nothing was seen');
  return memory;
}
const judgeAfter = (lock: SignedLock, ...locks: readonly SignedLock[]) =>
  judge(showLock(lock), { config, memory: { kind: 'known', memory: rememberedOf(...locks) } });

describe.each([
  ['an approver after what was approved here, of the same number', A3, [A2, M3], 'holds'],
  ['of a higher one', of(A3, 'a4'), [A2, M3], 'holds'],
  ['of a lower one', A3, [A2, M3, M4], 'holds'],
  ['again, after the next that was approved here', of(A3, 'a4'), [A2, M3, A3, of(A3, 'm4', MACHINE)], 'holds'],
  ['the lock before: what was approved here may have taken something back', A2, [A2, M3], 'lock_older'],
  ['an older one of the same signer', A1, [A2, M3], 'lock_older'],
  ['the same one, after a newer of the same signer', A2, [A2, M3, A3], 'lock_older'],
  ['what was approved here, put back after it', M3, [A2, M3, A3], 'lock_older'],
  ['a later one of those', M4, [A2, M3, A3], 'lock_older'],
  ['an approver beside an approver: no word counts more than the other', B3, [A3], 'lock_older'],
  ['a branch that does not follow the approver that was seen', B3, [A2, M3], 'lock_older'],
  [
    'where no approver was seen',
    A3,
    [of(undefined, 'm1', MACHINE), of(of(undefined, 'm1', MACHINE), 'm2', MACHINE)],
    'lock_older',
  ],
  ['a key that is none of theirs', of(A2, 'e3', EVE), [A2, M3], 'lock_untrusted'],
  ['this machine beside itself', of(A2, 'other', MACHINE), [A2, M3], 'lock_older'],
] as const)('%s', (_, lock, seen, verdict) => {
  test(verdict, () => expect(verdictOf(judgeAfter(lock, ...seen))).toBe(verdict));
});

test('what held is what the next is measured by', () => {
  const judged = judgeAfter(A3, A2, M3, M4);
  const [newest] = A3.body.approvals.slice(-1);
  expect(judged).toMatchObject({ isFirstSight: false, remember: { newest, anchor: newest } });
  expect(judgeAfter(M3, A2)).toMatchObject({ remember: { newest: { why: 'm3' }, anchor: { why: 'a2' } } });
});

test('a memory of an earlier version has the newest for it, where an approver gave that', () => {
  expect(anchorOf(memoryOf(A2, [ADA.key]))).toMatchObject({ why: 'a2' });
  expect(anchorOf(memoryOf(M3, [ADA.key]))).toBeUndefined();
});

test('one that the config no longer names, or the last lock that was seen did not, has no such word', () => {
  const memory = { kind: 'known', memory: rememberedOf(A2, M3) } as const;
  expect(verdictOf(judge(showLock(A3), { config: CONFIG, memory }))).toBe('lock_untrusted');
  const both = { ...config, approvers: [ADA.key, EVE.key] };
  expect(verdictOf(judge(showLock(of(A2, 'e3', EVE, both)), { config: both, memory }))).toBe('lock_untrusted');
});

test('what is told otherwise of the approval that was seen is no successor', () => {
  const [one, two] = A2.body.approvals;
  if (one === undefined || two === undefined) throw new Error('two approvals');
  const line = { id: ID, approvals: [one, { ...two, why: 'another' }] };
  expect(verdictOf(judgeAfter(lockOf({ line, policy: config }, ADA), A2, M3))).toBe('lock_older');
});

describe('an approver beside an approver', () => {
  test('can be taken over by a person, and then counts as the last that was seen', () => {
    const judged = judgeAfter(B3, A3);
    expect(judged).toMatchObject({
      refusal: { code: 'lock_older', isTakeable: true, mend: expect.stringContaining('take it over') },
      take: { newest: { why: 'b3' }, anchor: { why: 'b3' }, approvers: [ADA.key] },
    });
    if (judged.kind !== 'refused' || judged.take === undefined) throw new Error('it is to be taken');
    const memory = { kind: 'known', memory: judged.take } as const;
    expect(verdictOf(judge(showLock(B3), { config, memory }))).toBe('holds');
    expect(verdictOf(judge(showLock(A3), { config, memory }))).toBe('lock_older');
  });

  test.each([
    ['the lock that was approved over here', A2, [A2, M3], true],
    ['an older one', A1, [A2, M3], false],
    ['an older one of another branch', B2, [A3], false],
    ['what this machine signed', M3, [A2, of(A2, 'other', MACHINE)], false],
  ] as const)('%s', (_, lock, seen, isOffered) => {
    const judged = judgeAfter(lock, ...seen);
    expect([verdictOf(judged), judged.kind === 'refused' && judged.take !== undefined]).toEqual([
      'lock_older',
      isOffered,
    ]);
  });

  test('nor the lock of another config', () => {
    const foreign = lockOf({ line: { id: 'b'.repeat(32), approvals: [] }, seen: 9, policy: config }, ADA);
    expect(judgeAfter(foreign, A3)).toMatchObject({ refusal: { code: 'lock_foreign' }, take: undefined });
    expect(isTakeable(foreign.body, rememberedOf(A3))).toBe(false);
  });

  test('approved over here, it is followed by the next of that approver', () => {
    const line = lineFor(B3.body, rememberedOf(A3), () => 'c'.repeat(32));
    const own = lockOf({ line, seen: 3, policy: config }, MACHINE);
    expect(verdictOf(judgeAfter(of(B3, 'b4'), A3, own))).toBe('holds');
    expect(verdictOf(judgeAfter(of(A3, 'a4'), A3, own))).toBe('lock_older');
  });
});

test('a lock with the line ends of Windows says what mends it', () => {
  expect(parseLock(showLock(A1).replaceAll('\n', '\r\n'))).toEqual({
    kind: 'malformed',
    why: expect.stringContaining('`.gitattributes`'),
  });
});
