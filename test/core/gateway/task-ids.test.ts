// Where a task id stands in a message, and where one that looks like it is left alone.
import { describe, expect, test } from 'vitest';
import { splitTaskId, taskChangesIn, taskChangesOut } from '../../../src/core/gateway/task-ids.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { DEFAULT_READ_LIMITS, type Message } from '../../../src/wire/message.ts';
import { readLine } from '../../../src/wire/read-line.ts';

const RELATED = 'io.modelcontextprotocol/related-task';
const about = (taskId: string): JsonObject => ({ _meta: { [RELATED]: { taskId } } });

function read(from: 'client' | 'upstream', message: JsonObject): Message {
  const bytes = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const reading = readLine(bytes, from, DEFAULT_READ_LIMITS);
  if (reading.kind !== 'message') throw new Error(reading.kind);
  return reading.line.message;
}

describe('on the way out', () => {
  const out = (message: JsonObject, method?: string) => taskChangesOut('a', read('upstream', message), method);

  test.each<[string, JsonObject, string | undefined, string[][]]>([
    ['an answer about a task', { id: 1, result: about('T') }, 'tools/call', [['result', '_meta', RELATED, 'taskId']]],
    ['an announced one', { id: 1, result: { task: { taskId: 'T' } } }, 'tools/call', [['result', 'task', 'taskId']]],
    ['an answer to `tasks/get`', { id: 1, result: { taskId: 'T' } }, 'tasks/get', [['result', 'taskId']]],
    [
      'a result that is a task',
      { id: 1, result: { taskId: 'T', resultType: 'task' } },
      'tools/call',
      [['result', 'taskId']],
    ],
    ['a result that has such a member', { id: 1, result: { taskId: 'T', resultType: 'complete' } }, 'tools/call', []],
    ['one whose request is not known', { id: 1, result: { taskId: 'T' } }, undefined, []],
    ['an answer that is no object', { id: 1, result: 'taskId' }, 'tasks/get', []],
    ['an error', { id: 1, error: { code: 1, message: 'taskId', data: { taskId: 'T' } } }, 'tasks/get', []],
    ['a status', { method: 'notifications/tasks/status', params: { taskId: 'T' } }, undefined, [['params', 'taskId']]],
    ['another notification', { method: 'notifications/message', params: { taskId: 'T' } }, undefined, []],
    [
      'its own request about a task of the client',
      { id: 1, method: 'tasks/get', params: { taskId: 'T' } },
      undefined,
      [],
    ],
    [
      'a question within a task',
      { id: 1, method: 'sampling/createMessage', params: about('T') },
      undefined,
      [['params', '_meta', RELATED, 'taskId']],
    ],
  ])('%s: %j', (_, message, method, paths) => {
    expect(out(message, method)).toEqual(paths.map((path) => ({ path, value: 'a:T' })));
  });
});

describe('on the way in', () => {
  const within = (message: JsonObject) => taskChangesIn('a', read('client', message));

  test.each<[string, JsonObject, string[][]]>([
    ['a request about a task', { id: 1, method: 'tasks/cancel', params: { taskId: 'a:T' } }, [['params', 'taskId']]],
    [
      'a request within one',
      { id: 1, method: 'vendor/thing', params: about('a:T') },
      [['params', '_meta', RELATED, 'taskId']],
    ],
    ['an argument that is called so', { id: 1, method: 'vendor/thing', params: { taskId: 'a:T' } }, []],
    [
      'a notification about a task of the client',
      { method: 'notifications/tasks/status', params: { taskId: 'a:T' } },
      [],
    ],
    ['an answer within one', { id: 1, result: about('a:T') }, [['result', '_meta', RELATED, 'taskId']]],
    ['an answer that tells of a task of the client', { id: 1, result: { taskId: 'a:T' } }, []],
    ['an error', { id: 1, error: { code: 1, message: 'x', data: about('a:T') } }, []],
    ['of another server', { id: 1, method: 'tasks/get', params: { taskId: 'b:T' } }, []],
    ['of no form of ours', { id: 1, method: 'tasks/get', params: { taskId: 'T' } }, []],
  ])('%s: %j', (_, message, paths) => {
    expect(within(message)).toEqual(paths.map((path) => ({ path, value: 'T' })));
  });
});

test.each([
  ['a:T', { lane: 'a', taskId: 'T' }],
  ['a:b:T', { lane: 'a', taskId: 'b:T' }],
  ['a:', { lane: 'a', taskId: '' }],
  [':T', undefined],
  ['T', undefined],
])('%s', (outer, split) => {
  expect(splitTaskId(outer)).toEqual(split);
});
