// The first page of the limits file: what is in use stands there, costs one read and one write, and nothing of it is lost on the way to
// the table and back.
import * as fs from 'node:fs';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { FRONT_BYTES, MOST_FRONT } from '../../../src/adapters/limit-front.ts';
import { encodeRecord, RECORD_BYTES } from '../../../src/adapters/limit-record.ts';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import { FILE_BYTES, LimitTable } from '../../../src/adapters/limit-table.ts';
import type { Charge, KeyState, LimitStore, Receipt, Take } from '../../../src/ports/limit-store.ts';
import { type Call, replaceCall } from '../breaker/fs-steps.ts';
import { budget, keyOf, place, REACHED, rate, taken, UNREACHED } from './contract.ts';
import { FileWorld, requireKernelLock } from './file-world.ts';

const lock = await requireKernelLock();
const restores: (() => void)[] = [];
afterEach(() => {
  for (const restore of restores.splice(0)) restore();
});

function atOnce<T>(answer: T | Promise<T>): T {
  if (answer instanceof Promise) throw new Error('it had to wait');
  return answer;
}
const wide = { spendUs: 1_000, depthUs: 2 ** 30, mostUs: 2 ** 30 };
const states = (store: LimitStore, world: FileWorld): readonly KeyState[] => {
  const listing = atOnce(store.list(world.now()));
  if (listing.kind !== 'listed') throw new Error(listing.why);
  return listing.keys.toSorted((one, other) => (one.key < other.key ? -1 : 1));
};

/** Counts the calls of one function of node:fs, and may make the nth throw. */
function count(name: 'readSync' | 'writeSync', failing = 0): { calls: number } {
  const counter = { calls: 0 };
  const replacement =
    (original: Call): Call =>
    (...args) => {
      counter.calls += 1;
      if (counter.calls === failing) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return original(...args);
    };
  restores.push(replaceCall(name, replacement));
  return counter;
}

test('a call of three counts is one read and one write, and so is its end', async () => {
  const world = new FileWorld(lock);
  const store = world.open();
  const three = (lease: string) => [
    rate('a', wide),
    budget('b', world.now().wallMs, 3_600_000, 1, 99),
    place('c', lease, 4),
  ];
  store.settle(taken(atOnce(store.take(three('first'), world.now()))), REACHED, world.now());
  const [reads, writes] = [count('readSync'), count('writeSync')];
  const receipt = taken(atOnce(store.take(three('second'), world.now())));
  expect([reads.calls, writes.calls]).toEqual([1, 1]);
  store.settle(receipt, REACHED, world.now());
  expect([reads.calls, writes.calls]).toEqual([2, 2]);
  await world.close();
});

test('many keys, some on the page and some in the table, count as they do in memory, for all guards', async () => {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('take' as const),
        of: fc.uniqueArray(fc.nat(39), { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const), nth: fc.nat(5), reached: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 400, 1_000, 5_000) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const), of: fc.nat(39) }) },
  );
  const depth = { spendUs: 300_000, depthUs: 900_000, mostUs: 900_000 };
  const charge = (name: number, lease: string, wallMs: number): Charge => {
    if (name % 4 === 0) return place(`k${name}`, lease, 3, 3_000);
    return name % 4 === 1 ? budget(`k${name}`, wallMs, 3_600_000, 1, 4) : rate(`k${name}`, depth);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const world = new FileWorld(lock);
      const begun = world.now().wallMs;
      const memory = openMemoryLimitStore();
      const handles = [world.open(), world.open()];
      const open: (readonly [Receipt, Receipt])[] = [];
      for (const [nth, one] of steps.entries()) {
        const store = handles[nth % 2] ?? memory;
        if (one.do === 'pass') await world.pass(one.ms);
        if (one.do === 'take') {
          const charges = one.of.map((name) => charge(name, `n${nth}`, begun));
          const [mine, theirs] = [store, memory].map((each): Take => atOnce(each.take(charges, world.now())));
          if (mine?.kind === 'taken' && theirs?.kind === 'taken') open.push([mine.receipt, theirs.receipt]);
          else expect(mine).toEqual(theirs);
        }
        if (one.do === 'settle') {
          const [receipts] = open.splice(one.nth, 1);
          if (receipts === undefined) continue;
          store.settle(receipts[0], one.reached ? REACHED : UNREACHED, world.now());
          memory.settle(receipts[1], one.reached ? REACHED : UNREACHED, world.now());
        }
        if (one.do === 'reset')
          for (const each of [store, memory]) atOnce(each.reset([keyOf(`k${one.of}`)], world.now()));
      }
      expect(states(world.open(), world)).toEqual(states(memory, world));
      await world.close();
    }),
    { numRuns: 12 },
  );
});

describe('a write that fails', () => {
  /** More keys than the page holds, all idle by then: the next call has to put two of them back, and takes two new places. */
  const fill = async (): Promise<{ world: FileWorld; store: LimitStore }> => {
    const world = new FileWorld(lock);
    const store = world.open();
    for (let index = 0; index < MOST_FRONT; index += 1)
      taken(atOnce(store.take([rate(`k${index}`, { ...wide, spendUs: 2 ** 29 })], world.now())));
    await world.pass(2_000);
    return { world, store };
  };
  const two = [rate('new', wide), rate('newer', wide), rate('k0', wide)];

  test('undoes all of its call, whichever it was', async () => {
    for (let failing = 1; ; failing += 1) {
      const { world, store } = await fill();
      const before = states(store, world);
      const writes = count('writeSync', failing);
      const take = atOnce(store.take(two, world.now()));
      restores.pop()?.();
      if (writes.calls < failing) {
        expect(take.kind).toBe('taken');
        // Two go back, two get a place, and the page.
        expect(failing - 1).toBe(5);
        await world.close();
        return;
      }
      expect(take).toMatchObject({ kind: 'unavailable', why: 'EIO' });
      expect(states(world.open(), world)).toEqual(before);
      expect(atOnce(store.take(two, world.now())).kind).toBe('taken');
      expect(states(store, world)).toHaveLength(MOST_FRONT + 2);
      await world.close();
    }
  });

  test('a record whose place was lost finds another', async () => {
    const { world, store } = await fill();
    const bytes = fs.readFileSync(world.path);
    bytes.fill(0, FRONT_BYTES);
    fs.writeFileSync(world.path, bytes);
    taken(atOnce(store.take(two, world.now())));
    await world.pass(2_000);
    const many = Array.from({ length: MOST_FRONT }, (_, index) => rate(`other${index}`, wide));
    for (const one of many) taken(atOnce(store.take([one], world.now())));
    const labels = states(world.open(), world).map(({ label }) => label);
    for (const name of ['k1', 'k2']) expect(labels).toContain(name);
    await world.close();
  });
});

/** A name whose key would be given the place of `at`, were that free. */
function findRival(table: LimitTable, at: number | undefined): string {
  const names = Array.from({ length: 8_000 }, (_, index) => `r${index}`);
  const rival = names.find((name) => table.locate(keyOf(name)).at === at);
  if (rival === undefined) throw new Error('none of them has its home there');
  return rival;
}

test.each(['first', 'last'])(
  'a key that is new, asked %s, and one that is full again never come to share a place',
  async (order) => {
    const world = new FileWorld(lock);
    const store = world.open();
    const take = (...charges: readonly Charge[]) => taken(atOnce(store.take(charges, world.now())));
    take(rate('a', wide));
    await world.pass(2_000);
    // They take its place on the page.
    for (let index = 0; index < MOST_FRONT; index += 1) take(rate(`k${index}`, { ...wide, spendUs: 2 ** 29 }));
    const fd = fs.openSync(world.path, 'r');
    const table = new LimitTable(fd, () => false);
    table.begin({ us: 2 ** 40, wallMs: 0 }, fs.readFileSync(world.path).toString('hex', 56, 72));
    const rival = rate(findRival(table, table.locate(keyOf('a')).at), wide);
    fs.closeSync(fd);
    take(...(order === 'first' ? [rival, rate('a', wide)] : [rate('a', wide), rival]));
    expect(states(world.open(), world).map(({ label }) => label)).toEqual(expect.arrayContaining(['a', rival.label]));
    await world.close();
  },
);

test('the place of a record that stands on the page is nobody else’s, whatever its older copy says', async () => {
  const world = new FileWorld(lock);
  fs.writeFileSync(world.path, Buffer.alloc(FILE_BYTES));
  const fd = fs.openSync(world.path, 'r+');
  let kept: number | undefined;
  const table = new LimitTable(fd, (at) => at === kept);
  table.begin({ us: 1_000, wallMs: 0 }, 'salt');
  const { at } = table.locate(keyOf('a'));
  const bytes = Buffer.alloc(RECORD_BYTES);
  // Full again: it may leave.
  encodeRecord(bytes, 0, keyOf('a'), { kind: 'rate', label: 'a', tatUs: 0, givenUs: 0, depthUs: 1, unitUs: 1 }, 0);
  table.write(at ?? 0, bytes);
  const rival = keyOf(findRival(table, at));
  if (at === undefined) return;
  kept = at;
  expect(table.locate(rival).at).toBe(at + RECORD_BYTES);
  fs.closeSync(fd);
  await world.close();
});
