// The same list again is recognised by its bytes, and nothing else is taken for it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Interceptor } from '../../src/core/interceptor.ts';
import { RepeatedLists } from '../../src/core/repeated-lists.ts';
import type { Line, RequestId, ResponseMessage } from '../../src/wire/message.ts';
import { DEFAULT_READ_LIMITS } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';
import { Playbook } from './playbook.ts';

const LONG = 'x'.repeat(16 * 1024);

function answer(text: string): Line<ResponseMessage> {
  const reading = readLine(Buffer.from(`${text}\n`), 'upstream', DEFAULT_READ_LIMITS);
  if (reading.kind !== 'message' || reading.line.message.kind !== 'response') throw new Error(`no answer: ${text}`);
  // TRUST: narrowed by the line above.
  return reading.line as Line<ResponseMessage>;
}
const FORMS: readonly ((id: RequestId, result: string) => string)[] = [
  (id, result) => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`,
  (id, result) => `{"id":${JSON.stringify(id)},"jsonrpc":"2.0","result":${result}}`,
  (id, result) => `{"result":${result},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`,
];
const listOf = (description: string) => `{"tools":[{"name":"a","description":"${description}"}]}`;

describe.each(FORMS.map((form, index) => ({ form, index })))('form $index', ({ form }) => {
  const open = () => {
    const lists = new RepeatedLists();
    return (id: RequestId, result: string, method = 'tools/list', upstream = 'files') =>
      lists.numberOf(upstream, method, answer(form(id, result)));
  };

  test('the same list under any id has the same number', () => {
    const number = open();
    const first = number(9, listOf(LONG));
    expect(first).toBeDefined();
    for (const id of [10, 'a', 'ä"', -1, 123_456_789]) expect(number(id, listOf(LONG))).toBe(first);
  });

  test('one byte more, less or other is another list; so is that of another server or method', () => {
    const number = open();
    const first = number(1, listOf(LONG));
    const others = [`${LONG}y`, `${LONG.slice(1)}y`, `y${LONG.slice(1)}`].map((text) => number(1, listOf(text)));
    const elsewhere = [number(1, listOf(LONG), 'prompts/list'), number(1, listOf(LONG), 'tools/list', 'other')];
    expect(new Set([first, ...others, ...elsewhere]).size).toBe(6);
    expect([first, ...others, ...elsewhere]).not.toContain(undefined);
  });

  // Each beside the one list that is kept: with more, the first would have left.
  test.each([
    ['method', 'prompts/list', 'files'],
    ['server', 'tools/list', 'other'],
  ])('the same bytes of another %s are another list', (_what, method, upstream) => {
    const number = open();
    const first = number(1, listOf(LONG));
    const other = number(1, listOf(LONG), method, upstream);
    expect(other).toBeDefined();
    expect(other).not.toBe(first);
  });

  test('an id inside the result is not the id of the answer', () => {
    const number = open();
    const nested = (id: number) => `{"tools":[{"name":"a","id":${id}}],"pad":"${LONG}","z":{"id":${id}}}`;
    expect(number(1, nested(1))).not.toBe(number(2, nested(2)));
  });

  test('what is short, or no list, has none', () => {
    const number = open();
    expect(number(1, listOf('short'))).toBeUndefined();
    expect(number(1, listOf(LONG), 'tools/call')).toBeUndefined();
  });

  test('equal numbers, equal results', () => {
    const id = fc.oneof(fc.integer(), fc.string({ minLength: 1, maxLength: 3 }));
    const result = fc.record({
      pad: fc.constant(LONG),
      id: fc.integer({ min: 0, max: 2 }),
      z: fc.constantFrom('', 'y'),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(id, result), { minLength: 2, maxLength: 8 }), (answers) => {
        const number = open();
        const seen = new Map<number, string>();
        for (const [one, value] of answers) {
          const text = JSON.stringify(value);
          const is = number(one, text);
          if (is !== undefined) expect(seen.get(is) ?? text).toBe(text);
          if (is !== undefined) seen.set(is, text);
        }
      }),
      { numRuns: 40 },
    );
  });
});

test('only a few lines are kept', () => {
  const lists = new RepeatedLists();
  const number = (text: string) => lists.numberOf('files', 'tools/list', answer(FORMS[0]?.(1, listOf(text)) ?? ''));
  const first = number(LONG);
  for (let page = 0; page < 4; page += 1) number(`${LONG}${page}`);
  expect(number(LONG)).not.toBe(first);
});

test('a policy is told', () => {
  const told: (number | undefined)[] = [];
  const policy: Interceptor = {
    name: 'reads',
    onResponse: (_request, _result, _now, repeat) => void told.push(repeat),
  };
  const book = new Playbook({ interceptors: [policy] });
  for (const [id, text] of [LONG, LONG, `${LONG}.`].entries()) {
    book
      .client({ id, method: 'tools/list', params: {} })
      .upstream({ id, result: { tools: [{ name: text }] } })
      .take();
  }
  expect(told[0]).toBeDefined();
  expect(told[1]).toBe(told[0]);
  expect(told[2]).not.toBe(told[0]);
});
