// The interceptor: what it refuses and in which words, what it counts, what it writes.
import { describe, expect, test } from 'vitest';
import { ANSWER, EXIT, FAULT, Machine, SERVER, TOOL_ERROR, UNUSED } from './machine.ts';

const openTool = (options = {}) => {
  const machine = new Machine({ tools: ['query', 'list', 'drop'], ...options });
  const guard = machine.guard('a');
  guard.calls(FAULT, 5);
  machine.settle();
  return { machine, guard };
};

describe('a healthy tool', () => {
  test('passes, and writes nothing', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    for (let call = 0; call < 1000; call += 1) expect(guard.call(ANSWER)).toBe('pass');
    expect(machine.updates).toHaveLength(0);
    expect(machine.writes).toBe(0);
  });

  test('a failure takes the successes before it along', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(ANSWER, 7);
    guard.calls(FAULT, 1);
    machine.settle();
    expect(machine.writes).toBe(1);
    const state = machine.stateOf('query');
    expect(state.kind === 'closed' && state.window.map(({ sample }) => sample)).toEqual([
      ...Array<string>(7).fill('success'),
      'fault',
    ]);
  });
});

describe('an open tool', () => {
  test('is refused before anything is written: its own guard waits for nobody', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 5);
    expect(machine.writes).toBe(0);
    expect(guard.call(ANSWER)).toBe('deny');
    expect(machine.transitions).toEqual([]);
    machine.settle();
    expect(machine.transitions.map(({ tool, transition }) => [tool, transition.rule])).toEqual([
      ['query', 'fault_row'],
    ]);
  });

  test('the model reads what is wrong, since when, when to try again, what still works', () => {
    const { machine, guard } = openTool();
    machine.wait(10_000);
    const verdict = guard.breaker.onRequest(guard.begin(), machine.now);
    expect(verdict).toEqual({
      kind: 'deny',
      reason: 'breaker_open',
      rule: 'breaker.tool.open',
      text: 'mcp-guard has switched off the tool `query` of `db` since 2023-11-14T22:13:20Z (10 s ago): of its last 5 calls 5 failed (the last 5 in a row). The call was not sent. Try again in 20 s, not before. These tools of `db` still work: `list`, `drop`.',
      retryAfterMs: 20_000,
    });
  });

  test('the others go on', () => {
    const { guard } = openTool();
    expect(guard.call(ANSWER, 'list')).toBe('pass');
    expect(guard.call(ANSWER, null)).toBe('pass');
    expect(guard.breaker.toolsOut(SERVER, { wallMs: 0, monoMs: 0 })).toEqual(['query']);
  });

  test('a request of the server is none of its business', () => {
    const { guard } = openTool();
    expect(guard.verdictOf(guard.begin('query', 'server'))).toBe('pass');
  });

  test('comes back: one probe at a time, then two successes', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    const probe = guard.begin();
    expect(guard.verdictOf(probe)).toBe('wait');
    machine.settle();
    expect(guard.verdictOf(probe)).toBe('pass');
    expect(guard.call(ANSWER)).toBe('deny');
    guard.end(probe, ANSWER);
    machine.settle();
    expect(guard.call(ANSWER)).toBe('pass');
    machine.settle();
    expect(machine.stateOf('query').kind).toBe('closed');
    expect(guard.call(ANSWER)).toBe('pass');
  });

  test('a probe whose client has left gives its lease back', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    guard.gone.add(guard.begin());
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ kind: 'half_open', lease: null });
    expect(guard.call(ANSWER)).toBe('pass');
  });

  test('a cancelled probe gives its lease back', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    expect(guard.call(UNUSED)).toBe('pass');
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ kind: 'half_open', lease: null, successes: 0 });
  });

  test('what was sent before it opened is late, success or failure', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    const late = [guard.begin(), guard.begin()];
    guard.calls(FAULT, 5);
    machine.settle();
    const { text } = machine;
    for (const [index, request] of late.entries()) guard.end(request, index === 0 ? ANSWER : FAULT);
    machine.settle();
    expect(machine.text).toBe(text);
  });

  test('a wait that was in vain is refused with when to try again, and nobody waits twice', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    const [first, second] = [guard.begin(), guard.begin()];
    machine.settle();
    expect([guard.verdictOf(first), guard.verdictOf(second)]).toEqual(['pass', 'deny']);
    expect(guard.breaker.onWaited(second, 'refused', machine.now)).toMatchObject({
      reason: 'breaker_open',
      retryAfterMs: 60_000,
    });
  });

  test('a go without a lease is no pass', () => {
    const { machine, guard } = openTool();
    expect(guard.breaker.onWaited(guard.begin(), 'go', machine.now).kind).toBe('deny');
    machine.wait(30_000);
    expect(guard.breaker.onWaited(guard.begin(), 'go', machine.now)).toMatchObject({
      kind: 'deny',
      retryAfterMs: 1000,
    });
  });
});

describe('a server', () => {
  const crash = (guard: ReturnType<Machine['guard']>, ...tools: string[]) => {
    const open = tools.map((tool) => guard.begin(tool));
    guard.exit();
    for (const request of open) guard.end(request, EXIT);
  };

  test('an exit is one failure of it, however many calls were in flight', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    crash(guard, 'a', 'a', 'b', 'c');
    machine.settle();
    const state = machine.stateOf(undefined);
    expect(state.kind === 'closed' && state.window.map(({ sample }) => sample)).toEqual(['fault']);
    expect(machine.board.tools).toEqual([]);
    expect(machine.board.crashed).toEqual(['a', 'b', 'c']);
  });

  test('and a fault of a tool that was in flight twice running: one, however many calls', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    crash(guard, 'a', 'b');
    crash(guard, 'a', 'a', 'c');
    machine.settle();
    expect(machine.board.tools.map(({ tool }) => tool)).toEqual(['a']);
    const state = machine.stateOf('a');
    expect(state.kind === 'closed' && state.window.length).toBe(1);
    // Not in flight at the exit before this one.
    crash(guard, 'b');
    machine.settle();
    expect(machine.board.tools.map(({ tool }) => tool)).toEqual(['a']);
  });

  test('the exit before may have been that of another guard, or of an earlier one', () => {
    const machine = new Machine();
    crash(machine.guard('a'), 'a');
    machine.settle();
    crash(machine.guard('b'), 'a');
    machine.settle();
    expect(machine.board.tools.map(({ tool }) => tool)).toEqual(['a']);
  });

  test('three exits running open it, and say so', () => {
    const machine = new Machine({ tools: ['query', 'list'] });
    const guard = machine.guard('a');
    for (let exit = 0; exit < 3; exit += 1) crash(guard, 'query');
    machine.settle();
    expect(machine.stateOf(undefined)).toMatchObject({ kind: 'open', cause: 'faults' });
    expect(guard.breaker.onRequest(guard.begin('list'), machine.now)).toEqual({
      kind: 'deny',
      reason: 'breaker_open',
      rule: 'breaker.server.open',
      text: 'mcp-guard has switched off the MCP server `db` since 2023-11-14T22:13:20Z (1 s ago): of its last 3 calls 3 failed (the last 3 in a row). The call was not sent. Try again in 30 s, not before. None of its tools can be called until then.',
      retryAfterMs: 30_000,
    });
    expect(guard.call(ANSWER, null)).toBe('pass');
  });

  test('any answer between two exits breaks the row', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    for (let exit = 0; exit < 4; exit += 1) {
      guard.call(exit % 2 === 0 ? FAULT : ANSWER, exit < 2 ? 'query' : null);
      crash(guard);
    }
    machine.settle();
    expect(machine.stateOf(undefined).kind).toBe('closed');
  });

  test('an exit fails its probe', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    for (let exit = 0; exit < 3; exit += 1) crash(guard);
    machine.settle().wait(30_000);
    const probe = guard.begin();
    machine.settle();
    expect(machine.stateOf(undefined).kind).toBe('half_open');
    guard.exit();
    guard.end(probe, EXIT);
    machine.settle();
    expect(machine.stateOf(undefined)).toMatchObject({ kind: 'open', round: 2 });
  });

  test('an exit elsewhere does not fail a probe', () => {
    const machine = new Machine();
    const [guard, other] = [machine.guard('a'), machine.guard('b')];
    for (let exit = 0; exit < 3; exit += 1) crash(guard);
    machine.settle().wait(30_000);
    const probe = guard.begin();
    machine.settle();
    crash(other);
    machine.settle();
    expect(machine.stateOf(undefined).kind).toBe('half_open');
    guard.end(probe, ANSWER);
    machine.settle();
    expect(machine.stateOf(undefined)).toMatchObject({ successes: 1 });
  });

  test('a probe of the tool that dies with the server gives its lease back, the second time it fails', () => {
    const { machine, guard } = openTool({ server: { consecutiveFaults: 20 } });
    for (const [kind, round] of [
      ['half_open', 1],
      ['open', 2],
    ] as const) {
      machine.wait(30_000);
      const probe = guard.begin();
      machine.settle();
      guard.exit();
      guard.end(probe, EXIT);
      machine.settle();
      expect(machine.stateOf('query')).toMatchObject({ kind, round });
    }
  });

  test('most of its tools out by faults: the server is out', () => {
    const machine = new Machine({ tools: ['a', 'b', 'c', 'd', 'e'] });
    const guard = machine.guard('g');
    for (const tool of ['a', 'b']) guard.calls(FAULT, 5, tool);
    machine.settle();
    expect(machine.stateOf(undefined).kind).toBe('closed');
    guard.calls(FAULT, 5, 'c');
    machine.settle();
    expect(machine.stateOf(undefined)).toMatchObject({ kind: 'open', cause: 'tools' });
    expect(machine.transitions.map(({ tool, transition }) => `${tool ?? SERVER} ${transition.rule}`)).toEqual([
      'a fault_row',
      'b fault_row',
      'c fault_row',
      'db escalation',
    ]);
    // It comes back by a healthy tool, and a dead one that fails its probe does not take it away again.
    machine.wait(30_000);
    guard.calls(ANSWER, 2, 'd');
    machine.settle();
    expect(machine.stateOf(undefined).kind).toBe('closed');
    guard.call(FAULT, 'a');
    machine.settle();
    expect(machine.stateOf('a')).toMatchObject({ kind: 'open', round: 2 });
    expect(machine.stateOf(undefined).kind).toBe('closed');
  });

  test('out by tool errors does not count for that, nor do more tools than are out', () => {
    const machine = new Machine({ tools: ['a', 'b', 'c', 'd', 'e', 'f'] });
    const guard = machine.guard('g');
    for (const tool of ['a', 'b', 'c']) guard.calls(FAULT, 5, tool);
    for (const tool of ['d', 'e']) guard.calls(TOOL_ERROR, 10, tool);
    machine.settle();
    expect(guard.breaker.toolsOut(SERVER, machine.now)).toHaveLength(5);
    expect(machine.stateOf(undefined).kind).toBe('closed');
  });

  test('where nobody has listed the tools, those that were called are all', () => {
    const machine = new Machine();
    const guard = machine.guard('g');
    for (const tool of ['d', 'e', 'f']) guard.call(ANSWER, tool);
    for (const tool of ['a', 'b', 'c']) guard.calls(FAULT, 5, tool);
    machine.settle();
    expect(machine.stateOf(undefined).kind).toBe('closed');
    guard.calls(FAULT, 5, 'x');
    machine.settle();
    expect(machine.stateOf(undefined)).toMatchObject({ kind: 'open', why: { kind: 'tools', open: 4, known: 7 } });
  });

  test('a refused tool does not use up the probe of its server', () => {
    const { machine, guard } = openTool();
    machine.order('open', undefined).wait(29_999);
    machine.order('open', 'query').wait(1);
    expect(guard.call(ANSWER)).toBe('deny');
    expect(machine.stateOf(undefined).kind).toBe('open');
    expect(guard.call(ANSWER, 'list')).toBe('pass');
  });

  test('one call may be the probe of both', () => {
    const { machine, guard } = openTool();
    machine.order('open', undefined).wait(30_000);
    expect(guard.call(ANSWER)).toBe('pass');
    machine.settle();
    expect(machine.stateOf(undefined)).toMatchObject({ kind: 'half_open', successes: 1 });
    expect(machine.stateOf('query')).toMatchObject({ kind: 'half_open', successes: 1 });
  });
});

describe('a task', () => {
  const CREATED = { ...ANSWER, resultType: 'task', taskId: 't' };

  test('counts by its end, once, for its tool alone', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(CREATED, 1);
    guard.breaker.onTaskEnd(SERVER, 'unknown', FAULT, machine.now);
    expect(machine.updates).toHaveLength(0);
    guard.breaker.onTaskEnd(SERVER, 't', { ...FAULT, resultType: 'task' }, machine.now);
    guard.breaker.onTaskEnd(SERVER, 't', FAULT, machine.now);
    machine.settle();
    const state = machine.stateOf('query');
    expect(state.kind === 'closed' && state.window.map(({ sample }) => sample)).toEqual(['fault']);
    const server = machine.stateOf(undefined);
    expect(server.kind === 'closed' && server.window.length).toBe(1);
  });

  test('whose tool has opened since is late', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(CREATED, 1);
    guard.calls(FAULT, 5);
    machine.settle();
    const { text } = machine;
    guard.breaker.onTaskEnd(SERVER, 't', FAULT, machine.now);
    machine.settle();
    expect(machine.text).toBe(text);
  });
});

describe('modes', () => {
  test('observe: decides, records, and refuses nothing', () => {
    const { machine, guard } = openTool({ tool: { mode: 'observe' }, server: { mode: 'observe' } });
    expect(machine.transitions.map(({ transition }) => transition.rule)).toEqual(['fault_row']);
    expect(guard.call(FAULT)).toBe('pass');
    machine.wait(30_000);
    const [probe, other] = [guard.begin(), guard.begin()];
    machine.settle();
    expect([guard.verdictOf(probe), guard.verdictOf(other)]).toEqual(['pass', 'pass']);
    guard.end(probe, ANSWER);
    guard.end(other, FAULT);
    machine.settle();
    expect(guard.call(ANSWER)).toBe('pass');
    machine.settle();
    expect(machine.stateOf('query').kind).toBe('closed');
    expect(guard.call(ANSWER)).toBe('pass');
  });

  test('observe: a probe that is free again, too', () => {
    const { machine, guard } = openTool({ tool: { mode: 'observe' } });
    machine.wait(30_000);
    expect(guard.breaker.onWaited(guard.begin(), 'refused', machine.now).kind).toBe('pass');
  });

  test('off: counts nothing', () => {
    const machine = new Machine({ tool: { mode: 'off' }, server: { mode: 'off' } });
    const guard = machine.guard('a');
    guard.calls(FAULT, 50);
    guard.exit();
    machine.settle();
    expect(machine.board.tools).toEqual([]);
    expect(machine.stateOf(undefined)).toMatchObject({ window: [] });
  });

  test.each(['enforce', 'observe', 'off'] as const)('%s: what a person has isolated stays away', (mode) => {
    const machine = new Machine({ tool: { mode }, server: { mode }, tools: ['query', 'list'] });
    const guard = machine.guard('a');
    expect(guard.call(ANSWER)).toBe('pass');
    machine.order('isolate', 'query');
    const verdict = guard.breaker.onRequest(guard.begin(), machine.now);
    expect(verdict).toMatchObject({ kind: 'deny', retryAfterMs: undefined, rule: 'breaker.tool.isolated' });
    expect(verdict.kind === 'deny' && verdict.text).toContain(
      'isolated by ada (maintenance). The call was not sent. Only a person can switch it on again: do not retry. These tools of `db` still work: `list`.',
    );
    machine.order('close', 'query').order('isolate', undefined);
    expect(guard.call(ANSWER)).toBe('deny');
    machine.order('close', undefined);
    expect(guard.call(ANSWER)).toBe('pass');
  });
});

describe('names', () => {
  test('of the prototype are names', () => {
    const machine = new Machine({ server: { mode: 'off' } });
    const guard = machine.guard('a');
    for (const tool of ['__proto__', 'constructor', 'toString']) {
      guard.calls(FAULT, 5, tool);
      machine.settle();
      expect(guard.call(ANSWER, tool)).toBe('deny');
    }
    expect(machine.guard('b').call(ANSWER, '__proto__')).toBe('deny');
    expect(guard.call(ANSWER, 'valueOf')).toBe('pass');
  });

  test('are bounded in number and length, and an open one stays', () => {
    const machine = new Machine({ server: { mode: 'off' } });
    const guard = machine.guard('a');
    guard.calls(FAULT, 5, 'bad');
    for (let name = 0; name < 1200; name += 1) guard.call(TOOL_ERROR, `guess-${name}`);
    guard.calls(FAULT, 5, 'x'.repeat(257));
    machine.settle();
    expect(machine.board.tools).toHaveLength(512);
    expect(guard.call(ANSWER, 'bad')).toBe('deny');
    expect(guard.call(ANSWER, 'x'.repeat(257))).toBe('pass');
    machine.order('isolate', 'new');
    expect(machine.guard('b').call(ANSWER, 'new')).toBe('deny');
  });

  test('are shown without what could steer', () => {
    const machine = new Machine({
      tools: ['a`b', `c\u202ed`, ...Array.from({ length: 25 }, (_, index) => `t${index}`)],
    });
    const guard = machine.guard('a');
    const name = `q\u001b[2J${'y'.repeat(200)}`;
    guard.calls(FAULT, 5, name);
    const verdict = guard.breaker.onRequest(guard.begin(name), machine.now);
    const text = verdict.kind === 'deny' ? verdict.text : '';
    expect(text).toContain('the tool `q\\u{1b}[2Jyyy');
    expect(text).toContain("work: `a'b`, `c\\u{202e}d`, `t0`");
    expect(text).toContain('and 7 more.');
    expect(text.length).toBeLessThan(700);
  });

  test('a server that is named by a prototype has a board of its own', () => {
    const guard = new Machine().guard('a');
    expect(guard.breaker.toolsOut('__proto__', { wallMs: 0, monoMs: 0 })).toEqual([]);
  });
});
