// Which keys the schema knows at a path, read from its JSON Schema: for "did you mean" and for the test of docs/config.md.

import { entriesOf, isPlainObject } from './json-path.ts';
import { isNotYet } from './not-yet.ts';
import type { JsonPath } from './read-shape.ts';
import { buildJsonSchema } from './schema.ts';

/** The keys that an object at `path` may have today; empty where its keys are free names. */
export function usableKeysAt(path: JsonPath): readonly string[] {
  return knownKeysAt(path).filter((key) => !isNotYet([...path, key]));
}

function knownKeysAt(path: JsonPath): readonly string[] {
  return keysIn(buildJsonSchema(), path);
}

/** The keys that a JSON Schema knows at a path. */
export function keysIn(schema: unknown, path: JsonPath): readonly string[] {
  let nodes: readonly unknown[] = [schema];
  for (const part of path) nodes = nodes.flatMap((node) => stepInto(node, part));
  return nodes.flatMap((node) =>
    branches(node).flatMap((branch) => [
      ...entriesOf(member(branch, 'properties')).map(([key]) => key),
      ...namesOf(member(member(branch, 'propertyNames'), 'enum')),
    ]),
  );
}

/** Every key path of the schema, free names as `*`, elements as `[]`: `servers.*.args`, `limits.[].rate`. */
export function listKeyPaths(schema: unknown = buildJsonSchema()): readonly string[] {
  const found = new Set<string>();
  const walk = (node: unknown, path: string): void => {
    for (const branch of branches(node)) {
      for (const [key, child] of entriesOf(member(branch, 'properties'))) {
        const here = path === '' ? key : `${path}.${key}`;
        found.add(here);
        walk(child, here);
      }
      // `z.record`: free names; a recursive or boolean schema ends the walk
      if (isPlainObject(member(branch, 'additionalProperties')))
        walk(member(branch, 'additionalProperties'), `${path}.*`);
      if (isPlainObject(member(branch, 'items'))) walk(member(branch, 'items'), `${path}.[]`);
    }
  };
  walk(schema, '');
  return [...found];
}

function stepInto(node: unknown, part: string | number): readonly unknown[] {
  return branches(node).flatMap((branch) => {
    if (typeof part === 'number') return [member(branch, 'items')];
    const properties = member(branch, 'properties');
    if (isPlainObject(properties) && Object.hasOwn(properties, part)) return [properties[part]];
    return [member(branch, 'additionalProperties')];
  });
}

function branches(node: unknown): readonly unknown[] {
  const any = member(node, 'anyOf');
  return Array.isArray(any) ? any.flatMap(branches) : [node];
}

/** Of a record whose names are not free. */
function namesOf(names: unknown): readonly string[] {
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

function member(node: unknown, key: string): unknown {
  return isPlainObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
}
