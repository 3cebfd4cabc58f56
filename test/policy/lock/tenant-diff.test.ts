// What a person reads of changed tenants before an approval: which tenant, which key, what it was and what it is.
import { expect, test } from 'vitest';
import { combineDocuments } from '../../../src/policy/lock/combine.ts';
import { diffPolicies } from '../../../src/policy/lock/policy-diff.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const BASE: JsonObject = { version: 1, servers: { memory: { command: 'npx', args: ['all'] } } };
const ACME: JsonObject = {
  isolation: { required: 'L1', uid: 7001 },
  servers: { memory: { env: { KEY: 'env:ACME' } } },
};
const config = (tenants: JsonObject | undefined): JsonObject => ({ ...BASE, ...(tenants && { tenants }) });
const linesOf = (after: JsonObject | undefined, before: JsonObject | undefined) =>
  diffPolicies(config(after), config(before), new Map()).lines.map(({ kind, server, text }) =>
    server === undefined ? `${kind} ${text}` : `${server}: ${kind} ${text}`,
  );

test('a key of one tenant is one line, whatever the order of keys, and nothing is said of the others', () => {
  const turned = { servers: ACME.servers ?? null, isolation: { uid: 7001, required: 'L1' } };
  expect(linesOf({ globex: {}, acme: turned }, { acme: ACME, globex: {} })).toEqual([]);
  expect(
    linesOf(
      { globex: { servers: { memory: { args: ['a', 'b'] } } }, acme: { ...turned, isolation: { uid: 7001 } } },
      { acme: ACME, globex: {} },
    ),
  ).toEqual([
    'possible tenant `acme`: isolation.required: "L1" → nothing',
    'possible tenant `globex`: servers.memory.args: nothing → [ "a", "b" ]',
  ]);
});

test('a new tenant is said with each of its keys', () => {
  expect(linesOf({ acme: ACME, hooli: ACME, initech: {} }, { acme: ACME })).toEqual([
    'possible tenant `hooli` is new',
    'possible tenant `hooli`: isolation.required: nothing → "L1"',
    'possible tenant `hooli`: isolation.uid: nothing → 7001',
    'possible tenant `hooli`: servers.memory.env.KEY: nothing → env:ACME',
    'possible tenant `initech` is new',
  ]);
});

test('one that left holds already; that there are none any more does not', () => {
  expect(linesOf({ globex: {} }, { acme: ACME, globex: {} })).toEqual(['holds tenant `acme` is no tenant any more']);
  // what it named stays closed to the others till then (foreign-places.ts)
  for (const named of [
    { isolation: { readable: ['/srv/a'] } },
    { servers: { memory: { isolation: { writable: ['/srv/a'] } } } },
    { servers: { memory: { cwd: '/srv/a' } } },
    { servers: { memory: { args: ['/srv/a'] } } },
    { servers: { memory: { env: { KEY: 'file:/srv/a' } } } },
  ])
    expect(linesOf({ globex: {} }, { acme: named, globex: {} })).toEqual([
      'possible tenant `acme` is no tenant any more: what its block named may be shown to the others',
    ]);
  expect(linesOf(undefined, { acme: ACME })).toEqual([
    'possible no tenants any more: what their blocks restrict restricts nobody',
  ]);
  expect(diffPolicies(config(undefined), config({ acme: ACME }), new Map()).isApproved).toBe(false);
});

test('a literal that may be a secret is not shown, nor that it is the same; an empty value is', () => {
  const env = (value: string): JsonObject => ({
    acme: { servers: { memory: { env: { API_TOKEN: value, MODE: value } } } },
  });
  expect(linesOf(env('two'), env('one'))).toEqual([
    'possible tenant `acme`: servers.memory.env.API_TOKEN: (a literal) → another',
    'possible tenant `acme`: servers.memory.env.MODE: "one" → "two"',
  ]);
  expect(linesOf({ acme: { servers: { memory: { env: {} } } } }, { acme: {} })).toEqual([
    'possible tenant `acme`: servers.memory.env: nothing → {}',
  ]);
  expect(linesOf({ acme: { scopes: {} } }, { acme: {} })).toEqual(['possible tenant `acme`: scopes: nothing → {}']);
});

test('hostile names are inert', () => {
  expect(linesOf({ 'a\u001b[31m`x': {} }, {})).toEqual([
    expect.stringMatching(/^possible tenant `a[^\u001b`]*'x` is new$/),
  ]);
  // every difference is told
  expect(combineDocuments(config({ a: {} }), config({ b: {} })).differences).toHaveLength(1);
});
