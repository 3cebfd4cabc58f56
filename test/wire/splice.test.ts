// Splicing: one value changes, every other byte stays.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_LIMITS, type Line } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';
import { elementSpans, removalEdits, replaceId, spliceLine, spliceText, valueSpan } from '../../src/wire/splice.ts';
import type { Span } from '../../src/wire/string-literal.ts';

function lineOf(text: string): Line {
  const reading = readLine(Buffer.from(`${text}\n`), 'client', DEFAULT_READ_LIMITS);
  if (reading.kind !== 'message') throw new Error(JSON.stringify(reading));
  return reading.line;
}
function at(text: string, path: readonly (string | number)[]): string | undefined {
  const span = valueSpan(text, path);
  return span && text.slice(span.start, span.end);
}

describe('valueSpan', () => {
  const text = ' { "a" : [ 1.0 , {"b":"}\\"]", "\\u0063" : -0 } ,[] ] , "__proto__":{"d":null},"":true } ';

  it.each([
    [[], text.trim()],
    [['a', 0], '1.0'],
    [['a', 1, 'b'], '"}\\"]"'],
    [['a', 1, 'c'], '-0'],
    [['a', 2], '[]'],
    [['__proto__', 'd'], 'null'],
    [[''], 'true'],
    [['a', 3], undefined],
    [['a', 2, 0], undefined],
    [['x'], undefined],
    [['a', 'b'], undefined],
    [[0], undefined],
    [['a', 0, 'x'], undefined],
    [['constructor'], undefined],
  ])('%j', (path, expected) => {
    expect(at(text, path)).toBe(expected);
  });
});

describe('spliceText', () => {
  it('takes edits in any order and refuses to guess', () => {
    const edit = (start: number, end: number) => ({ span: { start, end }, replacement: 'X' });
    expect(spliceText('abcdef', [edit(4, 5), edit(0, 2)])).toBe('XcdXf');
    expect(spliceText('abc', [])).toBe('abc');
    expect(() => spliceText('abcdef', [edit(0, 3), edit(2, 4)])).toThrow(RangeError);
    expect(() => spliceText('abc', [edit(2, 4)])).toThrow(RangeError);
    expect(() => spliceText('abc', [edit(2, 1)])).toThrow(RangeError);
    expect(() => spliceText('abc', [edit(-1, 1)])).toThrow(RangeError);
  });

  it('changes one value and nothing else', () => {
    // Small on purpose: the form of the text is what varies, not its size.
    const leaf = fc.oneof(fc.constantFrom('', '}]",', '\\', '😀\u2028'), fc.integer(), fc.constant(null));
    const inner = fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 3 }), leaf, { maxKeys: 3 }),
    );
    const name = fc.oneof(
      fc.constantFrom('', '__proto__', 'constructor', 'a"\\', 'é', '\ud800'),
      fc.string({ maxLength: 4 }),
    );
    const tree = fc.dictionary(name, fc.oneof(inner, fc.array(inner, { maxLength: 3 })), {
      minKeys: 1,
      maxKeys: 5,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(tree, fc.nat(), fc.constantFrom(undefined, 2, '\t'), inner, (object, pick, space, value) => {
        const keys = Object.keys(object);
        const key = keys[pick % keys.length] ?? '';
        const text = JSON.stringify(object, null, space);
        const span = valueSpan(text, [key]);
        if (span === undefined) throw new Error(`no span for ${key}`);
        expect(JSON.parse(text.slice(span.start, span.end))).toEqual(JSON.parse(text)[key]);
        const spliced = spliceText(text, [{ span, replacement: JSON.stringify(value) }]);
        const expected = JSON.parse(text);
        Object.defineProperty(expected, key, { value: JSON.parse(JSON.stringify(value)), enumerable: true });
        expect(JSON.parse(spliced)).toEqual(expected);
        expect(spliced.startsWith(text.slice(0, span.start)) && spliced.endsWith(text.slice(span.end))).toBe(true);
      }),
    );
  });
});

describe('replaceId', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":7,"method":"ping"}', 'x"', '{"jsonrpc":"2.0","id":"x\\"","method":"ping"}\n'],
    [
      '{"params":{"id":1,"n":1.0},"method":"é😀","jsonrpc":"2.0", "\\u0069d" : "ü" }',
      12,
      '{"params":{"id":1,"n":1.0},"method":"é😀","jsonrpc":"2.0", "\\u0069d" : 12 }\n',
    ],
    [
      '{"id":0,"jsonrpc":"2.0","result":{"a":12345678901234567890,"t":"\u2028\\ud800"}}',
      -1,
      '{"id":-1,"jsonrpc":"2.0","result":{"a":12345678901234567890,"t":"\u2028\\ud800"}}\n',
    ],
  ])('%s', (text, id, expected) => {
    expect(replaceId(lineOf(text), id).toString()).toBe(expected);
  });

  it('refuses a line without id', () => {
    expect(() => replaceId(lineOf('{"jsonrpc":"2.0","method":"notifications/x"}'), 1)).toThrow('no `id`');
  });
});

describe('spliceLine', () => {
  it('counts bytes where characters have several', () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"é","params":{"ü":"😀","b":"ß"}}';
    const line = lineOf(text);
    const edits = [['params', 'b'], ['params', 'ü'], ['method']].map((path) => {
      const span = valueSpan(text, path);
      if (span === undefined) throw new Error('no span');
      return { span, replacement: '"→"' };
    });
    expect(spliceLine(line, edits).toString()).toBe(`${spliceText(text, edits)}\n`);
    expect(JSON.parse(spliceLine(line, edits).toString())).toEqual({
      jsonrpc: '2.0',
      id: 1,
      method: '→',
      params: { ü: '→', b: '→' },
    });
  });
});

describe('removalEdits', () => {
  const remove = (text: string, array: Span, indexes: number[]) =>
    spliceText(text, removalEdits(text, array, new Set(indexes)));
  const cut = (array: string, indexes: number[]) => remove(array, { start: 0, end: array.length }, indexes);

  it.each([
    ['[1,2,3]', [1], '[1,3]'],
    ['[1, 2, 3]', [2], '[1, 2]'],
    ['[ 1 , 2 , 3 ]', [0], '[ 2 , 3 ]'],
    ['[ 1 , 2 , 3 ]', [0, 1, 2], '[  ]'],
    ['[1,2,3]', [1, 2], '[1]'],
    ['[1,2,3]', [0, 2], '[2]'],
    ['[1]', [0], '[]'],
    ['[]', [0], '[]'],
    ['[1,2]', [5], '[1,2]'],
  ])('%s without %j', (array, indexes, expected) => {
    expect(cut(array, indexes)).toBe(expected);
  });

  it('keeps the others, their order and their bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 8 }),
        fc.array(fc.nat(12)),
        fc.constantFrom(undefined, 1),
        (values, indexes, space) => {
          const text = `{"x":${JSON.stringify(values, null, space)},"y":1}`;
          const span = valueSpan(text, ['x']);
          if (span === undefined) throw new Error('no span');
          const left = remove(text, span, indexes);
          const kept = (_: unknown, index: number) => !indexes.includes(index);
          expect(JSON.parse(left)).toEqual({ x: JSON.parse(JSON.stringify(values)).filter(kept), y: 1 });
          const raw = (of: string) => {
            const found = valueSpan(of, ['x']);
            return found === undefined ? [] : elementSpans(of, found).map((one) => of.slice(one.start, one.end));
          };
          expect(raw(left)).toEqual(raw(text).filter(kept));
        },
      ),
    );
  });
});
