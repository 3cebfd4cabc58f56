// The scanner of lines that nobody keeps: an id only where there is no doubt.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OversizeScanner, peekEnvelope } from '../../src/wire/oversize.ts';

const peek = (text: string) => {
  const { id, shape } = peekEnvelope(Buffer.from(text));
  return [id, shape];
};

describe('certain', () => {
  it.each([
    ['a request', '{"jsonrpc":"2.0","id":7,"method":"m","params":{"id":8,"result":1}}', [7, 'request']],
    ['a result', '{"id":"7","result":{"id":1,"method":"x"}}', ['7', 'response']],
    ['an error', '{"error":{},"id":-3}', [-3, 'response']],
    ['an escaped key', '{"i\\u0064":7,"m\\u0065thod":"x"}', [7, 'request']],
    ['an escaped id', '{"id":"\\u0061\\"","method":"x"}', ['a"', 'request']],
    ['an empty id', '{"id":"","method":"x"}', ['', 'request']],
    ['white space everywhere', ' { "id" : 7 , "method" : "x" } ', [7, 'request']],
    ['an id at the end', '{"method":"x","id":12}', [12, 'request']],
    ['a duplicate of something else', '{"method":"x","id":1,"method":"y"}', [1, 'request']],
    ['neither method nor outcome', '{"id":1}', [1, 'unknown']],
    ['both', '{"id":1,"method":"m","result":{}}', [1, 'unknown']],
    ['a notification', '{"method":"x"}', [undefined, 'unknown']],
    ['an error without id', '{"error":{},"id":null}', [undefined, 'response']],
    ['braces in strings', '{"a":"}]{\\"","id":1,"b":["\\\\",{"c":"\\\\\\""}],"method":"x"}', [1, 'request']],
    ['the longest id', `{"id":"${'\\u0061'.repeat(256)}","method":"x"}`, ['a'.repeat(256), 'request']],
    [
      'depth beyond the matched levels',
      `{"id":1,"a":${'['.repeat(9000)}${']'.repeat(9000)},"method":"x"}`,
      [1, 'request'],
    ],
    ['a key that only folds to method', '{"id":1,"Method":"x"}', [1, 'unknown']],
    ['a CR before the LF', '{"id":1,"method":"x"}\r\n', [1, 'request']],
  ])('%s', (_, text, expected) => {
    expect(peek(text)).toEqual(expected);
  });
});

describe('doubt gives no id', () => {
  it.each([
    ['two ids', '{"id":1,"id":1,"method":"x"}'],
    ['two ids, one escaped', '{"id":1,"\\u0069d":2,"method":"x"}'],
    ['a confusable id', '{"id":1,"ID":2,"method":"x"}'],
    ['only a confusable id', '{"Id":1,"method":"x"}'],
    ['an id padded with NUL', '{"id":1,"id\\u0000":2,"method":"x"}'],
    ['a key too long to judge', `{"id":1,"id${'\\u0000'.repeat(30)}":2,"method":"x"}`],
    ['a key too long to judge, whatever it says', `{"id":1,"${'x'.repeat(2000)}":2,"method":"x"}`],
    ['a fraction', '{"id":1.0,"method":"x"}'],
    ['an exponent', '{"id":1e2,"method":"x"}'],
    ['minus zero', '{"id":-0,"method":"x"}'],
    ['beyond 2^53', '{"id":9007199254740993,"method":"x"}'],
    ['a leading zero', '{"id":01,"method":"x"}'],
    ['null', '{"id":null,"method":"x"}'],
    ['an object', '{"id":{"id":1},"method":"x"}'],
    ['an unsafe string', '{"id":"\\ud800","method":"x"}'],
    ['a string too long', `{"id":"${'a'.repeat(257)}","method":"x"}`],
    ['a string far too long', `{"id":"${'a'.repeat(9000)}","method":"x"}`],
    ['trailing text', '{"id":1,"method":"x"}{}'],
    ['leading text', 'x{"id":1,"method":"x"}'],
    ['an open end', '{"id":1,"method":"x"'],
    ['an open string', '{"id":1,"method":"x}'],
    ['brackets that do not match', '{"id":1,"a":[},"method":"x"}'],
    ['an array', '[{"id":1,"method":"x"}]'],
    ['a missing comma', '{"id":1 "method":"x"}'],
    ['a missing colon', '{"id" 1,"method":"x"}'],
    ['a missing value', '{"id":1,"a":,"method":"x"}'],
    ['a trailing comma', '{"id":1,"method":"x",}'],
    ['two values', '{"id":1 2,"method":"x"}'],
    ['a CR inside', '{"id":1,\r"method":"x"}'],
    ['a broken escape in a key', '{"id":1,"\\u00zz":1,"method":"x"}'],
    ['nothing', ''],
  ])('%s', (_, text) => {
    expect(peek(text)[0]).toBeUndefined();
  });

  it('also where a CR ends one piece and text follows in the next', () => {
    const scanner = new OversizeScanner();
    for (const piece of ['{"id":1,\r', '"method":"x"}']) scanner.push(Buffer.from(piece));
    expect(scanner.finish()).toEqual({ id: undefined, shape: 'unknown', bytes: 22 });
  });
});

describe('pieces', () => {
  const text = fc.oneof(
    fc.constantFrom(
      '{"id":"a\\\\\\"b","method":"\\\\","x":[{"y":"\\\\\\\\"}]}',
      '{"a":"\\\\","result":{"b":"\\""},"i\\u0064":55}\r',
    ),
    fc.json().map((json) => `{"x":${json},"id":4,"method":${json}}`),
    fc.string(),
  );

  it('never change what is read', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (line, size) => {
        const bytes = Buffer.from(line);
        const scanner = new OversizeScanner();
        for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
        const whole = new OversizeScanner();
        whole.push(bytes);
        expect(scanner.finish()).toEqual(whole.finish());
      }),
      { numRuns: 500 },
    );
  });

  it('read the id of any valid line', () => {
    const id = fc.oneof(fc.maxSafeInteger(), fc.string({ maxLength: 20 }));
    fc.assert(
      fc.property(fc.json(), id, (json, value) => {
        const wanted = Object.is(value, -0) ? 0 : value;
        const unsafe = typeof wanted === 'string' && /[\0\u0085\u2028\u2029]/.test(wanted);
        const read = peek(`{"a":${json},"id":${JSON.stringify(wanted)},"result":${json}}`);
        expect(read).toEqual([unsafe ? undefined : wanted, 'response']);
      }),
    );
  });
});
