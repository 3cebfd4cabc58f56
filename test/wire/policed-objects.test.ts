// Keys that read like another one or lend members, twice-named keys and unsafe names, in every object of the table of what policies read: wherever it
// stands, as the object that it is, in a list, and in a table.
import { describe, expect, it } from 'vitest';
import { ENVELOPE, type Member, type Shape } from '../../src/wire/policed-objects.ts';
import { answer, call, messageOf, read, refusalOf } from './reading.ts';

const MARK = '\u0001';

/** Text of a line for each object of the table, with a mark where its members stand. Each shape once below each message. */
function* linesOf(shape: Shape, around: string, seen: ReadonlySet<Shape>): Generator<readonly [Shape, string]> {
  if (seen.has(shape)) return;
  yield [shape, around];
  const inside = new Set([...seen, shape]);
  for (const [key, member] of shape.members) {
    if (typeof member !== 'object') continue;
    for (const form of formsOf(member))
      yield* linesOf(member.shape, around.replace(MARK, `${JSON.stringify(key)}:${form}`), inside);
  }
}

const formsOf = ({ holds }: Exclude<Member, string>): readonly string[] =>
  holds === 'one' ? [`{${MARK}}`, `[[{${MARK}}]]`] : [`[{${MARK}}]`, `{"e":{${MARK}}}`];

const shapeAt = (key: string): Shape => {
  const member = ENVELOPE.members.get(key);
  if (typeof member !== 'object') throw new Error(key);
  return member.shape;
};
const HEADS: readonly (readonly [string, string, string])[] = [
  ['params', '"method":"vendor/x",', ''],
  ['result', '', ''],
  ['error', '', '"code":1,'],
];
const OBJECTS = HEADS.flatMap(([key, head, first]) => [
  ...linesOf(shapeAt(key), `{"jsonrpc":"2.0","id":7,${head}"${key}":{${first}${MARK}}}`, new Set()),
]);

describe('every object that a policy reads', () => {
  it('is reached here', () => {
    expect(OBJECTS.length).toBeGreaterThan(100);
  });

  it('has no key that reads like one of its own', () => {
    for (const [shape, line] of OBJECTS) {
      const [key = ''] = [...shape.members.keys()].filter((one) => one !== 'code');
      const folded = JSON.stringify(key.toUpperCase());
      for (const from of ['client', 'upstream'] as const) {
        expect(refusalOf(read(line.replace(MARK, `${folded}:1`), from))[1], line).toBe('confusable_key');
        expect(read(line.replace(MARK, '"x-stranger":1'), from).kind, line).toBe('message');
      }
    }
  });

  it('has no member that lends it others', () => {
    for (const [, line] of OBJECTS)
      for (const key of ['"__proto__"', '"\\u005f_proto__"', '"__PROTO__\\u0000"'])
        for (const from of ['client', 'upstream'] as const)
          expect(refusalOf(read(line.replace(MARK, `${key}:{"x":1}`), from))[1], line).toBe('confusable_key');
  });

  it('stands in no table with a member that lends it entries', () => {
    const tables = OBJECTS.filter(([, line]) => line.includes(`"e":{${MARK}}`));
    expect(tables.length).toBeGreaterThan(20);
    for (const [, line] of tables) {
      for (const key of ['"__proto__"', '"__PROTO__\\u0000"']) {
        const lent = line.replace(`"e":{${MARK}}`, `"e":{},${key}:{"e":{}}`);
        for (const from of ['client', 'upstream'] as const)
          expect(refusalOf(read(lent, from))[1], lent).toBe('confusable_key');
      }
    }
  });

  it('names no key twice, whoever sends it', () => {
    for (const [, line] of OBJECTS)
      for (const from of ['client', 'upstream'] as const)
        expect(refusalOf(read(line.replace(MARK, '"x":1,"\\u0078":2'), from))[1], line).toBe('duplicate_key');
  });

  it('has safe names and URIs', () => {
    let looked = 0;
    for (const [shape, line] of OBJECTS)
      for (const [key, member] of shape.members) {
        if (member !== 'text') continue;
        looked += 1;
        for (const value of ['"a\\u0000"', '["a","b\\ud800"]'])
          expect(refusalOf(read(line.replace(MARK, `"${key}":${value}`)))[1], line).toBe('unsafe_string');
      }
    expect(looked).toBeGreaterThan(10);
  });
});

describe('what an attacker tries', () => {
  const complete = (params: string) => call(params).replace('tools/call', 'completion/complete');

  it.each([
    ['argument.Value', complete('{"argument":{"name":"path","value":"/srv/x","Value":"/etc"}}')],
    ['argument.Name', complete('{"argument":{"name":"kind","value":"a","Name":"path"}}')],
    ['context.Arguments', complete('{"context":{"Arguments":{"path":"/etc"}}}')],
    ['ResourceSubscriptions', call('{"name":"a","notifications":{"ResourceSubscriptions":["file:///etc"]}}')],
    ['a Role beside an action', call('{"name":"a","inputResponses":{"a":{"action":"accept","Role":"user"}}}')],
    [
      'the method of a question',
      answer('{"inputRequests":{"e":{"method":"roots/list","Method":"elicitation/create"}}}'),
    ],
    ['a question within a result', answer('{"result":{"InputRequests":{}}}')],
    ['a question of a task in a list', answer('{"tasks":[{"taskId":"t","InputRequests":{}}]}')],
    ['the code of a task that failed', answer('{"error":{"Code":-32042}}')],
    ['a capability', answer('{"capabilities":{"Tools":{}}}')],
    ['answers that `params` are lent', call('{"name":"a","__proto__":{"inputResponses":{"a":{"action":"accept"}}}}')],
    ['an answer that is lent', call('{"name":"a","inputResponses":{"__proto__":{"a":{"action":"accept"}}}}')],
    ['a part of an answer that is lent', call('{"name":"a","inputResponses":{"a":{"__proto__":{"role":"user"}}}}')],
    ['an argument for a completion that is lent', complete('{"argument":{"name":"a","__proto__":{"value":"/etc"}}}')],
  ])('%s is refused', (_, line) => {
    expect(refusalOf(read(line, line.includes('"result"') ? 'upstream' : 'client'))[1]).toBe('confusable_key');
  });

  it('what nobody reads keeps its keys', () => {
    const line = answer(
      '{"structuredContent":{"Tools":1,"tools":2},"content":[{"Name":"a","name":"b"}],"_meta":{"x":{"Model":1,"__proto__":{}}}}',
    );
    expect(messageOf(read(line, 'upstream')).sloppy).toBe(0);
    const given = call('{"name":"a","arguments":{"Name":1,"name":2,"path":{"Method":1},"__proto__":{"a":{}}}}');
    expect(messageOf(read(given)).sloppy).toBe(0);
  });
});
