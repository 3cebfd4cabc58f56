// Which end counts where: calls of an older epoch beside those of this one, exits, tasks, requests that are no calls.
import { describe, expect, test } from 'vitest';
import { EMPTY_BOARD } from '../../../src/policy/breaker/board.ts';
import { FIRST_STATE } from '../../../src/policy/breaker/breaker-state.ts';
import { ANSWER, EXIT, FAULT, type Guard, Machine, openTool, SERVER } from './machine.ts';

const samplesOf = (machine: Machine, tool: string | undefined): string[] => {
  const state = machine.settle().stateOf(tool);
  if (state.kind !== 'closed') throw new Error(`it is ${state.kind}`);
  return state.window.map(({ sample }) => sample);
};

const crash = (guard: Guard, ...tools: string[]): void => {
  const open = tools.map((tool) => guard.begin(tool));
  guard.exit();
  for (const request of open) guard.end(request, EXIT);
};

describe('an exit', () => {
  test('is one failure of the server, whether or not its tools were in flight before', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    crash(guard, 'query', 'list');
    crash(guard, 'query', 'list');
    expect(samplesOf(machine, undefined)).toEqual(['fault', 'fault']);
    expect(samplesOf(machine, 'query')).toEqual(['fault']);
    expect(samplesOf(machine, 'list')).toEqual(['fault']);
  });

  test('with a name in flight that is too long for a board does not make it unwritable', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    crash(guard, 'x'.repeat(257), 'query');
    machine.settle();
    expect(machine.board.crashed).toEqual(['query']);
  });

  test('is no fault of what was waiting for the server to come back', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    crash(guard, 'query');
    const of = { asked: 'client', upstream: SERVER, method: 'tools/call', params: undefined, modern: false } as const;
    const waiting = { ...of, tool: 'query' };
    expect(guard.breaker.onRequest(waiting, machine.now).kind).toBe('pass');
    crash(guard, 'list');
    guard.end(waiting, EXIT);
    machine.settle();
    expect(samplesOf(machine, 'query')).toEqual([]);
  });

  test('counts for its tool though a call of an older epoch settles first', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    crash(guard, 'query');
    machine.settle();
    const late = guard.begin();
    machine.order('reset', 'query');
    const call = guard.begin();
    guard.exit();
    guard.end(late, EXIT);
    guard.end(call, EXIT);
    expect(samplesOf(machine, 'query')).toEqual(['fault']);
  });

  test('counts for its server though a call of an older epoch is in flight', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.begin();
    machine.order('reset', undefined);
    guard.exit();
    expect(samplesOf(machine, undefined)).toEqual(['fault']);
  });

  test('names no more tools than a board may, and no longer ones', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    const longest = 'x'.repeat(256);
    for (const tool of [`${longest}x`, longest]) guard.begin(tool);
    for (let tool = 0; tool < 512; tool += 1) guard.begin(`t${tool}`);
    guard.exit();
    machine.settle();
    expect(machine.board.crashed).toHaveLength(512);
    expect(machine.board.crashed[0]).toBe(longest);
  });
});

describe('a request that is no call', () => {
  test('is no probe: its end neither heals nor harms what is half-open', () => {
    const { machine, guard } = openTool();
    machine.order('open', undefined).wait(30_000);
    const probe = guard.begin('list');
    machine.settle();
    const { text } = machine;
    expect(machine.stateOf(undefined).kind).toBe('half_open');
    expect(guard.call(ANSWER, null)).toBe('pass');
    expect(guard.call({ ...ANSWER, settlement: 'refused' }, null)).toBe('pass');
    machine.settle();
    expect(machine.text).toBe(text);
    guard.end(probe, ANSWER);
    machine.settle();
    expect(machine.stateOf(undefined)).toMatchObject({ successes: 1 });
  });
});

test('an opening that a success completes is drawn with jitter like any other', () => {
  const machine = new Machine();
  machine.random = 0;
  const guard = machine.guard('a');
  guard.calls(FAULT, 3);
  guard.calls(ANSWER, 2);
  machine.settle();
  expect(machine.stateOf('query')).toMatchObject({ kind: 'open', forMs: 24_000 });
});

describe('a task', () => {
  const CREATED = { ...ANSWER, resultType: 'task', taskId: 't' };

  test('that a probe has created keeps the probe until its end, which counts', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    for (const end of [1, 2]) {
      expect(guard.call({ ...CREATED, taskId: `t${end}` })).toBe('pass');
      machine.settle();
      expect(guard.call(ANSWER)).toBe('deny');
      guard.breaker.onTaskEnd(SERVER, `t${end}`, ANSWER, machine.now);
      machine.settle();
    }
    expect(machine.stateOf('query').kind).toBe('closed');
  });

  test('with a name of a megabyte is none: it costs no memory, and gives its probe back', () => {
    const { machine, guard } = openTool();
    machine.wait(30_000);
    const taskId = 'x'.repeat(1025);
    guard.call({ ...CREATED, taskId });
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ kind: 'half_open', lease: null });
    guard.breaker.onTaskEnd(SERVER, taskId, FAULT, machine.now);
    machine.settle();
    expect(machine.stateOf('query').kind).toBe('half_open');
  });

  test.each([
    ['is not announced by what has no id', { ...ANSWER, resultType: 'task' }, 'undefined'],
    ['is not announced by what only asks for input', { ...ANSWER, resultType: 'input_required', taskId: 't' }, 't'],
    ['is not announced by an error', { ...FAULT, errorCode: -32602, taskId: 't' }, 't'],
  ])('%s', (_what, announced, taskId) => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.call(announced);
    guard.breaker.onTaskEnd(SERVER, taskId, FAULT, machine.now);
    expect(machine.updates).toHaveLength(0);
  });

  test.each([
    [1024, 1],
    [1025, 0],
  ])('has a name of %i characters: remembered %i times', (length, times) => {
    const machine = new Machine();
    const guard = machine.guard('a');
    const taskId = 'x'.repeat(length);
    guard.call({ ...ANSWER, resultType: 'task', taskId });
    guard.breaker.onTaskEnd(SERVER, taskId, FAULT, machine.now);
    expect(machine.updates).toHaveLength(times);
  });

  test('is one of its own server', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.call({ ...ANSWER, resultType: 'task', taskId: 't' });
    guard.breaker.onTaskEnd('other', 't', FAULT, machine.now);
    expect(machine.updates).toHaveLength(0);
  });
});

test('where both could be tried out, it is the one that enforces whose refusal is told', () => {
  const { machine, guard } = openTool({ tool: { mode: 'observe' } });
  machine.order('open', undefined).wait(600_000);
  expect(guard.breaker.onWaited(guard.begin(), 'refused', machine.now)).toMatchObject({
    kind: 'deny',
    rule: 'breaker.server.open',
    retryAfterMs: 1000,
  });
});

test('where only the server could be tried out, its refusal is told, not one of the tool', () => {
  const machine = new Machine().order('open', undefined).wait(30_000);
  const guard = machine.guard('a');
  expect(guard.breaker.onWaited(guard.begin(), 'refused', machine.now)).toMatchObject({
    rule: 'breaker.server.open',
    text: expect.stringContaining('has switched off the MCP server `db`'),
  });
});

test('where the server’s breaker is off, a tool heals without it', () => {
  const { machine, guard } = openTool({ server: { mode: 'off' } });
  machine.wait(30_000);
  guard.calls(ANSWER, 2);
  machine.settle();
  expect(machine.stateOf('query').kind).toBe('closed');
  guard.calls(FAULT, 5);
  expect(samplesOf(machine, undefined)).toEqual([]);
});

test('a time to wait is whole milliseconds, never too short', () => {
  const { machine, guard } = openTool();
  machine.wait(0.25);
  expect(guard.breaker.onRequest(guard.begin(), machine.now)).toMatchObject({ retryAfterMs: 30_000 });
});

test('the isolation of a server is not lost to a board of the same epoch either', () => {
  const machine = new Machine().order('isolate', undefined);
  const reader = machine.guard('b');
  expect(reader.call(ANSWER)).toBe('deny');
  machine.text = JSON.stringify({ ...EMPTY_BOARD, server: { ...FIRST_STATE, epoch: 1 } });
  expect(reader.call(ANSWER)).toBe('deny');
});
