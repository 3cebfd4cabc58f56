// Every end of a call, its class, and docs/breaker.md: the same rows in both.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Settled, Settlement } from '../../../src/core/interceptor.ts';
import { classifyEnd, type EndClass, OUTCOME_TABLE } from '../../../src/policy/breaker/outcome-class.ts';

const END: Settled = {
  settlement: 'result',
  errorCode: undefined,
  isError: undefined,
  resultType: undefined,
  taskId: undefined,
  durationMs: 1,
  heard: true,
};

const classOf = (settled: Partial<Settled>, crashedBefore = false): EndClass =>
  classifyEnd({ ...END, ...settled }, crashedBefore);
const error = (errorCode: number | undefined): EndClass => classOf({ settlement: 'error', errorCode });

describe('docs/breaker.md', () => {
  const page = readFileSync(new URL('../../../docs/breaker.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\S+) \| (\S+) \| (.+) \|$/gm)].map(([, ...cells]) => cells);

  test('has exactly the rows of the table, in its order', () => {
    const dash = (word: string) => (word === 'none' ? '-' : word);
    const table = Object.entries(OUTCOME_TABLE).map(([end, row]) => [end, dash(row.tool), dash(row.server), row.when]);
    expect(rows).toEqual(table);
  });
});

test.each<[string, EndClass, string, string]>([
  ['a result', classOf({}), 'success', 'success'],
  ['a complete result', classOf({ resultType: 'complete', isError: false }), 'success', 'success'],
  ['isError', classOf({ isError: true }), 'tool_error', 'success'],
  ['isError in a complete result', classOf({ isError: true, resultType: 'complete' }), 'tool_error', 'success'],
  ['input_required', classOf({ resultType: 'input_required', isError: true }), 'none', 'success'],
  ['a task, modern', classOf({ resultType: 'task' }), 'none', 'success'],
  ['a task, legacy', classOf({ taskId: 't' }), 'none', 'success'],
  ['an unknown result type', classOf({ resultType: 'later' }), 'success', 'success'],
  ['a deadline, silent', classOf({ settlement: 'timeout', heard: false }), 'fault', 'failure'],
  ['a deadline, heard', classOf({ settlement: 'timeout' }), 'fault', 'none'],
  ['an exit', classOf({ settlement: 'upstream_exit' }), 'none', 'failure'],
  ['a second exit', classOf({ settlement: 'upstream_exit' }, true), 'fault', 'failure'],
  ['garbage', classOf({ settlement: 'refused' }), 'fault', 'failure'],
  ['denied', classOf({ settlement: 'denied' }), 'none', 'none'],
  ['unrecorded', classOf({ settlement: 'unrecorded' }), 'none', 'none'],
  ['cancelled', classOf({ settlement: 'cancelled' }), 'none', 'none'],
  ['the client left', classOf({ settlement: 'client_gone' }), 'none', 'none'],
])('%s', (_name, end, tool, server) => {
  expect([OUTCOME_TABLE[end].tool, OUTCOME_TABLE[end].server]).toEqual([tool, server]);
});

test('ends that count alike are told apart', () => {
  expect([classOf({}), classOf({ resultType: 'complete' })]).toEqual(['answered', 'answered']);
  expect(classOf({ resultType: 'task' })).toBe('task_created');
  expect(classOf({ resultType: 'later' })).toBe('unknown_result');
  expect([classOf({ settlement: 'denied' }), classOf({ settlement: 'unrecorded' })]).toEqual(['not_sent', 'not_sent']);
  expect([classOf({ settlement: 'cancelled' }), classOf({ settlement: 'client_gone' })]).toEqual([
    'gave_up',
    'gave_up',
  ]);
});

test('a crash before matters for exits only', () => {
  const others: Settlement[] = [
    'result',
    'error',
    'denied',
    'cancelled',
    'timeout',
    'refused',
    'client_gone',
    'unrecorded',
  ];
  for (const settlement of others) expect(classOf({ settlement }, true)).toBe(classOf({ settlement }, false));
});

describe('error codes', () => {
  test.each([-32700, -32600, -32601, -32602, -32002, -32020, -32021, -32022, -32042])('%i is specified', (code) => {
    expect(error(code)).toBe('specified_error');
    expect(OUTCOME_TABLE.specified_error.when).toContain(`\`${code}\``);
  });

  test.each([-32603, undefined])('%s is an internal error', (code) => expect(error(code)).toBe('internal_error'));

  test('of the server range, exactly those that are not specified are faults', () => {
    const faults: number[] = [];
    for (let code = -32110; code <= -31990; code += 1) if (error(code) === 'server_error') faults.push(code);
    const specified = [-32002, -32020, -32021, -32022, -32042];
    const range = Array.from({ length: 100 }, (_, index) => -32099 + index);
    expect(faults).toEqual(range.filter((code) => !specified.includes(code)));
    expect(OUTCOME_TABLE.server_error.tool).toBe('fault');
    expect(OUTCOME_TABLE.internal_error.tool).toBe('fault');
  });

  test.each([-31999, -32100, -32604, -1, 0, 42, 503, Number.NaN])('%s is of the application', (code) => {
    expect(error(code)).toBe('application_error');
    expect(OUTCOME_TABLE.application_error.tool).toBe('tool_error');
  });

  test('every error is an answer', () => {
    for (const end of ['internal_error', 'server_error', 'specified_error', 'application_error'] as const)
      expect(OUTCOME_TABLE[end].server).toBe('success');
  });
});
