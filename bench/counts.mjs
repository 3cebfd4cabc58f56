// How much each phase does: in the full run, and in the quick one. Knows nothing of targets or figures.

export const FULL = {
  rounds: 7,
  limitMs: 7.5 * 60_000,
  targets: ['direct', 'pipe', 'parse', 'audit-wal', 'sdk-proxy', 'mcp-guard', 'mcp-guard-config', 'mcp-guard-scope'],
  counts: {
    starts: 7,
    warmUp: 1300,
    roundTrips: 5000,
    inFlightWarmUp: 10_000,
    inFlightCalls: 50_000,
    largeCalls: 100,
    lists: { 10: 200, 1000: 40, 10000: 12 },
  },
};

export const QUICK = {
  rounds: 3,
  limitMs: 55_000,
  targets: ['direct', 'audit-wal', 'mcp-guard', 'mcp-guard-config'],
  counts: {
    starts: 3,
    warmUp: 1300,
    roundTrips: 2000,
    inFlightWarmUp: 10_000,
    inFlightCalls: 30_000,
    largeCalls: 40,
    lists: { 10: 50, 10000: 6 },
  },
};
