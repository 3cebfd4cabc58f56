// `scope approve --take`: an approver's lock beside what was seen, taken over as it is by a person, and by nobody else.
import { expect, test } from 'vitest';
import type { ScopeApproveOptions } from '../../src/cli/scope-approve.ts';
import { runTakeLock, type TakeContext } from '../../src/cli/take-lock.ts';
import { showLock } from '../../src/policy/lock/lock-document.ts';
import type { LockJudgement } from '../../src/policy/lock/lock-judgement.ts';
import { judge, lockOf, makeKey, seen } from '../policy/lock/locks.ts';
import { CONFIG, viewOf } from './approval-scene.ts';
import { openScreen } from './screen.ts';

const ADA = makeKey();
const config = { ...CONFIG, approvers: [ADA.key] };
const first = lockOf({ policy: config }, ADA);
const main = lockOf({ policy: config, previous: first.body, why: 'main' }, ADA);
const branch = lockOf({ policy: config, previous: first.body, why: 'branch' }, ADA);
const ASIDE = judge(showLock(branch), { config, memory: seen(main, [ADA.key]) });

async function take(
  options: ScopeApproveOptions = {},
  answer: string | undefined = 'y',
  judgement: LockJudgement = ASIDE,
  more: Partial<TakeContext> = {},
) {
  const screen = openScreen();
  const steps: unknown[] = [];
  const questions: string[] = [];
  const context: TakeContext = {
    ...{ judgement, actor: 'bob', commandOptions: '' },
    look: ({ policy }) => viewOf(policy, { judgement }),
    consent: {
      isGuarded: false,
      ask: async (question) => {
        questions.push(question);
        return answer ?? '';
      },
    },
    openTrail: () => ({
      record: (name, detail) => {
        steps.push([name, detail]);
        return 'seg:1';
      },
      close: () => undefined,
    }),
    take: async (memory) => void steps.push(['take', memory]),
    ...more,
  };
  const outcome = await runTakeLock({ reason: 'merged', ...options }, screen.io, context).then(
    (status) => ({ status, error: undefined }),
    (error: unknown) => ({ status: undefined, error }),
  );
  return { ...outcome, steps, questions, out: screen.out() };
}

test('against the last lock that was accepted: what differs from it', async () => {
  const { questions, out } = await take({}, 'y', ASIDE, {
    look: ({ policy }) => {
      const view = viewOf(policy, { judgement: ASIDE });
      const picture = { ...view.picture, diff: { ...view.picture.diff, lines: [] }, servers: [] };
      return { ...view, picture, compared: { whole: picture, note: 'compared with the last one', isCompared: true } };
    },
  });
  expect(questions[0]).toContain('this is what differs from that lock.');
  expect(out).toContain('compared with the last one');
  expect(out).not.toContain('read_*');
});

test('shows what it permits, asks, records, remembers; nothing is signed', async () => {
  const { status, steps, questions, out } = await take();
  expect(status).toBe(0);
  expect(out).toContain('possible  grant tool `read_*` added');
  expect(questions[0]).toContain('approval 2, 2026-07-28 by ada: branch');
  expect(questions[0]).toContain('this is what it permits.');
  expect(steps).toMatchObject([
    ['approval', { stage: 'taken', actor: 'bob', reason: 'merged', number: 2, key: ADA.key }],
    ['take', { newest: { why: 'branch' }, approvers: [ADA.key] }],
  ]);
});

test.each([
  ['no yes', {}, 'n', ASIDE, {}, 'approval_declined'],
  ['no reason', { reason: ' ' }, 'y', ASIDE, {}, 'usage'],
  ['no terminal', {}, 'y', ASIDE, { consent: { isGuarded: false, ask: undefined } }, 'approval_declined'],
  ['a guarded server', {}, 'y', ASIDE, { consent: { isGuarded: true, ask: async () => 'y' } }, 'approval_declined'],
  ['another option', { yes: true, key: 'k' }, 'y', ASIDE, {}, 'usage'],
  ['a lock that holds', {}, 'y', judge(showLock(main), { config }), {}, 'usage'],
  ['no lock', {}, 'y', judge(undefined), {}, 'usage'],
  ['an older one', {}, 'y', judge(showLock(first), { config, memory: seen(main, [ADA.key]) }), {}, 'usage'],
] as const)('%s: nothing is taken', async (_, options, answer, judgement, more, code) => {
  const { error, steps } = await take(options, answer, judgement, more);
  expect(error).toMatchObject({ code });
  expect(steps).toEqual([]);
});

test('what cannot be recorded is not done', async () => {
  const openTrail: TakeContext['openTrail'] = () => ({
    record: () => {
      throw new Error('the disk is full');
    },
    close: () => undefined,
  });
  const { error, steps } = await take({}, 'y', ASIDE, { openTrail });
  expect([String(error), steps]).toEqual(['Error: the disk is full', []]);
});
