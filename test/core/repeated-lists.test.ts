// The same list again has the same mark, and nothing else has it: no other server, no other method, no other session.
import { expect, test } from 'vitest';
import type { Interceptor, RepeatMark } from '../../src/core/interceptor.ts';
import { RepeatedLists } from '../../src/core/repeated-lists.ts';
import { DEFAULT_READ_LIMITS } from '../../src/wire/message.ts';
import { RepeatedLineReader } from '../../src/wire/repeated-line.ts';
import { Playbook, SERVER } from './playbook.ts';

const LONG = 'x'.repeat(16 * 1024);

test('one object of one server and one method has one mark', () => {
  const lists = new RepeatedLists();
  const [result, alike] = [{ tools: [] }, { tools: [] }];
  const first = lists.markOf('files', 'tools/list', result);
  expect(first).toBeDefined();
  expect(lists.markOf('files', 'tools/list', result)).toBe(first);
  expect(lists.markOf('files', 'tools/list', alike)).not.toBe(first);
  // each right behind the one mark that is known of the object
  const other = lists.markOf('files', 'prompts/list', result);
  expect(other).toBeDefined();
  expect(other).not.toBe(first);
  expect(lists.markOf('git', 'prompts/list', result)).not.toBe(other);
  expect(lists.markOf('files', 'tools/call', result)).toBeUndefined();
});

test('two sessions give no mark twice: what a policy keeps may outlive the first', () => {
  const result = { tools: [] };
  const [one, other] = [new RepeatedLists(), new RepeatedLists()].map((lists) =>
    lists.markOf('files', 'tools/list', result),
  );
  expect(one).toBeDefined();
  expect(other).not.toBe(one);
});

test('a policy is told', () => {
  const told: (RepeatMark | undefined)[] = [];
  const policy: Interceptor = {
    name: 'reads',
    onResponse: (_request, _result, _now, repeat) => void told.push(repeat),
  };
  const book = new Playbook({ interceptors: [policy] });
  const reader = new RepeatedLineReader(DEFAULT_READ_LIMITS);
  for (const [id, text] of [LONG, LONG, `${LONG}.`].entries()) {
    const answer = `{"jsonrpc":"2.0","id":${id},"result":{"tools":[{"name":"${text}"}]}}\n`;
    const reading = reader.read(Buffer.from(answer));
    if (reading.kind !== 'message') throw new Error('no answer');
    book.client({ id, method: 'tools/list', params: {} });
    const sent = book.event({ type: 'upstream_line', upstream: SERVER, line: reading.line }).toClient();
    expect(sent).toContain(answer.trimEnd());
  }
  expect(told[0]).toBeDefined();
  expect(told[1]).toBe(told[0]);
  expect(told[2]).not.toBe(told[0]);
});
