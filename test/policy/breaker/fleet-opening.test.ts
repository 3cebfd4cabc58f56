// Rows that somebody wrote: what is not ours says nothing, and nothing of it is unbounded.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FleetRow, nameBreaker, readFleetRow } from '../../../src/policy/breaker/fleet-opening.ts';

const NOTE = { machine: 'host', cause: 'slow', round: 2, samples: 5, faults: 0, toolErrors: 0, slow: 5, row: 0 };
const row = (over: Partial<FleetRow> = {}): FleetRow => ({
  ...{ breaker: 'tquery', id: 'a-1', step: 3, leftMs: 10, note: JSON.stringify(NOTE), ended: ['b-1'], endedBy: 'c' },
  ...over,
});

test('a row becomes what it says', () => {
  const { machine, cause, round, ...counts } = NOTE;
  const evidence = { kind: 'fleet', machine, ...counts };
  const opening = { id: 'a-1', step: 3, cause, round, evidence, leftMs: 10 };
  expect(readFleetRow(row())).toEqual({ tool: 'query', opening, ended: ['b-1'], endedBy: 'c' });
  expect(readFleetRow(row({ breaker: 's', id: '', note: '' }))).toMatchObject({ tool: undefined, opening: undefined });
});

test('names are kept apart: the server is none of its tools', () => {
  for (const tool of [undefined, '', 's', 't', '__proto__'])
    expect(readFleetRow(row({ breaker: nameBreaker(tool) }))?.tool).toBe(tool);
});

describe('no row of ours', () => {
  const note = (over: object) => JSON.stringify({ ...NOTE, ...over });
  test.each<Partial<FleetRow>>([
    { breaker: '' },
    { breaker: 'x' },
    { breaker: `t${'x'.repeat(257)}` },
    { id: 'x'.repeat(65) },
    { step: -1 },
    { step: 0.5 },
    { leftMs: -1 },
    { leftMs: Number.POSITIVE_INFINITY },
    { leftMs: Number.NaN },
    { note: '' },
    { note: 'null' },
    { note: `${JSON.stringify(NOTE)}${' '.repeat(1_024)}` },
    { note: note({ machine: 1 }) },
    { note: note({ machine: 'x'.repeat(65) }) },
    { note: note({ cause: 'because' }) },
    { note: note({ round: -1 }) },
    { note: note({ samples: 'many' }) },
    { note: note({ faults: null }) },
    { note: note({ toolErrors: 0.1 }) },
    { note: note({ slow: -1 }) },
    { note: note({ row: undefined }) },
    { ended: Array.from({ length: 17 }, () => 'a') },
    { ended: ['x'.repeat(65)] },
  ])('%j', (over) => {
    expect(readFleetRow(row(over))).toBeUndefined();
  });
});

test('who ended it is cut, and how often it opened is bounded', () => {
  expect(readFleetRow(row({ endedBy: 'x'.repeat(100) }))?.endedBy).toHaveLength(64);
  expect(readFleetRow(row({ note: JSON.stringify({ ...NOTE, round: 1e9 }) }))?.opening?.round).toBe(1_000);
});

test('no note throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (note) => {
      expect(readFleetRow(row({ note }))?.opening?.evidence.kind ?? 'fleet').toBe('fleet');
    }),
    { numRuns: 200 },
  );
});
