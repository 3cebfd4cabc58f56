// One server goes over to another policy: in order, between two messages, whole or closed; and never asks an old process under a new scope.
import { describe, expect, it } from 'vitest';
import { type FollowParts, followPolicy } from '../../src/cli/follow-policy.ts';
import type { HeldPolicy } from '../../src/cli/open-policy.ts';
import type { RunLock } from '../../src/cli/run-lock.ts';
import { serverAtStart } from '../../src/cli/server-in-force.ts';
import { resolveServer } from '../../src/config/resolve-server.ts';
import type { RequestView } from '../../src/core/interceptor.ts';
import { GuardError } from '../../src/guard-error.ts';
import { createScopePolicy } from '../../src/policy/scope/scope.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';
import type { UpstreamCommand } from '../../src/ports/upstream.ts';
import { policyOf } from '../config/compiled.ts';

const ASKED = { serverFlag: 'srv', command: undefined, args: [] };
const NO_SECRET = new GuardError('secret_unresolved', 'no secret', { hint: 'set it' });
const COMMAND: UpstreamCommand = { command: 'srv', args: ['b'], cwd: '/d', env: {}, stderr: 'pipe' };

function held(args: readonly string[]): HeldPolicy {
  const policy = policyOf({ version: 1, servers: { srv: { command: 'srv', args } } });
  // as much of a lock as is asked here
  const lock = {
    policy,
    layersOf: () => [],
    refuseUnapproved: () => {},
    approvedPins: new Map(),
    serverDocument: () => ({}),
  };
  return { lock: lock as unknown as RunLock, policy, watched: [], signature: '', untilMs: Number.POSITIVE_INFINITY };
}

function setUp(more: Partial<FollowParts> = {}) {
  const done: string[] = [];
  const first = held(['a']);
  const server = resolveServer(first.policy, ASKED);
  const standing = { now: serverAtStart(first, server) };
  const follower = followPolicy({
    ...{ server, standing, asked: ASKED, renewal: undefined, hasLeft: () => false },
    interceptors: [{ name: 'one', onPolicyChange: () => void done.push('changed') }],
    roster: {
      beforePolicyChange: () => void done.push('before'),
      grantsEnded: (before, now) => void done.push(`ended ${before} ${now}`),
    },
    pins: { policyIs: () => void done.push('pins') },
    gate: { begin: () => void done.push('gate'), isUnderWay: () => false },
    movesTo: () => void done.push('moves'),
    clock: { now: () => ({ wallMs: 0, monoMs: 0 }) },
    log: { write: (_, text) => void done.push(text) },
    between: (action) => {
      done.push('[');
      action();
      done.push(']');
    },
    ...more,
  });
  const isOpen = () => {
    const { scope } = standing.now;
    return scope === 'unscoped' || decideTarget(scope.layers, 'tool', 'x', 0).granted;
  };
  return { follower, done, isOpen, standing };
}
const renewal = (done: string[]) => ({
  isOneOfMany: false,
  prepare: async () => COMMAND,
  begin: () => done.push('begin') > 0,
});

describe('a server', () => {
  it('goes over in one turn, what was shown being noted before', async () => {
    const { follower, done, isOpen, standing } = setUp();
    const before = standing.now;
    const prepared = await follower.prepare(held(['a']));
    expect([done, standing.now === before]).toEqual([[], true]);
    prepared.commit();
    expect(done).toEqual(['[', 'before', 'pins', 'changed', ']']);
    expect([isOpen(), standing.now === before, prepared.notes]).toEqual([true, false, []]);
  });

  it('with another command is asked nothing more before it is started anew, once', async () => {
    const begun: string[] = [];
    const { follower, done, isOpen } = setUp({ renewal: renewal(begun) });
    const prepared = await follower.prepare(held(['b']));
    prepared.commit();
    expect(prepared.notes).toEqual([
      '`srv` has another command or environment: it is started anew once nothing is in flight',
    ]);
    expect([done, begun, isOpen()]).toEqual([
      ['[', 'before', 'pins', 'changed', 'moves', 'gate', ']'],
      ['begin'],
      true,
    ]);
    const again = await follower.prepare(held(['b']));
    again.commit();
    expect([begun, again.notes]).toEqual([['begin'], []]);
  });

  it('that does not run is started by its new command when it is needed: nothing waits for it', async () => {
    const { follower, done, isOpen } = setUp({
      renewal: { isOneOfMany: true, prepare: async () => COMMAND, begin: () => false },
    });
    (await follower.prepare(held(['b']))).commit();
    expect([done.includes('moves'), done.includes('gate'), isOpen()]).toEqual([true, false, true]);
  });

  it('with another command that nobody starts is closed, and opens again with the old one', async () => {
    const { follower, isOpen } = setUp();
    const prepared = await follower.prepare(held(['b']));
    prepared.commit();
    expect(prepared.notes).toEqual([expect.stringContaining('another command or environment: start it anew')]);
    expect(isOpen()).toBe(false);
    (await follower.prepare(held(['a']))).commit();
    expect(isOpen()).toBe(true);
  });

  it('whose new command cannot be had keeps everything', async () => {
    const { follower, done } = setUp({
      renewal: { isOneOfMany: false, prepare: () => Promise.reject(NO_SECRET), begin: () => true },
    });
    await expect(follower.prepare(held(['b']))).rejects.toThrow('no secret');
    expect(done).toEqual([]);
  });

  it('that is one of many and whose new command cannot be had is closed, alone, until it can', async () => {
    let command: () => Promise<UpstreamCommand> = () => Promise.reject(NO_SECRET);
    const begun: string[] = [];
    let hasLeft = false;
    const { follower, isOpen, standing } = setUp({
      hasLeft: () => hasLeft,
      renewal: { isOneOfMany: true, prepare: () => command(), begin: () => begun.push('begin') > 0 },
    });
    const prepared = await follower.prepare(held(['b']));
    prepared.commit();
    const note = 'every call to `srv` is refused from now on: no secret: set it';
    expect([prepared.notes, follower.standing?.(), isOpen(), begun]).toEqual([[note], [note], false, []]);
    hasLeft = true;
    expect(follower.standing?.()).toEqual([]);
    const { scope } = standing.now;
    const policy = createScopePolicy({ get: () => scope }, () => true);
    // as much of a call as is looked at
    const call = { asked: 'client', upstream: 'srv', method: 'tools/call', tool: 'x', params: { name: 'x' } };
    expect(policy.onRequest?.(call as unknown as RequestView, { wallMs: 0, monoMs: 0 })).toMatchObject({
      reason: 'server_unstartable',
      text: '`x` was not sent, and nothing is sent to `srv`: no secret: set it',
    });
    command = async () => COMMAND;
    (await follower.prepare(held(['b']))).commit();
    expect([isOpen(), begun]).toEqual([true, ['begin']]);
    // a fault is nothing that a server lacks
    command = () => Promise.reject(new TypeError('oh'));
    await expect(follower.prepare(held(['c']))).rejects.toThrow('oh');
  });

  it('says that it is to be started anew for as long as it is', async () => {
    let isUnderWay = true;
    const gate = { begin: () => {}, isUnderWay: () => isUnderWay };
    const { follower } = setUp({ renewal: renewal([]), gate });
    (await follower.prepare(held(['b']))).commit();
    expect(follower.standing?.()).toEqual([expect.stringContaining('it is started anew once nothing is in flight')]);
    isUnderWay = false;
    expect(follower.standing?.()).toEqual([]);
  });

  it('one of whose policies fails on the way is closed', async () => {
    const interceptors = [
      {
        name: 'bad',
        onPolicyChange: () => {
          throw new Error('oh');
        },
      },
    ];
    const { follower, isOpen, done } = setUp({ interceptors });
    (await follower.prepare(held(['a']))).commit();
    expect(isOpen()).toBe(false);
    expect(done.join()).toContain('every call to `srv` is refused from now on: a policy of the guard failed');
  });

  it('is asked for when its grants end, and tells its lists of it', () => {
    const { follower, done, standing } = setUp();
    expect(follower.grantsEndMs?.(0)).toBe(Number.POSITIVE_INFINITY);
    const grants = [{ tool: 'x', expires: '2026-01-01T00:00:00Z' }, { tool: 'y' }];
    const policy = policyOf({
      ...{ version: 1, servers: { srv: { command: 'srv', scope: 'a' } } },
      scopes: { a: { grants } },
    });
    standing.now = serverAtStart({ ...held(['a']), policy }, resolveServer(policy, ASKED));
    const endMs = Date.parse('2026-01-01T00:00:00Z');
    expect([0, endMs - 1, endMs].map((ms) => follower.grantsEndMs?.(ms))).toEqual([
      ...[endMs, endMs],
      Number.POSITIVE_INFINITY,
    ]);
    follower.grantsEnded?.(1, 2);
    expect(done).toEqual(['[', 'ended 1 2', ']']);
  });

  it('of many is no news where it is refused as it was; the only one is said each time', async () => {
    const notesOf = async (isOneOfMany: boolean) => {
      const { follower } = setUp({ renewal: { ...renewal([]), isOneOfMany } });
      const gone: HeldPolicy = {
        ...held(['a']),
        policy: policyOf({ version: 1, servers: { other: { command: 'x' } } }),
      };
      const first = await follower.prepare(gone);
      first.commit();
      return [first.notes, (await follower.prepare(gone)).notes, follower.standing?.()];
    };
    const note = expect.stringContaining('has no server `srv` any more');
    expect(await notesOf(true)).toEqual([[note], [], [note]]);
    expect(await notesOf(false)).toEqual([[note], [note], [note]]);
  });

  it('is closed where an approval has ended and nothing can be read', () => {
    const { follower, isOpen, done } = setUp();
    follower.close?.('why');
    expect(isOpen()).toBe(false);
    expect(done).toEqual(['[', 'every call to `srv` is refused from now on: why', ']']);
  });
});
