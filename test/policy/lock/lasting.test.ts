// An approval that is given while an earlier one has an end: what holds once that has ended.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeLasting } from '../../../src/policy/lock/lasting.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';
import { isSameJson } from '../../../src/wire/same-json.ts';

const of = (grants: readonly Json[], more: JsonObject = {}, deny?: readonly Json[]): JsonObject => ({
  version: 1,
  servers: { files: { command: 'node', scope: 'files' } },
  scopes: { files: { grants, ...(deny !== undefined && { deny }) } },
  ...more,
});
const READ = { tool: 'read_*' };
const WRITE = { tool: 'write_file' };
const SEND = { tool: 'send' };
const MAIL = { servers: { files: { command: 'node', scope: 'files' }, mail: { command: 'mail', scope: 'mail' } } };
const BASE = of([READ]);
const HELD = of([READ, WRITE]);

test('what an approval does not change keeps its end', () => {
  expect(mergeLasting(BASE, HELD, HELD)).toEqual(BASE);
});

test('another server and its scope last, and the grant beside them does not', () => {
  const scopes = { files: { grants: [READ, WRITE] }, mail: { grants: [SEND] } };
  expect(mergeLasting(BASE, HELD, { version: 1, ...MAIL, scopes })).toEqual({
    version: 1,
    ...MAIL,
    scopes: { files: { grants: [READ] }, mail: { grants: [SEND] } },
  });
});

test.each([
  ['a grant more in the same scope', of([READ, WRITE, SEND]), of([READ, SEND])],
  ['a grant less', of([WRITE]), of([])],
  ['the one that ends is taken out', BASE, BASE],
  ['the one that ends is changed: it still ends', of([READ, { ...WRITE, args: { '/a': {} } }]), BASE],
  ['a denial more', of([READ, WRITE], {}, [SEND]), of([READ], {}, [SEND])],
  ['a setting', of([READ, WRITE], { strict: 'payload' }), of([READ], { strict: 'payload' })],
])('%s', (_, after, lasting) => {
  expect(mergeLasting(BASE, HELD, after)).toEqual(lasting);
});

describe('where what ends is more than a rule', () => {
  test('a whole server: changed meanwhile, it still ends as a whole', () => {
    const held = { ...BASE, ...MAIL };
    const after = { ...held, servers: { ...MAIL.servers, mail: { command: 'other', scope: 'mail' } } };
    expect(mergeLasting(BASE, held, after)).toEqual(BASE);
  });

  test('everything: what comes later lasts', () => {
    const nothing = { version: 1, servers: {}, unlisted: 'deny' };
    const after = { version: 1, ...MAIL, scopes: { files: { grants: [READ] }, mail: { grants: [SEND] } } };
    expect(mergeLasting(nothing, of([READ]), after)).toEqual({
      ...{ version: 1, unlisted: 'deny', servers: { mail: MAIL.servers.mail } },
      scopes: { mail: { grants: [SEND] } },
    });
  });

  test('a denial that was taken out for a while comes back', () => {
    const base = of([READ], {}, [SEND]);
    expect(mergeLasting(base, of([READ], {}, []), of([READ], { strict: 'payload' }, []))).toEqual({
      ...base,
      strict: 'payload',
    });
  });
});

test('every part is what lasted before, or what the later approval itself changes', () => {
  const rules = fc.subarray([READ, WRITE, SEND, { ...WRITE, expires: '2026-12-31' }] as Json[]);
  const policy = fc.record({ read: rules, mode: fc.constantFrom('enforce', 'observe'), deny: rules });
  fc.assert(
    fc.property(policy, policy, policy, (...drawn) => {
      const [base, before, after] = drawn.map(({ read, mode, deny }) => of(read, { mode }, deny));
      if (base === undefined || before === undefined || after === undefined) return;
      const rulesOf = (one: JsonObject, key: 'grants' | 'deny'): readonly Json[] =>
        // made of JSON above
        ((one.scopes as JsonObject).files as Record<string, readonly Json[]>)[key] ?? [];
      const has = (one: JsonObject, key: 'grants' | 'deny', rule: Json): boolean =>
        rulesOf(one, key).some((other) => isSameJson(rule, other));
      const merged = mergeLasting(base, before, after);
      for (const rule of rulesOf(merged, 'grants'))
        expect(has(base, 'grants', rule) || (has(after, 'grants', rule) && !has(before, 'grants', rule))).toBe(true);
      for (const rule of rulesOf(base, 'deny'))
        expect(has(merged, 'deny', rule) || !has(after, 'deny', rule)).toBe(true);
      expect(merged.mode).toBe(
        before.mode === after.mode ? base.mode : base.mode === before.mode ? after.mode : base.mode,
      );
      expect(mergeLasting(base, base, after)).toEqual(after);
    }),
  );
});
