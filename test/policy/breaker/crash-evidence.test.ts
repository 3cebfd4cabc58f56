// What the breaker and the crash trial know of each other: whom an exit blames where a tool could not be in flight, and who would be
// refused.
import { expect, test } from 'vitest';
import { ANSWER, EXIT, FAULT, Machine, openTool, SERVER } from './machine.ts';

/** One life of the server: these tools are in flight when it ends, those are held. */
function exit(machine: Machine, inFlight: readonly string[], held: readonly string[]): void {
  const guard = machine.guard('a');
  const requests = inFlight.map((tool) => guard.begin(tool));
  for (const request of requests) guard.breaker.onSent?.(request, machine.now);
  machine.held = held;
  guard.exit();
  for (const request of requests) guard.end(request, EXIT);
  machine.settle();
}
const faultsOf = (machine: Machine, tool: string): number => {
  const state = machine.stateOf(tool);
  return state.kind === 'closed' ? state.window.filter(({ sample }) => sample === 'fault').length : -1;
};

test('of a tool that was held at an exit the exit before stays the previous one', () => {
  const machine = new Machine({ server: { mode: 'off' } });
  exit(machine, ['first', 'second', 'away'], []);
  exit(machine, ['first'], ['second']);
  exit(machine, ['second', 'away'], ['first']);
  exit(machine, ['first'], []);
  expect([faultsOf(machine, 'first'), faultsOf(machine, 'second'), faultsOf(machine, 'away')]).toEqual([2, 1, 0]);
});

test('to be held makes nobody part of an exit that it was no part of', () => {
  const machine = new Machine({ server: { mode: 'off' } });
  exit(machine, ['first'], ['second']);
  exit(machine, ['second'], []);
  expect(faultsOf(machine, 'second')).toBe(0);
  expect(machine.board.crashed).toEqual(['second']);
});

test('each tool is noted once', () => {
  const machine = new Machine();
  exit(machine, ['first'], []);
  exit(machine, ['first', 'second'], ['first']);
  expect(machine.board.crashed).toEqual(['first', 'second']);
});

test('who would be refused is asked without taking anything', () => {
  const { machine, guard } = openTool();
  const { breaker } = guard;
  const refused = (tool: string) => breaker.refusal(SERVER, tool, machine.now) !== undefined;
  expect([refused('query'), refused('list')]).toEqual([true, false]);
  machine.wait(60_000);
  const { text } = machine;
  expect(refused('query')).toBe(false);
  expect([machine.text, machine.updates.length, guard.call(ANSWER)]).toEqual([text, 0, 'pass']);
});

test('an opening of another guard counts, once it can be seen', () => {
  const machine = new Machine();
  const { breaker } = machine.guard('b');
  expect(breaker.refusal(SERVER, 'query', machine.now)).toBeUndefined();
  machine.guard('a').calls(FAULT, 5);
  machine.settle().wait(200);
  expect(breaker.refusal(SERVER, 'query', machine.now)).toMatchObject({ reason: 'breaker_open' });
});
