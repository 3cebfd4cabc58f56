// The combined table of tools resolves to no more than either side alone, for any table and any name; and to exactly as much
// where both sides are the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchPattern, toolDeadline } from '../../../src/config/tool-deadline.ts';
import { combineDocuments } from '../../../src/policy/lock/combine.ts';
import { resolvePins } from '../../../src/policy/pins/pin-settings.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const deadline = fc.record(
  { idleMs: fc.integer({ min: 1, max: 9 }), hardMs: fc.integer({ min: 10, max: 19 }) },
  { requiredKeys: [] },
);
const pins = fc.oneof(
  fc.constantFrom('deny', 'warn', 'off'),
  fc.record(
    { mode: fc.constantFrom('deny', 'warn', 'off'), ignore: fc.subarray(['title', 'description']) },
    { requiredKeys: [] },
  ),
);
const limits = fc.subarray([{ burst: 1 }, { burst: 2 }, { burst: 3 }]);
const approve = fc.constantFrom('always', 'session', 'once');
const NAMES = ['a', 'ab', 'abc', 'b', '*', 'a*', '?', ''];
const tool = fc.record({ deadline, pins, limits, approve }, { requiredKeys: [] });
const server = fc.record(
  { deadline, pins, tools: fc.dictionary(fc.constantFrom('a', 'ab', 'b', '*', 'a*', '*b', '?', 'a?'), tool) },
  { requiredKeys: [] },
);

// untyped on purpose: documents as they are written
const entriesOf = (one: JsonObject): readonly (readonly [string, JsonObject])[] =>
  Object.entries((one.tools ?? {}) as Record<string, JsonObject>);
const matching = (one: JsonObject, name: string): readonly JsonObject[] => {
  const exact = entriesOf(one).filter(([key]) => key === name);
  return (exact.length > 0 ? exact : entriesOf(one).filter(([key]) => matchPattern(key, name))).map(
    ([, entry]) => entry,
  );
};
type Deadline = { idleMs?: number; hardMs?: number } | undefined;
const deadlineOf = (one: JsonObject, name: string) => {
  const own = (one.deadline ?? {}) as NonNullable<Deadline>;
  return toolDeadline(
    {
      deadline: { idleMs: own.idleMs ?? Number.POSITIVE_INFINITY, hardMs: own.hardMs ?? 3_600_000 },
      tools: entriesOf(one).map(([pattern, entry]) => ({
        pattern,
        idleMs: (entry.deadline as Deadline)?.idleMs,
        hardMs: (entry.deadline as Deadline)?.hardMs,
      })),
      // the rest of a server's policy has no part in it
    } as unknown as Parameters<typeof toolDeadline>[0],
    name,
  );
};
const limitsOf = (one: JsonObject, name: string): readonly string[] =>
  matching(one, name).flatMap((entry) => ((entry.limits ?? []) as unknown[]).map((limit) => JSON.stringify(limit)));
const ORDER = ['always', 'session', 'once', undefined];
const approveOf = (one: JsonObject, name: string): number =>
  Math.min(...matching(one, name).map((entry) => ORDER.indexOf(entry.approve as string | undefined)), 3);
const combine = (ours: JsonObject, theirs: JsonObject): JsonObject => {
  const { document } = combineDocuments({ servers: { s: ours } }, { servers: { s: theirs } });
  return (document.servers as { s: JsonObject }).s;
};
const PIN_ORDER = ['deny', 'warn', 'off'];

test('never wider than either side', () => {
  fc.assert(
    fc.property(server, server, fc.constantFrom(...NAMES), (config, lock, name) => {
      const combined = combine(config as JsonObject, lock as JsonObject);
      for (const side of [config as JsonObject, lock as JsonObject]) {
        expect(deadlineOf(combined, name).idleMs).toBeLessThanOrEqual(deadlineOf(side, name).idleMs);
        expect(deadlineOf(combined, name).hardMs).toBeLessThanOrEqual(deadlineOf(side, name).hardMs);
        const [both, alone] = [resolvePins(combined)(name), resolvePins(side)(name)];
        expect(PIN_ORDER.indexOf(both.mode)).toBeLessThanOrEqual(PIN_ORDER.indexOf(alone.mode));
        expect([...both.ignored].filter((field) => !alone.ignored.has(field))).toEqual([]);
        expect(limitsOf(combined, name)).toEqual(expect.arrayContaining([...limitsOf(side, name)]));
        expect(approveOf(combined, name)).toBeLessThanOrEqual(approveOf(side, name));
      }
    }),
    { numRuns: 600 },
  );
});

test('the same side twice means what it meant', () => {
  fc.assert(
    fc.property(server, fc.constantFrom(...NAMES), (one, name) => {
      const side = one as JsonObject;
      const combined = combine(side, structuredClone(side));
      expect(deadlineOf(combined, name)).toEqual(deadlineOf(side, name));
      expect(resolvePins(combined)(name)).toEqual(resolvePins(side)(name));
      expect(approveOf(combined, name)).toBe(approveOf(side, name));
      expect(new Set(limitsOf(combined, name))).toEqual(new Set(limitsOf(side, name)));
    }),
    { numRuns: 300 },
  );
});
