// What every limit store promises, whatever it is made of: ports/limit-store.ts, sentence by sentence. A store with a clock of its
// own is given time to pass; one that takes the caller's is told. Knows no store.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Instant } from '../../../src/ports/clock.ts';
import type {
  BudgetCharge,
  Charge,
  LimitStore,
  PlaceCharge,
  RateCharge,
  Receipt,
  Take,
} from '../../../src/ports/limit-store.ts';

/** One store and its time. */
export interface LimitWorld {
  /** Another handle on the same counts, as another process would have; the same one where nothing is shared. */
  open(): LimitStore | Promise<LimitStore>;
  now(): Instant;
  /** So much time has passed when it resolves. */
  pass(ms: number): Promise<void>;
  /** How much more time may have passed than was told: 0 where the clock is in the test's hands. */
  readonly slackMs: number;
  close(): Promise<void>;
}

const SECOND_US = 1_000_000;
const DAY_MS = 86_400_000;
export const keyOf = (name: string): string => Buffer.from(name.padEnd(16, '.')).toString('hex').slice(0, 32);
const leaseOf = (name: string): string => Buffer.from(name.padEnd(12, '.')).toString('hex').slice(0, 24);

export function rate(name: string, more: Partial<RateCharge> = {}): RateCharge {
  const depthUs = more.depthUs ?? 2 * SECOND_US;
  return {
    kind: 'rate',
    key: keyOf(name),
    label: name,
    spendUs: SECOND_US,
    depthUs,
    mostUs: depthUs,
    unitUs: SECOND_US,
    ...more,
  };
}
export function place(name: string, lease: string, max: number, ttlMs = 10_000): PlaceCharge {
  return { kind: 'place', key: keyOf(name), label: name, max, lease: leaseOf(lease), ttlMs };
}
export function budget(name: string, at: number, endsInMs: number, cost: number, max: number): BudgetCharge {
  const end = at + endsInMs;
  const window = (index: number) => ({ startMs: end + (index - 1) * DAY_MS, endMs: end + index * DAY_MS });
  return { kind: 'budget', key: keyOf(name), label: name, cost, max, windows: [window(-1), window(0), window(1)] };
}
export const UNREACHED = { reached: false, postPaid: [] } as const;
export const REACHED = { reached: true, postPaid: [] } as const;

/** The receipt of a take that must have passed. */
export function taken(take: Take): Receipt {
  if (take.kind !== 'taken') throw new Error(`not taken: ${JSON.stringify(take)}`);
  return take.receipt;
}

export function describeLimitStore(name: string, openWorld: () => LimitWorld | Promise<LimitWorld>): void {
  describe(`${name} keeps the contract of a limit store`, () => {
    let world: LimitWorld;
    let store: LimitStore;
    let other: LimitStore;
    beforeEach(async () => {
      world = await openWorld();
      store = await world.open();
      other = await world.open();
    });
    afterEach(() => world.close());
    const take = async (charges: readonly Charge[], by = store) => by.take(charges, world.now());
    const kinds = async (...all: readonly (readonly Charge[])[]) => {
      const seen: string[] = [];
      for (const charges of all) seen.push((await take(charges)).kind);
      return seen;
    };
    const states = async () => {
      const listing = await store.list(world.now());
      if (listing.kind !== 'listed') throw new Error(listing.why);
      return new Map(listing.keys.map((one) => [one.key, one]));
    };

    test('a rate admits its burst at once, then one each interval', async () => {
      expect(await kinds([rate('a')], [rate('a')], [rate('a')])).toEqual(['taken', 'taken', 'denied']);
      await world.pass(1_000);
      expect(await kinds([rate('a')], [rate('a')])).toEqual(['taken', 'denied']);
    });

    test('the retry-after is exact, and a denial consumes nothing', async () => {
      const fast = { spendUs: 100_000, unitUs: 100_000, depthUs: 100_000, mostUs: 100_000 };
      await take([rate('a', fast)]);
      await world.pass(40);
      const denied = await take([rate('a', fast)]);
      if (denied.kind !== 'denied') throw new Error(denied.kind);
      expect(denied.by).toBe(0);
      const { retryAfterMs = Number.NaN } = denied;
      expect(retryAfterMs).toBeLessThanOrEqual(60);
      expect(retryAfterMs).toBeGreaterThanOrEqual(60 - world.slackMs);
      if (world.slackMs === 0) {
        await world.pass(retryAfterMs - 1);
        expect((await take([rate('a', fast)])).kind).toBe('denied');
        await world.pass(1);
      } else await world.pass(retryAfterMs);
      expect((await take([rate('a', fast)])).kind).toBe('taken');
    });

    test('a spend above the depth never passes', async () => {
      expect(await take([rate('a', { spendUs: 3 * SECOND_US })])).toEqual({
        kind: 'denied',
        by: 0,
        retryAfterMs: undefined,
      });
    });

    test('all or nothing: what one charge refuses, no other has taken', async () => {
      const at = world.now().wallMs;
      const charges = [
        rate('a'),
        budget('b', at, DAY_MS / 2, 1, 10),
        place('c', 'one', 4),
        rate('full', { spendUs: 3 * SECOND_US }),
      ];
      expect(await take(charges)).toMatchObject({ kind: 'denied', by: 3 });
      expect(await states()).toEqual(new Map());
      expect(await kinds([rate('a')], [rate('a')], [rate('a')])).toEqual(['taken', 'taken', 'denied']);
    });

    test('of several that refuse, the one that waits longest answers', async () => {
      await take([rate('quick', { depthUs: SECOND_US, mostUs: SECOND_US }), rate('slow', { spendUs: 2 * SECOND_US })]);
      const denied = await take([
        rate('quick', { depthUs: SECOND_US, mostUs: SECOND_US }),
        rate('slow', { spendUs: 2 * SECOND_US }),
      ]);
      expect(denied).toMatchObject({ kind: 'denied', by: 1 });
    });

    test('two handles share every count', async () => {
      await take([rate('a')]);
      await take([rate('a')], other);
      expect((await take([rate('a')])).kind).toBe('denied');
      expect((await take([rate('a')], other)).kind).toBe('denied');
    });

    test('what never left is given back; what left is not', async () => {
      const first = taken(await take([rate('a')]));
      const second = taken(await take([rate('a')]));
      store.settle(first, REACHED, world.now());
      await store.idle();
      expect((await take([rate('a')])).kind).toBe('denied');
      store.settle(second, UNREACHED, world.now());
      await store.idle();
      expect((await take([rate('a')])).kind).toBe('taken');
    });

    test('giving back grants nothing that time has already granted', async () => {
      const one = { depthUs: SECOND_US, mostUs: SECOND_US };
      const first = taken(await take([rate('a', one)]));
      await world.pass(1_000 + world.slackMs);
      taken(await take([rate('a', one)]));
      store.settle(first, UNREACHED, world.now());
      await store.idle();
      expect((await take([rate('a', one)])).kind).toBe('denied');
    });

    test('what was given back once is not given back by another receipt', async () => {
      const deep = { depthUs: 2 * SECOND_US, mostUs: 2 * SECOND_US };
      const [first, second] = [taken(await take([rate('a', deep)])), taken(await take([rate('a', deep)]))];
      await world.pass(500);
      store.settle(first, UNREACHED, world.now());
      await world.pass(500);
      taken(await take([rate('a', deep)]));
      store.settle(second, UNREACHED, world.now());
      await store.idle();
      const state = (await states()).get(keyOf('a'));
      // Alone, the third would have left a whole second.
      expect(state).toMatchObject({ kind: 'rate' });
      if (state?.kind === 'rate') expect(state.backlogUs).toBeGreaterThanOrEqual(SECOND_US - 2_000 * world.slackMs);
    });

    test('what is paid afterwards is a debt that time pays off', async () => {
      const bytes = rate('b', { spendUs: 1, unitUs: 1, depthUs: 100_000, mostUs: DAY_MS * 1_000 });
      const receipt = taken(await take([bytes]));
      store.settle(receipt, { reached: true, postPaid: [{ ...bytes, spendUs: 400_000 }] }, world.now());
      await store.idle();
      const denied = await take([bytes]);
      expect(denied.kind).toBe('denied');
      if (denied.kind === 'denied') {
        expect(denied.retryAfterMs).toBeLessThanOrEqual(301);
        expect(denied.retryAfterMs).toBeGreaterThanOrEqual(301 - world.slackMs);
      }
      await world.pass(302);
      expect((await take([bytes])).kind).toBe('taken');
    });

    test('a TAT that cannot be counts as the furthest that can', async () => {
      const wide = { depthUs: 60 * SECOND_US, mostUs: 60 * SECOND_US, spendUs: 60 * SECOND_US };
      await take([rate('a', wide)]);
      const denied = await take([rate('a', { depthUs: SECOND_US, mostUs: SECOND_US })]);
      expect(denied).toMatchObject({ kind: 'denied' });
      if (denied.kind === 'denied') expect(denied.retryAfterMs).toBeLessThanOrEqual(1_000);
    });

    test('a budget counts to its end, refuses until the window ends, and begins anew', async () => {
      const at = world.now().wallMs;
      const begun = performance.now();
      const charge = budget('b', at, 400, 2, 5);
      expect(await kinds([charge], [charge])).toEqual(['taken', 'taken']);
      const denied = await take([charge]);
      expect(denied).toMatchObject({ kind: 'denied', by: 0 });
      if (denied.kind !== 'denied') return;
      const { retryAfterMs = Number.NaN } = denied;
      expect(retryAfterMs).toBeLessThanOrEqual(400);
      // What the three takes took is gone from it, where time is real.
      const tookMs = world.slackMs === 0 ? 0 : performance.now() - begun;
      expect(retryAfterMs).toBeGreaterThanOrEqual(400 - world.slackMs - tookMs);
      expect((await take([budget('b', at, 400, 1, 5)])).kind).toBe('taken');
      await world.pass(retryAfterMs);
      expect((await take([charge])).kind).toBe('taken');
    });

    test('a budget is given back in the window in which it was taken', async () => {
      const at = world.now().wallMs;
      const charge = budget('b', at, 300, 5, 5);
      const receipt = taken(await take([charge]));
      await world.pass(300 + world.slackMs);
      await take([charge]);
      store.settle(receipt, UNREACHED, world.now());
      await store.idle();
      expect((await take([charge])).kind).toBe('denied');
    });

    test('a cost above the budget never passes', async () => {
      const at = world.now().wallMs;
      expect(await take([budget('b', at, DAY_MS / 2, 6, 5)])).toMatchObject({
        kind: 'denied',
        retryAfterMs: undefined,
      });
    });

    test('a place is one of so many until it is settled, whoever holds it', async () => {
      const first = taken(await take([place('p', 'one', 2)]));
      taken(await take([place('p', 'two', 2)], other));
      expect(await take([place('p', 'three', 2)])).toEqual({ kind: 'denied', by: 0, retryAfterMs: undefined });
      store.settle(first, REACHED, world.now());
      await store.idle();
      expect((await take([place('p', 'three', 2)], other)).kind).toBe('taken');
    });

    test('a lease that nobody renews dies; one that is renewed lives', async () => {
      const kept = taken(await take([place('p', 'kept', 2, 300)]));
      taken(await take([place('p', 'lost', 2, 300)], other));
      await world.pass(200);
      store.renew([kept], world.now());
      await store.idle();
      await world.pass(150);
      expect((await take([place('p', 'new', 2, 10_000)])).kind).toBe('taken');
      expect((await take([place('p', 'newer', 2, 10_000)])).kind).toBe('denied');
    });

    test('a renewal brings back a lease that had died, above the cap or not', async () => {
      const late = taken(await take([place('p', 'late', 1, 100)]));
      await world.pass(150);
      taken(await take([place('p', 'new', 1)]));
      store.renew([late], world.now());
      await store.idle();
      expect((await states()).get(keyOf('p'))).toMatchObject({ kind: 'place', held: 2, max: 1 });
    });

    test('many places of one key', async () => {
      const many = Array.from({ length: 40 }, (_, index) => [place('p', `n${index}`, 40)]);
      expect(new Set(await kinds(...many))).toEqual(new Set(['taken']));
      expect(await kinds([place('p', 'over', 40)])).toEqual(['denied']);
    });

    test('the list shows what is used, of whom, and changes nothing', async () => {
      const at = world.now().wallMs;
      taken(await take([rate('a'), budget('b', at, DAY_MS / 2, 3, 10), place('c', 'one', 4)]));
      const listed = await states();
      expect(listed.get(keyOf('a'))).toMatchObject({
        kind: 'rate',
        label: 'a',
        depthUs: 2 * SECOND_US,
        unitUs: SECOND_US,
      });
      expect(listed.get(keyOf('b'))).toMatchObject({
        kind: 'budget',
        label: 'b',
        used: 3,
        max: 10,
        endsMs: at + DAY_MS / 2,
      });
      expect(listed.get(keyOf('c'))).toMatchObject({ kind: 'place', label: 'c', held: 1, max: 4 });
      expect([...(await states()).keys()].sort()).toEqual([keyOf('a'), keyOf('b'), keyOf('c')]);
    });

    test('a label of any text survives, cut at 160 bytes at most', async () => {
      const label = 'wörk\u0000"\n'.repeat(40);
      taken(await take([rate('a', { label: label.slice(0, 60) })]));
      expect((await states()).get(keyOf('a'))?.label).toBe(label.slice(0, 60));
    });

    test('reset puts keys back, the named ones or all; a place keeps its callers', async () => {
      const at = world.now().wallMs;
      const deep = { spendUs: 2 * SECOND_US };
      taken(await take([rate('a', deep), rate('b', deep), budget('c', at, DAY_MS / 2, 10, 10), place('p', 'one', 1)]));
      expect(await store.reset([keyOf('a')], world.now())).toEqual({ kind: 'reset', count: 1 });
      expect(await kinds([rate('a', deep)], [rate('b', deep)])).toEqual(['taken', 'denied']);
      expect(await other.reset(undefined, world.now())).toEqual({ kind: 'reset', count: 3 });
      expect(await kinds([rate('b', deep)], [budget('c', at, DAY_MS / 2, 10, 10)], [place('p', 'two', 1)])).toEqual([
        'taken',
        'taken',
        'denied',
      ]);
    });

    test('what was given back after a reset is not given twice', async () => {
      const one = { depthUs: SECOND_US, mostUs: SECOND_US };
      const receipt = taken(await take([rate('a', one)]));
      await store.reset(undefined, world.now());
      taken(await take([rate('a', one)]));
      store.settle(receipt, UNREACHED, world.now());
      await store.idle();
      expect((await take([rate('a', one)])).kind).toBe('denied');
    });

    test('a closed store decides nothing', async () => {
      store.close();
      store.close();
      expect(await take([rate('a')])).toMatchObject({ kind: 'unavailable' });
    });
  });
}

/** What only a clock in the test's hands can show: days. */
export function describeForgetting(name: string, openWorld: () => LimitWorld | Promise<LimitWorld>): void {
  test(`${name} remembers what was given back until the sum of both has passed, at most a day after the rate is full`, async () => {
    const world = await openWorld();
    const store = await world.open();
    const dayUs = DAY_MS * 1_000;
    const long = { spendUs: dayUs, depthUs: dayUs, mostUs: dayUs };
    /** How far ahead of now the mark of a call is that is given back at once. */
    const aheadOf = async (key: string, more: Partial<RateCharge>) => {
      const receipt = taken(await store.take([rate(key, more)], world.now()));
      store.settle(receipt, UNREACHED, world.now());
      await store.idle();
      return (receipt.marks[0] ?? Number.NaN) - Math.floor(world.now().monoMs * 1_000);
    };
    // A file's clock begins at 0.
    const [longUs, quickUs] = [await aheadOf('long', long), await aheadOf('quick', {})];
    for (let again = 1; again < 20; again += 1) await aheadOf('long', long);
    await world.pass(999);
    expect(await aheadOf('quick', {})).toBe(quickUs + SECOND_US);
    await world.pass(DAY_MS - 1_000);
    expect(await aheadOf('long', long)).toBe(longUs + 20 * dayUs);
    await world.pass(DAY_MS - 1);
    expect(await aheadOf('long', long)).toBe(longUs + 21 * dayUs);
    await world.pass(DAY_MS);
    expect([await aheadOf('long', long), await aheadOf('quick', {})]).toEqual([longUs, quickUs]);
    await world.close();
  });
}
