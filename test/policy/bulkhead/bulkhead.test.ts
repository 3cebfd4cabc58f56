// What a bulkhead promises, case by case; under any schedule: bulkhead-schedules.test.ts.
import { describe, expect, test } from 'vitest';
import type { Deny, Verdict } from '../../../src/core/interceptor.ts';
import { createBulkhead } from '../../../src/policy/bulkhead/bulkhead.ts';
import {
  DEFAULT_MAX_WAIT_MS,
  DEFAULT_SERVER_IN_FLIGHT,
  MOST_WAITING,
} from '../../../src/policy/bulkhead/bulkhead-settings.ts';
import { ServerSlots } from '../../../src/policy/bulkhead/server-slots.ts';
import { Turnstile, view } from './turnstile.ts';

const NEVER = Number.POSITIVE_INFINITY;
const yard = (server: number, tool?: number, maxWaitMs = 100): Turnstile =>
  new Turnstile({
    serverSettings: () => ({ maxInFlight: server }),
    toolSettings: () => ({ maxInFlight: tool, maxWaitMs }),
  });
const denied = (verdict: Verdict): Deny => {
  if (verdict.kind !== 'deny') throw new Error(`it is ${verdict.kind}`);
  return verdict;
};
const fill = (turnstile: Turnstile, tool: string, times: number): string[] =>
  Array.from({ length: times }, () => turnstile.call(tool).state);

describe('places', () => {
  test('a call over the cap of its tool is held, and goes when one of them settles', () => {
    const turnstile = yard(NEVER, 1);
    const first = turnstile.call('a');
    const second = turnstile.call('a');
    expect(second.verdict).toEqual({ kind: 'wait', why: 'bulkhead' });
    expect(turnstile.call('b').state).toBe('in_flight');
    turnstile.settle(first);
    expect(second.state).toBe('in_flight');
    expect(second.verdict).toEqual({ kind: 'pass' });
  });

  test.each<[number | undefined, number, number, number]>([
    [undefined, 2, 100, 2],
    [9, 2, 100, 2],
    [1, 2, 100, 1],
    // and the share of a tool stays what it was: half of the places
    [undefined, 3, 4, 2],
  ])('a cap of %s under a ceiling of %i, of %i places: %i', (maxInFlight, ceiling, places, expected) => {
    const turnstile = new Turnstile({
      serverSettings: () => ({ maxInFlight: places }),
      toolSettings: () => ({ maxInFlight, ceiling, maxWaitMs: 100 }),
    });
    expect(fill(turnstile, 'a', 5).filter((state) => state === 'in_flight')).toHaveLength(expected);
  });

  test('a call over the cap of its server is held, whatever its tool', () => {
    const turnstile = yard(2, 2);
    const a = turnstile.call('a');
    fill(turnstile, 'b', 1);
    const c = turnstile.call('c');
    expect(c.state).toBe('waiting');
    turnstile.settle(a);
    expect(c.state).toBe('in_flight');
  });

  test('two servers share nothing', () => {
    const turnstile = yard(1, 1);
    turnstile.call('a', 'db');
    expect(turnstile.call('a', 'files').state).toBe('in_flight');
    expect(turnstile.call('a', 'db').state).toBe('waiting');
  });

  test.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
    [9, 5],
    [256, 128],
  ])('of %i places one tool alone gets %i', (server, most) => {
    const turnstile = yard(server);
    fill(turnstile, 'stuck', server + 1);
    expect(turnstile.in('in_flight')).toHaveLength(most);
  });

  test('a burst of as many calls of one tool as a session may have waits, and none is refused', () => {
    const turnstile = yard(256);
    fill(turnstile, 'a', 10_000);
    expect(turnstile.in('waiting')).toHaveLength(10_000 - 128);
  });

  test('three stuck tools leave places to a fourth', () => {
    const turnstile = yard(256);
    for (let round = 0; round < 300; round += 1) for (const tool of ['a', 'b', 'c']) turnstile.call(tool);
    expect(turnstile.in('in_flight')).toHaveLength(192);
    expect(fill(turnstile, 'd', 32)).toEqual(Array(32).fill('in_flight'));
  });

  test('what waits for a stuck tool does not stand before a call of another', () => {
    const turnstile = yard(4);
    fill(turnstile, 'stuck', 20);
    const others = [turnstile.call('a'), turnstile.call('b')];
    expect(others.map(({ state }) => state)).toEqual(['in_flight', 'in_flight']);
    const waiting = turnstile.call('c');
    expect(waiting.state).toBe('waiting');
    for (const other of others.slice(0, 1)) turnstile.settle(other);
    // the stuck ones came long before it, but for them there is no place
    expect(waiting.state).toBe('in_flight');
    expect(turnstile.in('in_flight', 'stuck')).toHaveLength(2);
  });

  test('of two for whom there is a place the one that came first goes', () => {
    const turnstile = yard(2, 2);
    const [one, two] = [turnstile.call('a'), turnstile.call('a')];
    const later = [turnstile.call('b'), turnstile.call('c'), turnstile.call('b')];
    turnstile.settle(one);
    expect(later.map(({ state }) => state)).toEqual(['in_flight', 'waiting', 'waiting']);
    turnstile.settle(two);
    expect(later.map(({ state }) => state)).toEqual(['in_flight', 'in_flight', 'waiting']);
  });

  test('a newcomer does not pass one of its own tool that waits', () => {
    const bulkhead = createBulkhead({
      serverSettings: () => ({ maxInFlight: NEVER }),
      toolSettings: () => ({ maxInFlight: 1, maxWaitMs: 100 }),
    });
    const at = (monoMs: number) => ({ wallMs: 0, monoMs });
    const [first, second, third] = [view('a'), view('a'), view('a')];
    bulkhead.onRequest(first, at(0));
    bulkhead.onRequest(second, at(0));
    bulkhead.onSettle(first, { settlement: 'result' } as never, at(1));
    // before the session has asked who may go
    expect(bulkhead.onRequest(third, at(1)).kind).toBe('wait');
    expect(bulkhead.takeReady(at(1))).toEqual([{ request: second, outcome: 'go' }]);
  });
});

describe('who is not asked', () => {
  test('what is no call of a tool, and what a server asks', () => {
    const turnstile = yard(1, 1);
    turnstile.call('a');
    for (const one of [view(undefined), view(undefined), view('a', 'server')]) {
      expect(turnstile.bulkhead.onRequest(one, turnstile.now)).toEqual({ kind: 'pass' });
      turnstile.bulkhead.onSettle(one, { settlement: 'result' } as never, turnstile.now);
    }
    expect(turnstile.call('a').state).toBe('waiting');
  });
});

describe('waiting', () => {
  test('ends at `maxWaitMs`, not before', () => {
    const turnstile = yard(NEVER, 1, 100);
    turnstile.call('a');
    const second = turnstile.call('a');
    expect(turnstile.bulkhead.wakeAtMs).toBe(1_100);
    turnstile.pass(99.5);
    expect(second.state).toBe('waiting');
    turnstile.pass(0.5);
    expect(second.state).toBe('refused');
    expect(turnstile.bulkhead.wakeAtMs).toBe(NEVER);
  });

  test('a place that comes too late is not given', () => {
    const turnstile = yard(NEVER, 1, 100);
    const first = turnstile.call('a');
    const second = turnstile.call('a');
    turnstile.nowMs += 100;
    turnstile.settle(first);
    expect(second.state).toBe('refused');
    expect(turnstile.call('a').state).toBe('in_flight');
  });

  test('each tool has its own `maxWaitMs`; 0 is refused at once', () => {
    const turnstile = new Turnstile({
      serverSettings: () => ({ maxInFlight: NEVER }),
      toolSettings: (_, tool) => ({ maxInFlight: 1, maxWaitMs: Number(tool) }),
    });
    for (const tool of ['300', '100', '0']) fill(turnstile, tool, 2);
    const [long, short, none] = ['300', '100', '0'].map((tool) => turnstile.in('waiting', tool).length);
    expect([long, short, none]).toEqual([1, 1, 0]);
    expect(denied(turnstile.in('refused', '0')[0]?.verdict ?? { kind: 'pass' }).text).toContain('None may wait.');
    expect(turnstile.bulkhead.wakeAtMs).toBe(1_100);
    turnstile.pass(100);
    expect(turnstile.bulkhead.wakeAtMs).toBe(1_300);
    turnstile.pass(200);
    expect(turnstile.in('waiting')).toEqual([]);
  });

  test('the queue is bounded, and one tool leaves half of it to the others', () => {
    const turnstile = yard(1, 1);
    fill(turnstile, 'stuck', MOST_WAITING);
    expect(turnstile.in('waiting')).toHaveLength(MOST_WAITING / 2);
    for (let index = 0; index < MOST_WAITING; index += 1) turnstile.call(`tool ${index}`);
    expect(turnstile.in('waiting')).toHaveLength(MOST_WAITING);
    expect(denied(turnstile.call('x').verdict).text).toContain('No more calls may wait for it.');
  });

  test('who has waited leaves its place in the queue to others', () => {
    const turnstile = yard(NEVER, 1);
    turnstile.call('a');
    for (let round = 0; round < 3; round += 1) {
      fill(turnstile, 'a', MOST_WAITING / 2);
      expect(turnstile.in('waiting')).toHaveLength(MOST_WAITING / 2);
      if (round > 0) turnstile.pass(100);
      else for (const call of turnstile.in('waiting')) turnstile.cancel(call);
    }
  });

  test('no name is kept for longer than its calls', () => {
    const slots = new ServerSlots({ maxInFlight: 2 }, () => ({ maxInFlight: 1, maxWaitMs: 100 }));
    const [a, b] = [slots.take('a'), slots.take('b')];
    const tickets = ['a', 'b', 'c', 'd'].map((tool) => slots.enqueue(view(tool), tool, 0));
    expect(slots.keptNames).toBe(8);
    for (const held of [a, b]) if (held !== undefined) slots.release(held);
    expect(slots.advance(0).map(({ slots: { name }, outcome }) => `${name} ${outcome}`)).toEqual(['a go', 'b go']);
    expect(slots.advance(100).map(({ outcome }) => outcome)).toEqual(['refused', 'refused']);
    expect(slots.keptNames).toBe(2);
    for (const ticket of tickets) if (ticket !== undefined) slots.drop(ticket);
    expect(slots.keptNames).toBe(0);
  });

  test('who is cancelled while it waits gives nothing away; who has been given a place gives it back', () => {
    const turnstile = yard(NEVER, 1);
    const [first, second, third] = [turnstile.call('a'), turnstile.call('a'), turnstile.call('a')];
    turnstile.cancel(second);
    expect(third.state).toBe('waiting');
    turnstile.settle(first);
    expect(third.state).toBe('in_flight');
    // between the place and the asking
    const [fourth, fifth] = [turnstile.call('a'), turnstile.call('a')];
    turnstile.bulkhead.onSettle(third.view, { settlement: 'result' } as never, turnstile.now);
    third.state = 'settled';
    expect(turnstile.bulkhead.wakeAtMs).toBe(0);
    turnstile.cancel(fourth);
    expect(fifth.state).toBe('in_flight');
  });

  test('one that was given a place and is resumed as refused gives it to the next', () => {
    const { bulkhead, now } = yard(NEVER, 1);
    const [first, second, third] = [view('a'), view('a'), view('a')];
    for (const one of [first, second, third]) bulkhead.onRequest(one, now);
    bulkhead.onSettle(first, { settlement: 'result' } as never, now);
    expect(bulkhead.takeReady(now)).toEqual([{ request: second, outcome: 'go' }]);
    expect(bulkhead.takeReady(now)).toEqual([]);
    expect(bulkhead.onWaited(second, 'refused', now).kind).toBe('deny');
    expect(bulkhead.takeReady(now)).toEqual([{ request: third, outcome: 'go' }]);
    expect(bulkhead.onWaited(third, 'go', now).kind).toBe('pass');
  });

  test('only a place that was given lets a call go', () => {
    const { bulkhead, now } = yard(NEVER, 1);
    const [first, second] = [view('a'), view('a')];
    bulkhead.onRequest(first, now);
    bulkhead.onRequest(second, now);
    expect(bulkhead.onWaited(second, 'go', now).kind).toBe('deny');
    expect(bulkhead.onWaited(view('b'), 'go', now).kind).toBe('deny');
  });

  test('a place comes back once, however often its call ends', () => {
    const turnstile = yard(1, 1);
    const [first, second] = [turnstile.call('a'), turnstile.call('a')];
    turnstile.settle(first);
    turnstile.settle(second);
    for (const call of [first, second]) {
      turnstile.settle(call);
      turnstile.cancel(call);
    }
    expect(['a', 'b'].map((tool) => turnstile.call(tool).state)).toEqual(['in_flight', 'waiting']);
  });
});

describe('what the model reads', () => {
  test.each<[string, Turnstile, string, string]>([
    [
      'the tool is full',
      yard(NEVER, 1),
      'breaker.maxInFlight',
      'The tool `a` of `db` has 1 calls in flight, as many as it may have. This call waited 100 ms, and no place came free for it. It was not sent. Try again in 5 s, or wait for an answer first.',
    ],
    [
      'the rest is kept for others',
      yard(2),
      'breaker.server.maxInFlight',
      'The tool `a` of `db` has 1 calls in flight, and `db` keeps its last 1 places for its other tools. This call waited 100 ms, and no place came free for it. It was not sent. Try again in 5 s, or wait for an answer first.',
    ],
    [
      'the server is full',
      yard(1),
      'breaker.server.maxInFlight',
      '`db` has 1 calls in flight, as many as it may have. This call waited 100 ms, and no place came free for it. It was not sent. Try again in 5 s, or wait for an answer first.',
    ],
  ])('%s', (_, turnstile, rule, text) => {
    const [, second] = [turnstile.call('a'), turnstile.call('a')];
    turnstile.pass(100);
    expect(second.verdict).toEqual({ kind: 'deny', reason: 'bulkhead_full', rule, text, retryAfterMs: 5_000 });
  });

  test('what is full when the wait is over, not what was full when it began', () => {
    const turnstile = yard(2);
    const [, second] = [turnstile.call('a'), turnstile.call('a')];
    turnstile.call('b');
    turnstile.pass(100);
    expect(denied(second.verdict).text).toContain('`db` has 2 calls in flight, as many as it may have.');
  });

  test('a hostile name is inert and short', () => {
    const turnstile = yard(1, 1, 0);
    const name = `\u001b[2J\u202e\`${'x'.repeat(5_000)}`;
    turnstile.call(name);
    const { text } = denied(turnstile.call(name).verdict);
    expect(text).toContain("\\u{1b}[2J\\u{202e}'xxx");
    expect(text.length).toBeLessThan(400);
  });
});

test('a bare run never waits before something is stuck: the defaults are wide, and shorter than a host waits', () => {
  expect([DEFAULT_SERVER_IN_FLIGHT, DEFAULT_MAX_WAIT_MS]).toEqual([256, 30_000]);
  const turnstile = yard(DEFAULT_SERVER_IN_FLIGHT, undefined, DEFAULT_MAX_WAIT_MS);
  expect(new Set(fill(turnstile, 'a', 128))).toEqual(new Set(['in_flight']));
});
