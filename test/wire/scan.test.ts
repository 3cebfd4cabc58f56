// The scan: what it counts and where it says the members stand, against JSON.parse.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countKeys } from '../../src/wire/key-count.ts';
import { scan, scanElements } from '../../src/wire/scan.ts';
import { judgeBytes } from './reference-scanner.ts';

const bytesOf = (text: string) => Buffer.from(`${text}\n`);

describe('counts', () => {
  it.each([
    ['{}', 0, 1, 1],
    ['[]', 0, 1, 1],
    ['1', 0, 0, 0],
    ['":{[\\":{"', 0, 0, 0],
    ['{"a":{"b":[{"c:":":"}]}}', 3, 4, 4],
    ['{"a":1,"a":2}', 2, 1, 1],
    [`{"a":"${'\\\\'.repeat(100)}","b":"${'x'.repeat(500)}\\"","c":"${'\\"'.repeat(90)}"}`, 3, 1, 1],
    [`{"a":"${'x'.repeat(62)}\\",:","b":1}`, 2, 1, 1],
    [`{"a":"${'x'.repeat(61)}\\\\","b":1}`, 2, 1, 1],
  ])('%s', (text, colons, containers, depth) => {
    expect(scan(bytesOf(text))).toMatchObject({ colons, containers, depth });
  });
});

describe('members', () => {
  const read = (text: string) => {
    const bytes = bytesOf(text);
    return Object.fromEntries(
      Object.entries(scan(bytes).members).flatMap(([key, span]) =>
        span === undefined ? [] : [[key, bytes.toString('utf8', span.start, span.end)]],
      ),
    );
  };

  it.each([
    [
      '{"jsonrpc":"2.0","id":7,"method":"é","params":{"id":1}}',
      { jsonrpc: '"2.0"', id: '7', method: '"é"', params: '{"id":1}' },
    ],
    ['{ "result" : [ 1 ] , "error" :\tnull }', { result: '[ 1 ]', error: 'null' }],
    ['{"\\u0069d":"a","x":1}', { id: '"a"' }],
    ['{"id":1,"id":2}', { id: '2' }],
    ['{"ids":1,"Id":2,"i":3,"methods":4,"metho\\u0064s":5}', {}],
    ['[{"id":1}]', {}],
    ['{"x":{"id":1}}', {}],
    ['{}', {}],
  ])('%s', (text, members) => {
    expect(read(text)).toEqual(members);
  });

  it('agree with JSON.parse on every envelope', () => {
    const key = fc.constantFrom('jsonrpc', 'id', 'method', 'params', 'result', 'error', 'other', 'é"\\');
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue(), { noNullPrototype: true }),
        fc.constantFrom(undefined, 1, '\t'),
        (object, space) => {
          const text = JSON.stringify(object, null, space).replaceAll('\n', ' ');
          const expected = Object.entries(object).filter(([name]) => name !== 'other' && name !== 'é"\\');
          const found = Object.entries(read(text)).map(([name, raw]) => [name, JSON.parse(raw)]);
          expect(Object.fromEntries(found)).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(expected))));
        },
      ),
    );
  });
});

describe('elements', () => {
  it.each([
    ['[]', []],
    ['[ ]', []],
    ['[ {"a":[1,2]} , "x,]" ,3]', ['{"a":[1,2]}', '"x,]"', '3']],
    ['[[1,2],[]]', ['[1,2]', '[]']],
  ])('%s', (text, elements) => {
    const bytes = bytesOf(text);
    expect(scanElements(bytes, 10)?.map(({ start, end }) => bytes.toString('utf8', start, end))).toEqual(elements);
  });

  it('are refused beyond the limit', () => {
    expect(scanElements(bytesOf('[1,2,3]'), 3)).toHaveLength(3);
    expect(scanElements(bytesOf('[1,2,3,4]'), 3)).toBeUndefined();
  });
});

describe('on any input', () => {
  it('counts as the reference does, and duplicates show as a difference to the keys of the tree', () => {
    const duplicated = fc.json().map((json) => json.replace(/\{"[^"\\]*":/, (head) => `${head}0,${head.slice(1)}`));
    fc.assert(
      fc.property(fc.oneof(fc.json(), duplicated), (json) => {
        const opinion = judgeBytes(Buffer.from(json));
        expect(opinion.valid).toBe(true);
        const { colons, depth } = scan(bytesOf(json));
        expect({ colons, depth }).toEqual({ colons: opinion.keys, depth: opinion.depth });
        expect(colons !== countKeys(JSON.parse(json))).toBe(opinion.duplicate);
      }),
      { numRuns: 1000 },
    );
  });

  it('ends without throwing on bytes that are no JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Buffer.from('{}[],:"\\ ia\n'))), (bytes) => {
        expect(scan(Buffer.from(bytes)).colons).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

describe('keys of a tree', () => {
  it('counts own keys of every level, `__proto__` and `constructor` too', () => {
    expect(countKeys(JSON.parse('{"__proto__":{"a":1},"constructor":[{"prototype":{}}],"0":null}'))).toBe(5);
    expect(countKeys(null)).toBe(0);
    expect(countKeys('{}')).toBe(0);
  });

  it('walks a tree deeper than any stack', () => {
    const depth = 200_000;
    expect(countKeys(JSON.parse(`${'{"a":['.repeat(depth)}${']}'.repeat(depth)}`))).toBe(depth);
  });
});
