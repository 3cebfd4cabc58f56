// A run takes its place in a fleet where the policy in force says so, leaves it where it says so no longer, and is never held up by it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DiskBreakerStore, openBreakerStore } from '../../src/adapters/breaker-store.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { createFleetHub, type FleetSeat } from '../../src/cli/fleet-hub.ts';
import type { HeldPolicy } from '../../src/cli/open-policy.ts';
import { PolicyInForce } from '../../src/cli/policy-in-force.ts';
import { createBreakerLookup } from '../../src/config/breaker-lookup.ts';
import { policyOf } from '../config/compiled.ts';

/** Nobody listens there. */
const NOWHERE = 'redis://127.0.0.1:1';
const held = (share: string, kind = 'redis'): HeldPolicy => {
  const limitStore = kind === 'redis' ? { kind, url: NOWHERE } : { kind };
  const document = { version: 1, servers: { db: { command: 'db' } }, breaker: { share }, limitStore };
  return { policy: policyOf(document), lock: undefined } as unknown as HeldPolicy; // what the hub reads of it
};

describe('a seat', () => {
  let stateDir: string;
  let store: DiskBreakerStore;
  let inForce: PolicyInForce;
  let seat: FleetSeat;
  let turns: (string | undefined)[];
  let said: string[];
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'mcp-guard-hub-'));
    [turns, said] = [[], []];
  });
  afterEach(async () => {
    await seat.end();
    rmSync(stateDir, { recursive: true, force: true });
  });
  const sit = (first: HeldPolicy): void => {
    const log = { write: (_: string, text: string) => void said.push(text) };
    const between = (action: () => void): void => void setImmediate(action);
    const common = { stateDir, tenant: 'default', log, clock: systemClock };
    store = openBreakerStore({ ...common, between });
    inForce = new PolicyInForce(first);
    seat = createFleetHub({ ...common, inForce }).join({
      ...{ server: 'db', store, between },
      lookup: () => createBreakerLookup(inForce.held.policy),
      onTransition: () => {},
      onTurn: (why) => turns.push(why),
    });
    seat.begin();
  };
  const claim = (): Promise<boolean> =>
    new Promise((resolve) => seat.claim({ server: 'db', breakers: ['q'], marks: [undefined], forMs: 1_000 }, resolve));

  test('is taken once something is shared, says once that nobody answers, and holds up no probe and no end', async () => {
    sit(held('machine', 'file'));
    expect(await claim()).toBe(true);
    await inForce.swap(held('machine'));
    expect([turns, said]).toEqual([[], []]);
    await inForce.swap(held('fleet'));
    await expect.poll(() => turns, { timeout: 8_000 }).toEqual([expect.any(String)]);
    expect(await claim()).toBe(true);
    expect(said).toEqual([expect.stringContaining('cannot be shared with the fleet')]);
    await inForce.swap(held('machine'));
    await inForce.swap(held('fleet'));
    const begun = performance.now();
    await seat.end();
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
