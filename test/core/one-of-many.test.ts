// What a session of a server behind a gateway says of it: whose failure it is, that it is tried again, how it ended; and how its client speaks.
import { expect, it } from 'vitest';
import { Session } from '../../src/core/session.ts';
import { BARE_DEADLINE, DEFAULT_RESTART } from '../../src/core/settings.ts';
import { Playbook } from './playbook.ts';

const NOW = { wallMs: 0, monoMs: 0 };
const sessionOf = (isOneOfMany: boolean) =>
  new Session(
    {
      upstream: {
        ...{ name: 's', deadlineOf: () => BARE_DEADLINE, onExit: 'restart' },
        restart: { ...DEFAULT_RESTART, maxExits: 2 },
        ...(isOneOfMany ? { isTriedLater: true } : {}),
      },
      ...{ tag: 't', model: { operator: undefined, metaPaths: [] } },
      ...(isOneOfMany ? { tellList: () => {} } : {}),
    },
    [],
    () => {},
  );
const errorsOf = (effects: ReturnType<Session['handle']>) =>
  effects.flatMap((one) => (one.type === 'log' && one.level === 'error' ? [one.text] : []));

it.each([
  [true, '`s`: cannot start `x`', 'is not started again for now: '],
  [false, 'cannot start `x`', 'is not started again: '],
])('one of many: %s', (isOneOfMany, unstartable, loop) => {
  const never = { kind: 'unstartable', status: 69, byGuard: false, text: 'cannot start `x`' } as const;
  const first = sessionOf(isOneOfMany);
  expect(first.lastExit).toBeUndefined();
  expect(errorsOf(first.handle({ type: 'upstream_exited', upstream: 's', exit: never }, NOW))).toEqual([unstartable]);
  expect(first.lastExit).toBe(never);
  const exit = { kind: 'exited', status: 1, byGuard: false, text: 'code 1' } as const;
  const second = sessionOf(isOneOfMany);
  second.handle({ type: 'upstream_exited', upstream: 's', exit }, NOW);
  expect(second.lastExit).toBeUndefined();
  second.handle({ type: 'upstream_started', upstream: 's', pid: 1 }, NOW);
  const [said] = errorsOf(second.handle({ type: 'upstream_exited', upstream: 's', exit }, NOW));
  expect(said).toContain(loop);
});

it('a server that has accepted no greeting has no era yet', () => {
  const play = new Playbook().client({ id: 1, method: 'initialize', params: {} });
  expect(play.session.era).toBe('unknown');
  play.upstream({ id: 1, result: { protocolVersion: '2025-11-25', capabilities: {} } });
  expect(play.session.era).toBe('legacy');
});

it('what the guard says before `initialized` is said then', () => {
  const play = new Playbook()
    .event({ type: 'guard_said', level: 'warn', text: 'early' })
    .client({ id: 1, method: 'initialize', params: {} })
    .upstream({ id: 1, result: { protocolVersion: '2025-11-25', capabilities: { logging: {} } } });
  expect(play.toClient().join('')).not.toContain('early');
  play.client({ method: 'notifications/initialized' });
  expect(play.toClient().join('')).toContain('"data":"early"');
  play.client({ method: 'notifications/initialized' });
  expect(play.toClient()).toEqual([]);
});
