// The total of `audit verify`: what was removed is no fault, but it is said.
import { expect, test } from 'vitest';
import type { VerifiedSegment } from '../../src/adapters/trail-verify.ts';
import { runAuditVerify } from '../../src/cli/audit-verify.ts';
import { makeTrail, openScreen } from './screen.ts';

const SEGMENT = '01jq8zx000abcdef';
const segment = (removed: number): VerifiedSegment => ({
  tenant: 'default',
  segment: SEGMENT,
  day: '2026-01-02',
  path: '/x',
  isLive: false,
  contradiction: undefined,
  report: {
    verdict: { kind: 'intact' },
    end: { segment: SEGMENT, seq: 7, head: 'h' },
    removed,
    claims: [],
    tenant: 'default',
  },
});
function totalOf(removed: readonly number[]): string | undefined {
  const screen = openScreen();
  const segments = removed.map(segment);
  const trail = makeTrail({
    verify: (_, onSegment) => {
      segments.forEach(onSegment);
      return { segments, faults: [], exitCode: 0 };
    },
  });
  expect(runAuditVerify({}, screen.io, trail)).toBe(0);
  return screen.out().split('\n')[0];
}

test.each([
  [[0, 0], '2 segments, 14 records: 2 intact, 0 with an unclean end, 0 broken'],
  [[1, 0], '2 segments, 14 records: 2 intact, 0 with an unclean end, 0 broken; 1 payload removed'],
  [[2, 3], '2 segments, 14 records: 2 intact, 0 with an unclean end, 0 broken; 5 payloads removed'],
])('of segments without %j of their payloads: %s', (removed, total) => expect(totalOf(removed)).toBe(total));
