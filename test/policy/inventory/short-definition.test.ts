// A shortened definition tells lint what the whole one does, whatever a server writes; and is small, or not there at all.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortenDefinition } from '../../../src/policy/inventory/short-definition.ts';
import { argumentKinds, declaredArguments } from '../../../src/policy/lint/argument-kind.ts';
import { findContradiction, readsPrivate, sendsOutside, whyDestructive } from '../../../src/policy/lint/tool-traits.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';

const text = fc.constantFrom(
  'a path',
  'runs SQL',
  'x'.repeat(290).concat(' file'),
  'y'.repeat(400).concat(' path'),
  '',
);
const names = fc.constantFrom('path', 'url', 'query', 'to', 'command', 'text', '__proto__', 'a/b~c');
const odd: fc.Arbitrary<Json> = fc.constantFrom(...[null, 1, 'x', true, []]);
const leaf = fc.record(
  {
    type: fc.constantFrom<Json>('string', 'number', 'array', 'object', ['string', 'null'], ['null'], 7, {}),
    format: fc.constantFrom<Json>('uri', 'date', 1),
    description: fc.oneof(text, odd),
    enum: odd,
    const: odd,
    required: fc.constantFrom<Json>(['path', 'url', 1], [], 'path'),
    $ref: fc.constant('#/x'),
  },
  { requiredKeys: [] },
);
const { schema } = fc.letrec<{ schema: JsonObject; value: Json }>((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, { weight: 1, arbitrary: odd }, { weight: 4, arbitrary: tie('schema') }),
  schema: fc
    .tuple(
      leaf,
      fc.option(fc.oneof(odd, fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map(Object.fromEntries))),
      fc.option(tie('value')),
    )
    .map(([own, properties, items]) => ({
      ...own,
      ...(properties === null ? {} : { properties }),
      ...(items === null ? {} : { items }),
    })),
}));
const definition = fc.record(
  {
    title: fc.oneof(text, odd),
    description: fc.oneof(fc.constantFrom('Deletes it', `${' '.repeat(150)}removes`), text, odd),
    annotations: fc.oneof(
      odd,
      fc.dictionary(
        fc.constantFrom('readOnlyHint', 'destructiveHint', 'openWorldHint', 'x'),
        fc.oneof(fc.boolean(), odd),
      ),
    ),
    inputSchema: fc.oneof({ weight: 1, arbitrary: odd }, { weight: 6, arbitrary: schema }),
  },
  { requiredKeys: [] },
);

test('lint reads the same in it', () => {
  fc.assert(
    fc.property(definition, fc.constantFrom('move_file', 'sql_run', 'delete_it', 'get'), (whole, name) => {
      const short = shortenDefinition(whole);
      if (short === undefined) throw new Error('it has few parameters');
      const read = (tool: JsonObject) => {
        const offered = { ...tool, name };
        const { required, named } = declaredArguments(offered);
        return [
          ...[argumentKinds(offered), required, named === undefined ? undefined : [...named]],
          ...[findContradiction(offered), whyDestructive(offered), readsPrivate(offered), sendsOutside(offered)],
        ];
      };
      expect(read(short)).toEqual(read(whole));
    }),
    { numRuns: 500 },
  );
});
