// What one process keeps in mind of a server's breakers: room for so many, one update at a time, nothing lost with the store.
import { describe, expect, test, vi } from 'vitest';
import { EMPTY_BOARD } from '../../../src/policy/breaker/board.ts';
import { ANSWER, FAULT, type Guard, Machine } from './machine.ts';
import { OneBreaker } from './one-breaker.ts';

/** As many tools as there is room for: one place is the server's own. */
const fill = (guard: Guard, end: typeof ANSWER): void => {
  for (let tool = 0; tool < 511; tool += 1) guard.call(end, `t${tool}`);
};

describe('room', () => {
  test('is made for the next tool by one that is well, before its first sample', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    fill(guard, ANSWER);
    guard.calls(FAULT, 5, 'bad');
    expect(guard.call(ANSWER, 'bad')).toBe('deny');
  });

  test('is full with 512, the server included, where each owes something', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    fill(guard, FAULT);
    guard.calls(FAULT, 5, 'one too many');
    expect(guard.call(ANSWER, 'one too many')).toBe('pass');
    guard.calls(FAULT, 4, 't510');
    expect(guard.call(ANSWER, 't510')).toBe('deny');
  });

  test('is not taken by what others have switched off, and this process only reads', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    const { state } = new OneBreaker().order('open');
    const tools = Array.from({ length: 511 }, (_, index) => ({ tool: `t${index}`, state }));
    for (const crashed of [['x'], ['y'], ['z']]) {
      machine.text = JSON.stringify({ ...EMPTY_BOARD, tools, crashed });
      expect(guard.call(ANSWER, 'other')).toBe('pass');
    }
    guard.calls(FAULT, 5, 'bad');
    expect(guard.call(ANSWER, 'bad')).toBe('deny');
  });

  test('may be made by a tool whose update is under way', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    fill(guard, ANSWER);
    guard.exit();
    const done = machine.write();
    guard.calls(FAULT, 5, 'bad');
    expect(done).not.toThrow();
    machine.settle();
    expect(machine.stateOf('bad').kind).toBe('open');
  });
});

test('a step that is asked for while an update is under way begins no second one', () => {
  const machine = new Machine();
  const guard = machine.guard('a');
  guard.calls(FAULT, 5);
  machine.settle().wait(30_000);
  guard.exit();
  const probe = guard.begin();
  expect(guard.verdictOf(probe)).toBe('wait');
  expect(machine.updates).toHaveLength(1);
  machine.settle();
  expect(guard.verdictOf(probe)).toBe('pass');
});

describe('where nothing has changed', () => {
  /** How often the settings are looked up by `run`: once for each tool that is looked at. */
  const lookups = (machine: Machine, run: () => void): number => {
    const settingsOf = vi.spyOn(machine, 'settingsOf');
    run();
    const times = settingsOf.mock.calls.length;
    settingsOf.mockRestore();
    return times;
  };

  test.each([
    ['that works', false],
    ['that fails', true],
  ])('a call costs the same with a hundred tools, after an update of a store %s', (_what, isBroken) => {
    const machine = new Machine();
    const guard = machine.guard('a');
    machine.isBroken = isBroken;
    for (let tool = 0; tool < 100; tool += 1) guard.call(ANSWER, `t${tool}`);
    guard.call(FAULT, 't0');
    machine.settle();
    expect(lookups(machine, () => guard.call(ANSWER, 't1'))).toBeLessThan(20);
    expect(lookups(machine, () => guard.call(ANSWER, 't1'))).toBeLessThan(20);
  });

  test('the end of a session writes nothing', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(ANSWER, 10);
    guard.breaker.onEnd?.(machine.now);
    expect(machine.updates).toHaveLength(0);
  });
});

describe('what the store has lost', () => {
  test('comes back with the next update, though there is nothing new to tell of it', () => {
    const machine = new Machine();
    const [guard, reader] = [machine.guard('a'), machine.guard('b')];
    guard.calls(FAULT, 5);
    machine.settle();
    expect(reader.call(ANSWER)).toBe('deny');
    machine.text = JSON.stringify(EMPTY_BOARD);
    expect(reader.call(ANSWER)).toBe('deny');
    reader.exit();
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ kind: 'open', epoch: 1 });
    expect(machine.guard('c').call(ANSWER)).toBe('deny');
  });

  test('comes back whatever else has moved on: the server, or only the tool', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    for (let times = 0; times < 3; times += 1) machine.order('reset', undefined);
    guard.calls(FAULT, 5);
    machine.settle();
    const { server } = machine.board;
    expect(server.epoch).toBe(3);
    for (const lost of [EMPTY_BOARD, { ...EMPTY_BOARD, server }]) {
      machine.text = JSON.stringify(lost);
      expect(guard.call(ANSWER)).toBe('deny');
      machine.wait(1000);
      guard.calls(FAULT, 1, 'other');
      machine.settle();
      expect([machine.stateOf('query').epoch, machine.stateOf(undefined).epoch]).toEqual([1, 3]);
    }
  });

  test('heals by its probes as if it had not been lost', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 5);
    machine.settle();
    machine.text = JSON.stringify(EMPTY_BOARD);
    expect(guard.call(ANSWER)).toBe('deny');
    machine.wait(30_000);
    guard.calls(ANSWER, 2);
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ kind: 'closed', round: 1 });
    expect(machine.transitions.map(({ transition }) => transition.epoch)).toEqual([1, 2, 3, 4, 5]);
  });
});
