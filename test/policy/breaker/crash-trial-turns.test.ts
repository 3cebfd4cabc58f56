// Whose turn it is after an exit: who may go is not made to wait first, and nobody's turn is ended by another.
import { expect, test } from 'vitest';
import { LONGEST_TOOL, MOST_TOOLS } from '../../../src/policy/breaker/board.ts';
import { TURN_MS } from '../../../src/policy/breaker/suspects.ts';
import { TrialStage, toolCall } from './trial-stage.ts';

function crashed(...tools: readonly string[]): TrialStage {
  const stage = new TrialStage();
  stage.crash(...tools);
  return stage;
}

/** Each of `tools` has its turn, and the server exits in it. */
function crashInTurn(stage: TrialStage, ...tools: readonly string[]): void {
  for (const tool of tools) stage.crash(tool);
}

test('who has the turn goes at once, and so do its further calls', () => {
  const stage = crashed('a', 'b');
  const calls = [stage.call('a'), stage.call('a')];
  expect(calls).toMatchObject([{ state: 'in_flight' }, { state: 'in_flight' }]);
  expect(calls.map(({ waitedUpMs }) => waitedUpMs)).toEqual([undefined, undefined]);
});

test('its words for the record', () => {
  const stage = crashed('a', 'b');
  stage.call('a');
  expect(stage.trial.name).toBe('crash-trial');
  expect(stage.trial.onRequest(toolCall('b', 'db', 'client'), stage.now)).toEqual({ kind: 'wait', why: 'crash_trial' });
});

test('a server that never exited holds nothing', () => {
  const stage = crashed('a', 'b');
  expect(stage.trial.heldTools('files')).toEqual([]);
  expect(() => stage.trial.onAbandoned(toolCall('a', 'files', 'client'), stage.now)).not.toThrow();
});

test('the longest names that have a breaker are tried, longer ones are not', () => {
  const names = (length: number) => ['x', 'y'].map((letter) => letter.repeat(length));
  expect(crashed(...names(LONGEST_TOOL)).trial.trials).toBe(1);
  expect(crashed(...names(LONGEST_TOOL + 1)).trial.trials).toBe(0);
});

test('exits are counted of those that are known, though no further name is taken', () => {
  const stage = crashed(...Array.from({ length: MOST_TOOLS }, (_, index) => `t${index}`));
  stage.call('t0');
  stage.exit();
  const [worse, other] = [stage.call('t0'), stage.call('t1')];
  stage.back();
  expect([worse.state, other.state]).toEqual(['waiting', 'in_flight']);
});

test('an answer of one that shares a turn does not end it for the others', () => {
  const stage = crashed('a', 'b', 'c');
  crashInTurn(stage, 'a', 'b', 'c');
  stage.call('a');
  stage.settle(stage.call('b'));
  const call = stage.call('c');
  expect([call.state, call.waitedUpMs]).toEqual(['in_flight', undefined]);
});

test('one suspect alone waits for nothing, not even for its server', () => {
  const stage = crashed('a', 'b');
  stage.settle(stage.call('a'));
  stage.exit();
  expect(stage.call('b').state).toBe('in_flight');
});

test('and is not believed for having lasted a turn that nobody gave it', () => {
  const stage = crashed('a', 'b');
  const first = stage.call('a');
  const alone = stage.call('b');
  expect(alone.state).toBe('waiting');
  stage.settle(first);
  expect(alone.state).toBe('in_flight');
  stage.pass(TURN_MS);
  expect(stage.trial.trials).toBe(1);
});
