// What a tenant that is shut out has left behind is ended after its sessions, on record, and said; a user that others are, too, is left alone.
import { expect, test } from 'vitest';
import { endLeftovers, type LeftoverContext } from '../../src/cli/tenant-leftovers.ts';
import { openScreen } from './screen.ts';

function makeScene(more: Partial<LeftoverContext> = {}) {
  const steps: string[] = [];
  const records: unknown[] = [];
  const context: LeftoverContext = {
    actor: 'ada',
    findUser: () => ({ kind: 'own', uid: 7101, gid: 7102 }),
    isShutOut: () => true,
    sessions: () => 0,
    end: async ({ uid, gid }) => {
      steps.push(`end ${uid} ${gid}`);
      return 2;
    },
    pause: async () => void steps.push('pause'),
    record: (detail) => void records.push(detail),
    ...more,
  };
  return { context, steps, records, screen: openScreen() };
}

test('its own user’s are ended once its sessions are, recorded and said', async () => {
  let sessions = 3;
  const { context, steps, records, screen } = makeScene({ sessions: () => (sessions -= 1) });
  await endLeftovers(screen.io, context);
  expect(steps).toEqual(['pause', 'pause', 'end 7101 7102']);
  expect(records).toEqual([{ stage: 'processes_ended', actor: 'ada', uid: 7101, processes: 2 }]);
  expect(screen.out()).toBe('2 processes of user 7101 that its servers had left behind were ended\n');
});

test('one that was let in while its sessions ended keeps what it starts', async () => {
  let isShutOut = true;
  const pause = async () => {
    isShutOut = false;
  };
  let sessions = 2;
  const { context, steps, records, screen } = makeScene({
    ...{ pause, isShutOut: () => isShutOut, sessions: () => (sessions -= 1) },
  });
  await endLeftovers(screen.io, context);
  expect([steps, records]).toEqual([[], []]);
  expect(screen.out()).toBe('it was let in again meanwhile: nothing of it is ended\n');
});

test('a session that does not end is not waited for for ever', async () => {
  const { context, steps } = makeScene({ sessions: () => 1 });
  await endLeftovers(openScreen().io, context);
  expect([steps.length, steps.at(-1)]).toEqual([31, 'end 7101 7102']);
});

test('where there is nobody nothing is recorded or said', async () => {
  const { context, records, screen } = makeScene({ end: async () => 0 });
  await endLeftovers(screen.io, context);
  expect([records, screen.out()]).toEqual([[], '']);
});

test.each([
  [{ kind: 'none' }, ''],
  [
    { kind: 'shared', uid: 1000, why: 'it is `a\u001bda` of this system' },
    'what its servers left behind as user 1000, if anything, goes on: it is\n`a\\u{1b}da` of this system\n',
  ],
] as const)('nobody is ended as %o', async (user, said) => {
  const { context, steps, records, screen } = makeScene({ findUser: () => user });
  await endLeftovers(screen.io, context);
  expect([steps, records, screen.out()]).toEqual([[], [], said]);
});

test('what lives on is an error that says how to go on', async () => {
  const { context, records } = makeScene({ end: () => Promise.reject(new Error('1 processes of user 7101 go on')) });
  await expect(endLeftovers(openScreen().io, context)).rejects.toMatchObject({
    code: 'tenant_active',
    message: expect.stringContaining('1 processes of user 7101 go on'),
    hint: expect.stringContaining('pkill -KILL -u 7101'),
  });
  expect(records).toEqual([]);
});
