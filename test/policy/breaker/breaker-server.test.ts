// The server's own breaker: exits, answers, the tools that take it along; and tasks, which end later than their call.
import { describe, expect, test } from 'vitest';
import { ANSWER, EXIT, FAULT, Machine, openTool, SERVER, TOOL_ERROR } from './machine.ts';

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

  test('exits are told apart from calls, with how the newest was; on the board and to who is refused', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    for (const how of ['signal SIGKILL', 'spawn /x ENOENT']) guard.exit(how);
    machine.settle();
    const before = machine.stateOf(undefined);
    // nothing of a reason is kept: it has a path in it, and whoever reads it is a model
    expect(before.kind === 'closed' && before.window.map(({ exit }) => exit)).toEqual([
      'signal SIGKILL',
      'not started',
    ]);
    guard.exit('code 3');
    machine.settle();
    const state = machine.stateOf(undefined);
    expect(state).toMatchObject({
      kind: 'open',
      why: { samples: 3, faults: 3, row: 3, exits: 3, lastExit: 'code 3' },
    });
    const refused = guard.breaker.refusal(SERVER, 'query', { wallMs: machine.wallMs, monoMs: machine.monoMs });
    expect(refused?.text).toContain(': it exited 3 times (the last time: code 3). The call was not sent.');
    expect(refused?.text).not.toContain('calls');
    expect(machine.transitions.at(-1)?.transition.evidence).toMatchObject({ exits: 3, lastExit: 'code 3' });
  });

  test('an exit concerns its own server, and calls only', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    const [call, list] = [guard.begin(), guard.begin(null)];
    guard.breaker.onExit('other', machine.now, 'code 1');
    machine.settle();
    expect(machine.board.crashed).toEqual([]);
    guard.end(call, ANSWER);
    guard.exit();
    guard.end(list, EXIT);
    machine.settle();
    expect(machine.board.crashed).toEqual([]);
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

  test('also where that came while its own call was in flight', () => {
    const machine = new Machine();
    const [guard, other] = [machine.guard('a'), machine.guard('b')];
    const call = other.begin('a');
    crash(guard, 'a');
    machine.settle();
    other.exit();
    other.end(call, EXIT);
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
      text: 'mcp-guard has switched off the MCP server `db` since 2023-11-14T22:13:20Z (1 s ago): it exited 3 times (the last time: code 1). The call was not sent. Try again in 30 s, not before. None of its tools can be called until then.',
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
    // Nor does one that goes out by tool errors.
    guard.calls(TOOL_ERROR, 10, 'd');
    machine.settle();
    expect(machine.stateOf('d').kind).toBe('open');
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

  test('by rate as by a row', () => {
    const machine = new Machine({ tools: ['a', 'b', 'c'] });
    const guard = machine.guard('g');
    for (const tool of ['a', 'b', 'c']) for (const end of [ANSWER, ANSWER, FAULT, FAULT, FAULT]) guard.call(end, tool);
    machine.settle();
    expect(machine.transitions.map(({ tool, transition }) => `${tool ?? SERVER} ${transition.rule}`)).toEqual([
      'a fault_rate',
      'b fault_rate',
      'c fault_rate',
      'db escalation',
    ]);
    expect(machine.stateOf(undefined)).toMatchObject({ why: { kind: 'tools', open: 3, known: 3 } });
  });

  test.each([
    ['names that it has not got', ['d', 'e', 'f', 'g']],
    ['some that it has, and more that it has not', ['a', 'b', 'd', 'e', 'f']],
  ])('not by %s', (_, tools) => {
    const machine = new Machine({ tools });
    const guard = machine.guard('g');
    for (const tool of ['a', 'b', 'c']) guard.calls(FAULT, 5, tool);
    machine.settle();
    expect(machine.stateOf(undefined).kind).toBe('closed');
  });

  test('not where nobody has listed its tools to the end', () => {
    const machine = new Machine();
    const guard = machine.guard('g');
    for (const tool of ['a', 'b', 'c', 'd']) guard.calls(FAULT, 5, tool);
    machine.settle();
    expect(machine.stateOf(undefined).kind).toBe('closed');
  });

  test('a refused tool does not use up the probe of its server', () => {
    const { machine, guard } = openTool();
    machine.order('open', undefined).wait(29_999);
    machine.order('open', 'query').wait(1);
    expect(guard.call(ANSWER)).toBe('deny');
    expect(machine.stateOf(undefined).kind).toBe('open');
    expect(guard.call(ANSWER, 'list')).toBe('pass');
  });

  test('a tool that only observes is not asked for the probe of its server', () => {
    const { machine, guard } = openTool({ tool: { mode: 'observe' } });
    machine.order('open', undefined).wait(30_000).order('open', 'query');
    expect(guard.call(ANSWER)).toBe('pass');
    machine.settle();
    expect(machine.stateOf('query').kind).toBe('open');
    expect(machine.stateOf(undefined)).toMatchObject({ kind: 'half_open', successes: 1 });
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

  test('is one of the newest four thousand', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    for (let task = 0; task <= 4096; task += 1) guard.call({ ...CREATED, taskId: `t${task}` });
    guard.breaker.onTaskEnd(SERVER, 't0', FAULT, machine.now);
    expect(machine.updates).toHaveLength(0);
    guard.breaker.onTaskEnd(SERVER, 't1', FAULT, machine.now);
    expect(machine.updates).toHaveLength(1);
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
