// docs/constraints.md, the schema of the config and the kinds that the code knows are the same list.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildJsonSchema } from '../../../src/config/schema.ts';
import { CONSTRAINT_KINDS } from '../../../src/policy/constraint/constraint-document.ts';
import { compileConstraints } from '../../../src/policy/constraint/constraint-set.ts';
import { SCHEMA_KEYWORDS } from '../../../src/policy/constraint/schema.ts';
import { PORTS } from './one-constraint.ts';

const page = readFileSync(new URL('../../../docs/constraints.md', import.meta.url), 'utf8');
const sections = page.split(/^## /m).slice(1);
const kinds = [...CONSTRAINT_KINDS].toSorted();

/** The keys of the config's `constraint`, found by one that nothing else has. */
function keysOfSchema(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return [];
  const properties: unknown = Reflect.get(node, 'properties');
  if (typeof properties === 'object' && properties !== null && 'within' in properties) return Object.keys(properties);
  return Object.values(node).reduce(
    (found: readonly string[], child) => (found.length > 0 ? found : keysOfSchema(child)),
    [],
  );
}

test('the config knows the kinds of the code', () => {
  expect(
    keysOfSchema(buildJsonSchema())
      .filter((key) => key !== 'optional')
      .toSorted(),
  ).toEqual(kinds);
});

test('each kind has a section with an example of its own', () => {
  const named = sections.filter((section) => /^[a-zA-Z]+\n/.test(section));
  expect(named.map((section) => section.split('\n')[0]).toSorted()).toEqual(kinds);
  for (const section of named) {
    const [, example = ''] = /^[a-zA-Z]+\n\n`(\{.*?\})`\. /.exec(section) ?? [];
    const document: object = JSON.parse(example);
    expect(Object.keys(document)).toEqual([section.split('\n')[0]]);
    expect(compileConstraints({ args: { '/x': document } }, 'grant', PORTS).ok, example).toBe(true);
  }
});

test('the section about schemas names every keyword', () => {
  const section = sections.find((text) => text.startsWith('schema\n')) ?? '';
  expect([...SCHEMA_KEYWORDS.keys()].filter((keyword) => !section.includes(`\`${keyword}\``))).toEqual([]);
});

test('the example at the top compiles', () => {
  const [, block = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  expect(compileConstraints(JSON.parse(block), 'grant', PORTS).ok).toBe(true);
});
