// A tenant's name becomes a path in src/tenant only, and nothing that looks like a name leads anywhere else.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTakenTenant } from '../../src/config/tenant-names.ts';
import { StatePathError } from '../../src/tenant/state-path-error.ts';
import { isTenant, openTenantScope, RESERVED_TENANTS, tenantDir, tenantSteps } from '../../src/tenant/tenant-scope.ts';

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('tenant/'))
  .map(
    (name) =>
      [name, readFileSync(join(src, name), 'utf8').replace(/\btenant(?:Dir|Steps)\([^()]*\)/g, 'DOOR')] as const,
  );

/** `join(stateDir, tenant`, `[tenant, 'audit']`, `${stateDir}/${tenant}`: a path put together by hand. */
const BY_HAND = [
  /\b(?:join|resolve)\([^)]*\btenant(?:Id|Name)?\b(?!Dir|Steps|s\b)[^)(]*\)/,
  /\[\s*(?:\w+\.)*tenant,\s*[A-Z'"`]/,
  /\$\{[^}]*\}\/\$\{(?:\w+\.)*tenant\}/,
];

test('no other source puts one together by hand', () => {
  expect(sources.length).toBeGreaterThan(300);
  expect(sources.filter(([, text]) => BY_HAND.some((shape) => shape.test(text))).map(([name]) => name)).toEqual([]);
});

test.each([
  "join(stateDir, tenant, 'x')",
  "make(dir, [tenant, 'x'])",
  'make(dir, [a.tenant, LIMITS])',
  ['`$', '{root}/$', '{x.tenant}`'].join(''),
])('that search would find %s', (text) => expect(BY_HAND.some((shape) => shape.test(text))).toBe(true));

test('the pure layers cannot even name a tenant’s place', () => {
  const pure = sources.filter(([name]) => /^(?:wire|ports|core|policy|audit|config)\//.test(name));
  expect(pure.filter(([, text]) => /from '[./]*\/tenant\//.test(text)).map(([name]) => name)).toEqual([]);
});

/** Something that a module would fill, for whoever comes by: a cache, a table, a counter of a whole process. */
const LASTING = [
  /^(?:export )?(?:let|var) /m,
  /^(?:export )?const \w+(?:: (?!readonly |Readonly)[^=]*)? = (?:new (?:Map|Set|WeakMap|WeakSet|Array)(?:<[^>]*>)?\(\)|\[\]);/m,
  /^ {2}static (?!async |get )(?:readonly )?#?\w+(?::[^=]*)? = (?:new |\[|\{)/m,
];

test('nothing that is filled while a process runs outlives a session: no module keeps a table', () => {
  // what is sent to another program is a text here
  const found = sources.filter(
    ([name, text]) => !/-script\.ts$/.test(name) && LASTING.some((shape) => shape.test(text)),
  );
  expect(found.map(([name]) => name)).toEqual([]);
});

test.each([
  'let last = 0;',
  'export let one: string | undefined;',
  'const KNOWN = new Map();',
  'const KNOWN: Map<string, number> = new Map();',
  'const known = new WeakMap<object, string>();',
  'export const seen: string[] = [];',
  'class A {\n  static #cache = new Map<string, string>();\n}',
])('that search, too, would find %j', (text) => expect(LASTING.some((shape) => shape.test(text))).toBe(true));

const SPOOFS = [
  ...[
    '',
    '.',
    '..',
    '../acme',
    'acme/..',
    'acme/../other',
    'a/b',
    'a\\b',
    '/acme',
    'acme/',
    './acme',
    '~',
    '%2e%2e',
    'acme%00',
  ],
  ...[
    'Acme',
    'ACME',
    'aCme',
    ' acme',
    'acme ',
    'acme\n',
    '\nacme',
    'acme\0',
    'acme\0other',
    '\0',
    'acme\t',
    'acme.',
    'acme~1',
  ],
  ...[
    'аcme',
    'acmе',
    'ａcme',
    'acme\u200b',
    'ac\u00adme',
    'acme\u0301',
    'ﬁ',
    'ſ',
    'K',
    'ı',
    'é',
    'e\u0301',
    '\ufeffacme',
    'ac\u202eme',
  ],
  ...[
    '-acme',
    '_acme',
    'acme_1',
    'acme:stream',
    'con.',
    'a'.repeat(64),
    '__proto__',
    'constructor.',
    'toString()',
    'acme,other',
  ],
  ...RESERVED_TENANTS,
  ...['con', 'prn', 'aux', 'nul', 'com0', 'com1', 'com9', 'lpt1', 'lpt9'],
];

test('every directory that lies beside those of tenants is taken, here and for a config', () => {
  const made = sources.flatMap(([name, text]) =>
    [...text.matchAll(/makePrivateDir\((?:\w+\.)*stateDir, \[('[a-z]+'|[A-Z]+)/g)].map(([, word = '']) => {
      const literal = new RegExp(`const ${word} = ('[a-z]+');`).exec(text)?.[1] ?? word;
      return [name, literal.slice(1, -1)] as const;
    }),
  );
  expect(made.length).toBeGreaterThan(5);
  for (const [name, directory] of made) expect([name, isTenant(directory)]).toEqual([name, false]);
  const names = [
    ...RESERVED_TENANTS,
    'con',
    'prn',
    'aux',
    'nul',
    ...['com', 'lpt'].flatMap((one) => [`${one}0`, `${one}9`]),
  ];
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(...names, 'acme', 'com10', 'run1'), fc.stringMatching(/^[a-z0-9]{1,4}$/)),
      (name) => {
        expect(isTakenTenant(name)).toBe(!isTenant(name));
      },
    ),
  );
});

describe('spoofing', () => {
  test.each(SPOOFS)('%j is no tenant', (name) => {
    expect(isTenant(name)).toBe(false);
    for (const use of [openTenantScope, tenantDir]) expect(() => use('/state', name)).toThrow(StatePathError);
    expect(() => tenantSteps(name)).toThrow(StatePathError);
  });

  test.each(['../b', '..', '.', '', 'a/b', 'a\\b', 'a\0'])('%j is no step below a tenant', (step) => {
    const scope = openTenantScope('/state', 'acme');
    expect(() => scope.place(step)).toThrow(StatePathError);
    expect(() => scope.steps('audit', step)).toThrow(StatePathError);
  });

  test('every name that is one is its own directory, directly below the state', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 70 }), fc.string({ maxLength: 3 }), (wild, tail) => {
        for (const name of [wild, `acme${tail}`, tail]) {
          if (!isTenant(name)) continue;
          expect(dirname(tenantDir('/state', name))).toBe('/state');
          expect(tenantDir('/state', name)).toBe(`/state/${name}`);
        }
      }),
    );
  });
});

test('a scope is frozen, and all its places lie below its directory', () => {
  const scope = openTenantScope('/state', 'acme');
  expect(Object.isFrozen(scope)).toBe(true);
  expect(scope.place('limits', 'a.json')).toBe('/state/acme/limits/a.json');
  expect(scope.steps('home')).toEqual(['acme', 'home']);
  expect([scope.trail.open, scope.trail.marker('s')]).toEqual([
    '/state/acme/audit/open',
    '/state/acme/audit/open/s.json',
  ]);
});
