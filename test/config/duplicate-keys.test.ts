// Keys that stand twice in a JSON text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findDuplicateKeys } from '../../src/config/duplicate-keys.ts';

const find = (text: string) => findDuplicateKeys(text, JSON.parse(text));

test.each<[string, (string | number)[][]]>([
  ['{"a":1,"b":{"a":1}}', []],
  ['{"a":1,"a":2}', [['a']]],
  ['{"a":1,"\\u0061":2}', [['a']]],
  ['{"s":{"x":{"k":1,"k":2}}}', [['s', 'x', 'k']]],
  ['{"l":[{"k":1},{"k":1,"k":2}]}', [['l', 1, 'k']]],
  ['{"a":"{\\"a\\":1,\\"a\\":2}"}', []],
  ['{"a":["a","a","a"]}', []],
  ['{"a":1,"a":2,"a":3,"b":1,"b":2}', [['a'], ['a'], ['b']]],
  ['{"__proto__":1,"__proto__":2}', [['__proto__']]],
  ['{"a":"x,\\\\","a":1}', [['a']]],
])('%s', (text, expected) => {
  expect(find(text)).toEqual(expected);
});

test('never finds one in what `JSON.stringify` wrote, and always one that was put in', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (object) => {
      expect(find(JSON.stringify(object))).toEqual([]);
      const [key = ''] = Object.keys(object);
      const doubled = `{${JSON.stringify(key)}:0,${JSON.stringify(object).slice(1)}`;
      expect(find(doubled)).toEqual([[key]]);
    }),
  );
});
