// A guard and its store: what happens while an update is under way, and where the store fails or has lost what it held.
import { describe, expect, test } from 'vitest';
import { EMPTY_BOARD } from '../../../src/policy/breaker/board.ts';
import { FIRST_STATE } from '../../../src/policy/breaker/breaker-state.ts';
import { ANSWER, FAULT, Machine, SERVER, TOOL_ERROR } from './machine.ts';

describe('while an update is under way', () => {
  test('what it has written is not counted again, whoever writes after it', () => {
    const machine = new Machine();
    const [guard, other] = [machine.guard('a'), machine.guard('b')];
    guard.calls(FAULT, 2);
    const done = machine.write();
    other.calls(FAULT, 1);
    machine.settle();
    // Three faults in all: with its own two counted twice there would be five.
    expect(guard.call(ANSWER)).toBe('pass');
    done?.();
    machine.settle();
    expect(guard.call(ANSWER)).toBe('pass');
    expect(machine.stateOf('query')).toMatchObject({ window: [{}, {}, {}] });
  });

  test('what happens meanwhile follows it', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 1);
    const done = machine.write();
    machine.wait(1_000);
    guard.calls(FAULT, 2);
    expect(machine.updates).toHaveLength(0);
    done?.();
    expect(machine.updates).toHaveLength(1);
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ window: [{}, {}, {}] });
    expect(machine.updates).toHaveLength(0);
    expect(machine.writes).toBe(2);
  });

  test('samples that change nothing are told at most once a second, with what came between; a step is told at once', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 1);
    machine.settle();
    guard.calls(FAULT, 1);
    machine.wait(999);
    guard.calls(FAULT, 1);
    expect(machine.updates).toHaveLength(0);
    machine.wait(1);
    guard.calls(FAULT, 1);
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ window: [{}, {}, {}, {}] });
    guard.calls(FAULT, 1);
    machine.settle();
    expect(machine.stateOf('query').kind).toBe('open');
    expect(machine.writes).toBe(3);
  });

  test('what was kept back is told when the session ends, and nothing where nothing was', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 1);
    machine.settle();
    guard.calls(FAULT, 3);
    expect(machine.updates).toHaveLength(0);
    guard.breaker.onEnd?.(machine.now);
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ window: [{}, {}, {}, {}] });
    guard.breaker.onEnd?.(machine.now);
    expect(machine.updates).toHaveLength(0);
  });

  test('a crash that happens meanwhile is not lost', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.begin('first');
    guard.exit();
    const done = machine.write();
    guard.begin('second');
    guard.exit();
    done?.();
    machine.settle();
    expect(machine.board.crashed).toEqual(['first', 'second']);
  });

  test('a crash is told once: it does not hide a later one of another guard', () => {
    const machine = new Machine();
    const [guard, other] = [machine.guard('a'), machine.guard('b')];
    for (const [one, tool] of [
      [guard, 'first'],
      [other, 'second'],
    ] as const) {
      one.begin(tool);
      one.exit();
      machine.settle();
    }
    machine.wait(1_000);
    guard.calls(FAULT, 1);
    expect(machine.updates).toHaveLength(1);
    machine.settle();
    expect(machine.board.crashed).toEqual(['second']);
  });

  test('a probe that is asked for meanwhile gets its turn', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 5);
    machine.settle().wait(30_000);
    guard.calls(FAULT, 1, 'other');
    const done = machine.write();
    const probe = guard.begin();
    expect(guard.verdictOf(probe)).toBe('wait');
    done?.();
    machine.settle();
    expect(guard.verdictOf(probe)).toBe('pass');
  });
});

describe('a store that fails', () => {
  test('locks no tool out: a guard goes on alone', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    machine.isBroken = true;
    guard.calls(FAULT, 5);
    machine.settle();
    expect(guard.call(ANSWER)).toBe('deny');
    machine.wait(30_000);
    expect(guard.call(ANSWER)).toBe('pass');
    expect(guard.call(ANSWER)).toBe('pass');
    machine.settle();
    expect(guard.call(ANSWER)).toBe('pass');
    expect(machine.transitions.map(({ transition }) => transition.rule)).toEqual([
      'fault_row',
      'cool_down_over',
      'probe_passed',
      'next_probe',
      'probes_passed',
    ]);
    // Back again: the others learn of what has happened since.
    machine.isBroken = false;
    machine.wait(1_000);
    guard.call(TOOL_ERROR);
    machine.settle();
    expect(machine.stateOf('query')).toMatchObject({ kind: 'closed', epoch: 5, round: 1 });
  });

  test('forgets nothing that a guard has only read', () => {
    const machine = new Machine();
    const [guard, reader] = [machine.guard('a'), machine.guard('b')];
    guard.calls(FAULT, 5);
    machine.settle();
    expect(reader.breaker.toolsOut(SERVER, machine.now)).toEqual(['query']);
    machine.text = JSON.stringify(EMPTY_BOARD);
    expect(reader.call(ANSWER)).toBe('deny');
    machine.order('open', undefined);
    expect(reader.breaker.toolsOut(SERVER, machine.now)).toEqual(['query']);
    machine.text = JSON.stringify(EMPTY_BOARD);
    expect(reader.call(ANSWER, 'list')).toBe('deny');
  });

  test('loses no isolation to a board of the same epoch', () => {
    const machine = new Machine().order('isolate', 'query');
    const reader = machine.guard('b');
    expect(reader.call(ANSWER)).toBe('deny');
    machine.text = JSON.stringify({ ...EMPTY_BOARD, tools: [{ tool: 'query', state: { ...FIRST_STATE, epoch: 1 } }] });
    expect(reader.call(ANSWER)).toBe('deny');
  });

  test('forgets no opening and no isolation that a guard knows of', () => {
    const machine = new Machine();
    const guard = machine.guard('a');
    guard.calls(FAULT, 5);
    machine.settle().order('isolate', 'other').order('isolate', undefined);
    expect(guard.call(ANSWER)).toBe('deny');
    machine.text = JSON.stringify(EMPTY_BOARD);
    expect(guard.call(ANSWER)).toBe('deny');
    expect(guard.call(ANSWER, 'other')).toBe('deny');
    expect(guard.call(ANSWER, 'third')).toBe('deny');
    expect(guard.breaker.toolsOut(SERVER, machine.now)).toEqual(['query', 'other']);
  });
});
