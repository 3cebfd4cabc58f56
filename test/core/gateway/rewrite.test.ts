// What is built of a line with a value replaced is what reading its bytes would give: the short way is no second parser.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rewriteBytes, rewriteLine } from '../../../src/core/gateway/rewrite.ts';
import { DEFAULT_READ_LIMITS } from '../../../src/wire/message.ts';
import { readLine } from '../../../src/wire/read-line.ts';

const read = (bytes: Buffer) => {
  const reading = readLine(bytes, 'client', DEFAULT_READ_LIMITS);
  if (reading.kind !== 'message') throw new Error(JSON.stringify(reading));
  return reading.line;
};

test('a rewritten line is the line that its bytes are', () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((text) => /^[^\p{C}\u2028\u2029\u0085]*$/u.test(text));
  const id = fc.oneof(fc.integer({ min: -5, max: 1_000_000 }), name);
  fc.assert(
    fc.property(
      name,
      name,
      id,
      id,
      fc.jsonValue({ maxDepth: 3 }),
      fc.boolean(),
      (before, after, one, other, payload, first) => {
        const params = first
          ? { name: before, arguments: { payload } }
          : { arguments: { payload }, name: before, _meta: { progressToken: one } };
        const line = read(
          Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id: one, method: 'tools/call', params })}\n`),
        );
        const changes = [
          { path: ['params', 'name'], value: after },
          { path: ['id'], value: other },
          ...(first ? [] : [{ path: ['params', '_meta', 'progressToken'] as const, value: 'token' }]),
        ] as const;
        const rewritten = rewriteLine(line, changes);
        expect(rewriteBytes(line, changes)).toEqual(rewritten.bytes);
        expect(rewritten).toEqual(read(rewritten.bytes));
      },
    ),
    { numRuns: 300 },
  );
});

test('a path that leads nowhere is no guess', () => {
  const line = read(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"x"}\n'));
  expect(() => rewriteLine(line, [{ path: ['params', 'name'], value: 'x' }])).toThrow(RangeError);
});
