// What another machine of a fleet says of the tool `query` in the tests of fleets: an opening by faults, with what it has counted.
import type { FleetBreaker, FleetOpening } from '../../../src/policy/breaker/fleet-opening.ts';

export const COUNTS = { samples: 5, faults: 5, toolErrors: 0, slow: 0, row: 5 };

export const opening = (over: Partial<FleetOpening> = {}): FleetOpening => ({
  ...{ id: 'bb-1', step: 1, cause: 'faults', round: 1, leftMs: 20_000 },
  evidence: { kind: 'fleet', machine: 'b', ...COUNTS },
  ...over,
});

export const says = (over: Partial<FleetBreaker> = {}): FleetBreaker => ({
  ...{ tool: 'query', opening: opening(), ended: [], endedBy: '' },
  ...over,
});
