// A grant that an approved one covers is no widening: by pattern, by terms, and never where the two would decide differently.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers } from '../../../src/policy/lock/covered-grant.ts';
import { diffPolicies, widensScopes } from '../../../src/policy/lock/policy-diff.ts';
import { compilePattern } from '../../../src/policy/pattern.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const config = (...grants: JsonObject[]): JsonObject => ({
  ...{ version: 1, servers: { q: { command: 'node', scope: 'a' } } },
  scopes: { a: { grants } },
});
const ARGS = { '/path': { prefix: '/a' } };
const [SOON, LATE] = ['2026-12-01', '2026-12-31'];

/** Approved, wanted. */
type Pair = readonly [approved: JsonObject[], wanted: JsonObject[]];
const WITHIN: Readonly<Record<string, Pair>> = {
  'a name of a pattern': [[{ tool: '*' }], [{ tool: 'ping' }]],
  'a narrower pattern': [[{ tool: '*' }], [{ tool: 'pin*' }]],
  'a pattern with `?`': [[{ tool: 'p?ng' }], [{ tool: 'ping' }]],
  'an argument more': [[{ tool: '*' }], [{ tool: 'ping', args: ARGS }]],
  'the same argument': [[{ tool: 'p*', args: ARGS }], [{ tool: 'ping', args: ARGS, additional: false }]],
  'an end that comes earlier': [[{ tool: '*', expires: LATE }], [{ tool: 'ping', expires: SOON }]],
  'an approval each time': [[{ tool: '*' }], [{ tool: 'ping', approve: 'always' }]],
  'another reason': [[{ tool: '*', reason: 'x' }], [{ tool: 'ping', reason: 'y' }]],
  'less of its own terms, beside one without': [
    [{ tool: '*' }, { tool: 'ping', args: ARGS }],
    [{ tool: '*', args: ARGS }, { tool: 'ping' }],
  ],
  'a plain resource': [[{ resource: 'file:///*' }], [{ resource: 'file:///a' }]],
};
const BEYOND: Readonly<Record<string, Pair>> = {
  'a wider pattern': [[{ tool: 'pin*' }], [{ tool: '*' }]],
  'a pattern that overlaps': [[{ tool: 'pin*' }], [{ tool: '*ing' }]],
  'more than one character for `?`': [[{ tool: 'p?ng' }], [{ tool: 'p*ng' }]],
  'another kind': [[{ resource: '*' }], [{ tool: 'ping' }]],
  'an argument less': [[{ tool: '*', args: ARGS }], [{ tool: 'ping' }]],
  'another argument': [[{ tool: '*', args: ARGS }], [{ tool: 'ping', args: { '/path': { prefix: '/' } } }]],
  'an end that comes later': [[{ tool: '*', expires: SOON }], [{ tool: 'ping', expires: LATE }]],
  'no end': [[{ tool: '*', expires: SOON }], [{ tool: 'ping' }]],
  'no approval': [[{ tool: '*', approve: 'always' }], [{ tool: 'ping' }]],
  'a resource that may mean another': [[{ resource: 'file:///*' }], [{ resource: 'file:///a/../b' }]],
};

describe('a grant', () => {
  it.each(Object.entries(WITHIN))('%s is within what is approved', (_, [approved, wanted]) => {
    expect(widensScopes(config(...wanted), config(...approved))).toBe(false);
    expect(diffPolicies(config(...wanted), config(...approved), new Map()).isApproved).toBe(true);
  });

  it.each(Object.entries(BEYOND))('%s is not', (_, [approved, wanted]) => {
    expect(widensScopes(config(...wanted), config(...approved))).toBe(true);
  });

  it('says within which', () => {
    const { lines } = diffPolicies(config({ tool: 'ping' }), config({ tool: '*' }), new Map());
    expect(lines.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      'holds: grant tool `*` removed',
      'holds: grant tool `ping` added, within what `*` grants',
    ]);
  });

  it('of a server that nothing restricted so far adds nothing to it; one of a new server does', () => {
    const open = { version: 1, servers: { q: { command: 'node' } } };
    const wanted = config({ tool: 'ping' }, { resource: 'x:/*' });
    expect(diffPolicies(wanted, open, new Map()).lines.map(({ kind }) => kind)).toEqual(['holds', 'holds', 'holds']);
    expect(diffPolicies(wanted, undefined, new Map()).isApproved).toBe(false);
  });
});

it('a pattern covers another only where it matches whatever that does', () => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 5 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });
  const fitting = fc.tuple(glob, glob, text).filter(([, narrow, name]) => compilePattern(narrow).matches(name));
  fc.assert(
    fc.property(fitting, ([wide, narrow, name]) => {
      const pattern = compilePattern(wide);
      fc.pre(covers(pattern, narrow));
      return pattern.matches(name);
    }),
  );
});
