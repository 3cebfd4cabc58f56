// What a crash trial promises, case by case; under any schedule: crash-trial-schedules.test.ts; with a breaker: crash-world.test.ts.
import { describe, expect, it, test } from 'vitest';
import type { Settlement } from '../../../src/core/interceptor.ts';
import { LONGEST_TOOL, MOST_TOOLS } from '../../../src/policy/breaker/board.ts';
import { LONGEST_MS, REST_MS, TURN_MS } from '../../../src/policy/breaker/suspects.ts';
import { ANSWER } from './machine.ts';
import { TrialStage, toolCall } from './trial-stage.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** A server that has exited with a call of `a`, `b` and `c` in flight, and is back. */
function crashed(...tools: readonly string[]): TrialStage {
  const stage = new TrialStage();
  stage.crash(...(tools.length === 0 ? ['a', 'b', 'c'] : tools));
  return stage;
}
const states = (stage: TrialStage, ...tools: readonly string[]) => tools.map((tool) => stage.call(tool).state);

describe('nothing is held', () => {
  test('before an exit, nor is anything remembered', () => {
    const stage = new TrialStage();
    expect(states(stage, 'a', 'b', 'a')).toEqual(['in_flight', 'in_flight', 'in_flight']);
    expect([stage.trial.trials, stage.trial.wakeAtMs]).toEqual([0, NEVER]);
  });

  test('after an exit with one tool in flight, however many calls', () => {
    const stage = crashed('a', 'a', 'a');
    expect(stage.trial.trials).toBe(0);
    expect(states(stage, 'a', 'b', 'a')).toEqual(['in_flight', 'in_flight', 'in_flight']);
  });

  test('of a tool that was not in flight, of another method, of a question of the server, of another server', () => {
    const stage = crashed();
    stage.call('a');
    const { trial, now } = stage;
    expect(stage.call('b').state).toBe('waiting');
    expect(stage.call('d').state).toBe('in_flight');
    expect(stage.call('b', 'files').state).toBe('in_flight');
    expect(trial.onRequest(toolCall(undefined, 'db', 'client'), now).kind).toBe('pass');
    expect(trial.onRequest(toolCall('b', 'db', 'server'), now).kind).toBe('pass');
  });

  test('where nothing of it was counted as in flight: other methods, ended calls, other servers', () => {
    const stage = new TrialStage();
    stage.settle(stage.call('a'));
    stage.call('b', 'files');
    stage.trial.onRequest(toolCall(undefined, 'db', 'client'), stage.now);
    stage.trial.onRequest(toolCall('c', 'db', 'server'), stage.now);
    stage.crash('d');
    expect(stage.trial.trials).toBe(0);
  });

  test('whose breaker is off', () => {
    const stage = new TrialStage({ isOff: (server, tool) => server === 'db' && tool === 'c' });
    stage.crash('a', 'b', 'c');
    expect(states(stage, 'a', 'b', 'c')).toEqual(['in_flight', 'waiting', 'in_flight']);
    const other = new TrialStage({ isOff: (_, tool) => tool !== 'a' });
    other.crash('a', 'b', 'c');
    expect(other.trial.trials).toBe(0);
  });

  test('that its breaker would refuse: the model is told at once', () => {
    let isOut = false;
    const stage = new TrialStage({ isRefused: (server, tool) => isOut && server === 'db' && tool === 'b' });
    stage.crash('a', 'b', 'c');
    expect(states(stage, 'a', 'b')).toEqual(['in_flight', 'waiting']);
    isOut = true;
    expect(states(stage, 'b', 'c')).toEqual(['in_flight', 'waiting']);
  });

  test('whose name is too long to have a breaker', () => {
    const long = 'x'.repeat(LONGEST_TOOL + 1);
    const stage = crashed('a', 'b', long);
    expect(states(stage, 'a', 'b', long)).toEqual(['in_flight', 'waiting', 'in_flight']);
  });

  test('beyond as many tools as have a breaker', () => {
    const tools = Array.from({ length: MOST_TOOLS + 2 }, (_, index) => `t${index}`);
    const stage = crashed(...tools);
    const held = tools.filter((tool) => stage.call(tool).state === 'waiting');
    expect(held).toHaveLength(MOST_TOOLS - 1);
    // those that were counted before are counted again, the others still are not
    stage.crash('t1', `t${MOST_TOOLS + 1}`);
    expect(states(stage, 't0', `t${MOST_TOOLS + 1}`)).toEqual(['waiting', 'in_flight']);
  });
});

describe('one at a time', () => {
  test('all calls of the one that has its turn, and those of the next once it is answered', () => {
    const stage = crashed();
    const [a, b, , c] = [stage.call('a'), stage.call('b'), stage.call('a'), stage.call('c'), stage.call('b')];
    const inFlight = () => stage.in('in_flight').map(({ tool }) => tool);
    expect(inFlight()).toEqual(['a', 'a']);
    stage.settle(a);
    expect(inFlight()).toEqual(['b', 'a', 'b']);
    stage.settle(b);
    // the last suspect has nobody to be told from
    expect(c.state).toBe('in_flight');
    expect(states(stage, 'a', 'b', 'c')).toEqual(['in_flight', 'in_flight', 'in_flight']);
  });

  test('while the server is away all of them wait, and the least suspected goes first', () => {
    const stage = new TrialStage();
    stage.crash('x', 'y');
    stage.call('x');
    for (const tool of ['d', 'e']) stage.call(tool);
    stage.exit();
    const [x, y, d, e] = [stage.call('x'), stage.call('y'), stage.call('d'), stage.call('e')];
    stage.pass(60_000);
    expect(stage.in('waiting')).toEqual([x, y, d, e]);
    expect(stage.trial.wakeAtMs).toBe(NEVER);
    stage.back();
    // y was in flight at one exit, as d and e, and has waited longer
    expect(stage.in('in_flight')).toEqual([y]);
    stage.settle(y);
    expect(stage.in('in_flight')).toEqual([d]);
    stage.settle(d);
    expect(stage.in('in_flight')).toEqual([e]);
  });

  test('what waits for its turn goes on waiting through another exit', () => {
    const stage = crashed();
    const [, b, c] = [stage.call('a'), stage.call('b'), stage.call('c')];
    stage.exit();
    stage.back();
    expect(b.state).toBe('in_flight');
    expect(stage.call('a').state).toBe('waiting');
    stage.settle(b);
    expect(c.state).toBe('in_flight');
  });

  test('two servers have a trial each', () => {
    const stage = new TrialStage();
    for (const server of ['db', 'files']) for (const tool of ['a', 'b']) stage.call(tool, server);
    for (const server of ['db', 'files']) stage.exit(server);
    stage.back('files');
    expect(stage.call('a', 'files').state).toBe('in_flight');
    expect(stage.call('a').state).toBe('waiting');
    expect(stage.trial.trials).toBe(2);
    expect(stage.call('b', 'files').state).toBe('waiting');
    stage.back('db');
    expect(stage.in('in_flight').map(({ view }) => view.upstream)).toEqual(['files', 'db']);
  });
});

describe('a turn', () => {
  it.each<Settlement>(['result', 'error', 'refused', 'timeout'])('that ends with %s frees its tool', (settlement) => {
    const stage = crashed();
    const a = stage.call('a');
    const b = stage.call('b');
    stage.settle(a, settlement);
    expect(b.state).toBe('in_flight');
    expect(stage.call('a').state).toBe('in_flight');
  });

  it.each<Settlement>(['cancelled', 'denied', 'unrecorded'])('that ends with %s is over, and shows nothing', (end) => {
    const stage = crashed();
    const [one, other, b] = [stage.call('a'), stage.call('a'), stage.call('b')];
    stage.settle(one, end);
    expect(b.state).toBe('waiting');
    stage.settle(other, end);
    expect(b.state).toBe('in_flight');
    expect(stage.call('a').state).toBe('waiting');
  });

  test('is not over because a call of a tool that has none ends', () => {
    const stage = crashed();
    const [a, b] = [stage.call('a'), stage.call('b')];
    stage.settle(stage.call('d'), 'cancelled');
    expect(b.state).toBe('waiting');
    stage.pass(LONGEST_MS - 1);
    expect(a.state).toBe('in_flight');
  });

  test('is not over because a call of another suspect was refused', () => {
    let isOut = false;
    const stage = new TrialStage({ isRefused: (_, tool) => isOut && tool === 'b' });
    stage.crash('a', 'b', 'c');
    stage.call('a');
    const c = stage.call('c');
    isOut = true;
    stage.settle(stage.call('b'), 'denied');
    expect(c.state).toBe('waiting');
  });

  test('is not ended by what was never let through', () => {
    const stage = crashed();
    stage.call('a');
    const b = stage.call('b');
    stage.trial.onSettle(toolCall('b', 'db', 'server'), ANSWER, stage.now);
    stage.trial.onSettle(toolCall('a', 'db', 'client'), ANSWER, stage.now);
    stage.pass(0);
    expect(b.state).toBe('waiting');
  });

  test('comes once: a call that somebody else has let go is not let go again', () => {
    const stage = crashed();
    const a = stage.call('a');
    const b = stage.call('b');
    stage.trial.onWaited(b.view, 'refused', stage.now);
    b.state = 'in_flight';
    expect(stage.trial.heldTools('db')).toEqual([]);
    stage.settle(a);
    stage.pass(TURN_MS);
    stage.exit();
    stage.back();
    expect(stage.call('b').state).toBe('in_flight');
  });

  test('ends when it has lasted long enough, and its tool is believed', () => {
    const stage = crashed();
    stage.call('a');
    stage.pass(400);
    const b = stage.call('b');
    expect(stage.trial.wakeAtMs).toBe(stage.nowMs + TURN_MS - 400);
    stage.pass(TURN_MS - 401);
    expect(b.state).toBe('waiting');
    stage.pass(1);
    expect(b.state).toBe('in_flight');
    expect(stage.call('a').state).toBe('in_flight');
    expect(stage.call('c').state).toBe('waiting');
  });

  test('begins with the first call, not with the server', () => {
    const stage = crashed();
    stage.pass(5_000);
    stage.call('a');
    stage.pass(TURN_MS - 1);
    expect(stage.call('b').state).toBe('waiting');
  });

  test('is not used up while the server is away', () => {
    const stage = crashed();
    for (const tool of ['a', 'b']) stage.call(tool);
    stage.pass(TURN_MS - 1);
    stage.exit();
    stage.pass(LONGEST_MS);
    const c = stage.call('c');
    stage.back();
    expect(stage.in('in_flight').map(({ tool }) => tool)).toEqual(['b']);
    stage.pass(TURN_MS - 1);
    expect(c.state).toBe('waiting');
    stage.pass(1);
    expect(c.state).toBe('in_flight');
  });

  test('is given to nobody by a call that stops waiting', () => {
    const stage = crashed();
    const [a, b, c] = [stage.call('a'), stage.call('b'), stage.call('c')];
    stage.cancel(b);
    expect([a.state, c.state]).toEqual(['in_flight', 'waiting']);
    stage.settle(a);
    expect([b.state, c.state]).toEqual(['cancelled', 'in_flight']);
    stage.pass(LONGEST_MS);
    expect(stage.trial.trials).toBe(0);
  });
});

describe('a tool that has met two exits unanswered', () => {
  /** `a` has met two exits, `b` and `c` one since they were answered. */
  function twice(): TrialStage {
    const stage = crashed();
    const a = stage.call('a');
    stage.settle(a, 'cancelled');
    for (const tool of ['b', 'c']) stage.settle(stage.call(tool));
    stage.crash('a', 'b', 'c');
    return stage;
  }

  test('comes back last, and only when the others have worked for a while', () => {
    const stage = twice();
    const a = stage.call('a');
    expect(a.state).toBe('in_flight');
    stage.exit();
    stage.back();
    const [again, b, c] = [stage.call('a'), stage.call('b'), stage.call('c')];
    // nobody else had called yet, so nobody's work was to be kept from it
    expect([again.state, b.state]).toEqual(['in_flight', 'waiting']);
    stage.exit();
    const last = stage.call('a');
    stage.back();
    for (const one of [b, c]) stage.settle(one);
    expect(last.state).toBe('waiting');
    expect(stage.trial.wakeAtMs).toBe(stage.nowMs + REST_MS);
    stage.pass(REST_MS - 1);
    expect([stage.call('a').state, ...states(stage, 'b', 'c')]).toEqual(['waiting', 'in_flight', 'in_flight']);
    stage.pass(1);
    expect(stage.in('waiting')).toEqual([]);
  });

  test('comes back together with the others that have', () => {
    const stage = crashed('a', 'b', 'c');
    for (const tool of ['a', 'b', 'c']) stage.call(tool);
    stage.exit();
    const [x, b] = [stage.call('a'), stage.in('waiting', 'b')[0]];
    stage.back();
    expect([x.state, b?.state]).toEqual(['waiting', 'in_flight']);
    stage.exit();
    expect(stage.trial.heldTools('db')).toEqual(['c', 'a']);
    const again = stage.call('b');
    stage.back();
    expect(stage.in('in_flight').map(({ tool }) => tool)).toEqual(['c']);
    for (const call of stage.in('in_flight')) stage.settle(call);
    expect([x.state, again.state]).toEqual(['waiting', 'waiting']);
    stage.pass(REST_MS);
    expect([x.state, again.state, stage.call('a').state]).toEqual(['in_flight', 'in_flight', 'in_flight']);
  });

  test('does not wait where it is the only suspect from the beginning', () => {
    const stage = twice();
    for (const tool of ['b', 'c']) stage.settle(stage.call(tool));
    stage.pass(REST_MS);
    stage.crash('a');
    expect(stage.call('a').state).toBe('in_flight');
  });

  test('does not keep one that has met a single exit', () => {
    const stage = twice();
    const [b, a, c] = [stage.call('b'), stage.call('a'), stage.call('c')];
    stage.settle(b);
    expect([a.state, c.state]).toEqual(['waiting', 'in_flight']);
  });
});

describe('an end to everything', () => {
  test('so long after an exit nobody is suspected, and nothing is remembered', () => {
    const stage = crashed();
    stage.call('a');
    stage.pass(LONGEST_MS - 1);
    expect(stage.trial.trials).toBe(1);
    stage.pass(1);
    expect([stage.trial.trials, stage.trial.wakeAtMs]).toEqual([0, NEVER]);
    expect(states(stage, 'b', 'c')).toEqual(['in_flight', 'in_flight']);
  });

  test('so long after it came a call goes, whatever exits since', () => {
    const tools = Array.from({ length: 60 }, (_, index) => `t${index}`);
    const stage = crashed(...tools);
    for (const tool of tools) stage.call(tool);
    const last = stage.calls.at(-1);
    for (let second = 0; second < LONGEST_MS / 1_000; second += 1) {
      expect(last?.state).toBe('waiting');
      if (second % 7 === 6) {
        stage.exit();
        stage.pass(3_000);
        stage.back();
      }
      stage.pass(1_000);
    }
    expect([last?.state, last?.waitedUpMs]).toEqual(['in_flight', LONGEST_MS]);
    expect(stage.in('waiting')).toEqual([]);
    // the newest exit is not so long ago: who comes now waits
    expect(states(stage, 't58', 't59')).toContain('waiting');
  });

  test('a server that never comes back holds nobody', () => {
    const stage = new TrialStage();
    for (const tool of ['a', 'b']) stage.call(tool);
    stage.exit();
    const [a, b] = [stage.call('a'), stage.call('b')];
    stage.trial.onFate('db', 'gone', stage.now);
    stage.pass(0);
    expect([a.state, b.state]).toEqual(['in_flight', 'in_flight']);
    expect(stage.trial.trials).toBe(0);
  });

  test('a server that comes back without a trial begins none', () => {
    const stage = new TrialStage();
    stage.back();
    stage.trial.onFate('db', 'gone', stage.now);
    expect(stage.trial.trials).toBe(0);
  });
});
