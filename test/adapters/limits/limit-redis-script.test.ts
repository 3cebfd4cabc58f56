// The script counts as the reference does (policy/limits/counts.ts, in the memory store): whatever is asked of both, at one time and
// in one order, they answer the same. The script's clock is the test's here.
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { limitScript } from '../../../src/adapters/limit-redis-script.ts';
import {
  askAbout,
  askRenew,
  askSettle,
  askTake,
  nameKeys,
  type Question,
  readStates,
  readTake,
} from '../../../src/adapters/limit-redis-words.ts';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import type { CallEnd, Charge, KeyState, Receipt } from '../../../src/ports/limit-store.ts';
import { budget, keyOf, place, rate } from './contract.ts';
import { openRawRedis } from './redis-client.ts';
import { findRedisServer, NO_REDIS, RedisServer } from './redis-server.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);
const MOST_KEYS = 1_000;
const NAMES = ['r1', 'r2', 'b', 'p'];
/** Ahead of the server's real clock, so that nothing expires by that. */
const START_MS = 3_600_000;
const WINDOW_MS = 700;

const spend = fc.constantFrom(0.5, 1, 1.5, 3).map((units) => units * 100_000);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('take' as const), spend, of: fc.subarray(NAMES, { minLength: 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('settle' as const), nth: fc.nat(5), reached: fc.boolean(), paid: spend }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('renew' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      us: fc.constantFrom(0, 1, 999, 33_333, 100_000, 450_000),
    }),
  },
);

describe.skipIf(program === undefined)('the script', async () => {
  if (program === undefined) return;
  const server = await RedisServer.start(program);
  const raw = await openRawRedis(server.url);
  afterAll(async () => {
    raw.close();
    await server.remove();
  });
  // The last two words are the time.
  const body = limitScript(MOST_KEYS).replace("redis.call('TIME')", '{ ARGV[#ARGV - 1], ARGV[#ARGV] }');
  const begun = Math.floor(Date.now() / 1_000) * 1_000 + START_MS;
  let runs = 0;

  function chargeOf(name: string, spendUs: number, nth: number): Charge {
    const depth = { spendUs, depthUs: 200_000, mostUs: 900_000, unitUs: 100_000 };
    if (name === 'b') return { ...budget(name, begun, WINDOW_MS, spendUs / 50_000, 20), ...windowsFrom() };
    return name === 'p' ? place(name, `n${nth}`, 2, 500) : rate(name, depth);
  }
  function windowOf(index: number) {
    return { startMs: begun + index * WINDOW_MS, endMs: begun + (index + 1) * WINDOW_MS };
  }
  function windowsFrom() {
    return { windows: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(windowOf) };
  }

  test('answers as the reference does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (steps) => {
        runs += 1;
        const names = nameKeys(`script-${runs}`);
        const memory = openMemoryLimitStore();
        let us = begun * 1_000;
        const now = () => ({ monoMs: us / 1_000, wallMs: Math.floor(us / 1_000) });
        const run = ({ keys, words }: Question): Promise<unknown> => {
          const time = [String(Math.floor(us / 1e6)), String(us % 1e6)];
          return raw.send('EVAL', body, String(keys.length), ...keys, ...words, ...time);
        };
        const open: Receipt[] = [];
        for (const [nth, one] of steps.entries()) {
          if (one.do === 'pass') us += one.us;
          if (one.do === 'take') {
            const charges = one.of.map((name) => chargeOf(name, one.spend, nth));
            const mine = readTake(await run(askTake(names, charges)), charges, MOST_KEYS);
            expect(mine).toEqual(await memory.take(charges, now()));
            if (mine.kind === 'taken') open.push(mine.receipt);
          }
          if (one.do === 'settle') {
            const [receipt] = open.splice(one.nth, 1);
            if (receipt === undefined) continue;
            const paid = receipt.charges.filter((charge) => charge.kind === 'rate').slice(0, 1);
            const postPaid = one.reached ? paid.map((charge) => ({ ...charge, spendUs: one.paid })) : [];
            const end: CallEnd = { reached: one.reached, postPaid };
            const question = askSettle(names, receipt, end);
            if (question !== undefined) await run(question);
            memory.settle(receipt, end, now());
          }
          if (one.do === 'renew') {
            const question = askRenew(names, open);
            if (question !== undefined) await run(question);
            memory.renew(open, now());
          }
          if (one.do === 'reset') {
            const count = await run(askAbout(names, 'reset', NAMES.map(keyOf)));
            expect({ kind: 'reset', count }).toEqual(memory.reset(undefined, now()));
          }
          const listing = await memory.list(now());
          const theirs = listing.kind === 'listed' ? listing.keys : [];
          expect(byKey(readStates(await run(askAbout(names, 'list', NAMES.map(keyOf)))))).toEqual(byKey(theirs));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('answers about budgets as the reference does, however the clock is set', async () => {
    const jump = fc.record({
      by: fc.integer({ min: -5, max: 3 }),
      us: fc.nat(300_000),
      cost: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(jump, { minLength: 3, maxLength: 30 }), async (jumps) => {
        runs += 1;
        const names = nameKeys(`script-${runs}`);
        const memory = openMemoryLimitStore();
        let us = begun * 1_000 + 4 * WINDOW_MS * 1_000;
        for (const { by, us: more, cost } of jumps) {
          us = Math.max(begun * 1_000, us + by * WINDOW_MS * 1_000 + more);
          const at = Math.floor((us / 1_000 - begun) / WINDOW_MS);
          const windows = [at - 1, at, at + 1].map(windowOf);
          const charges: readonly Charge[] = [{ ...budget('b', begun, WINDOW_MS, cost, 4), windows }];
          const { keys, words } = askTake(names, charges);
          const time = [String(Math.floor(us / 1e6)), String(us % 1e6)];
          const reply = await raw.send('EVAL', body, String(keys.length), ...keys, ...words, ...time);
          const now = { monoMs: us / 1_000, wallMs: Math.floor(us / 1_000) };
          expect(readTake(reply, charges, MOST_KEYS)).toEqual(memory.take(charges, now));
        }
      }),
      { numRuns: 60 },
    );
  });
});

function byKey(states: readonly KeyState[]): readonly KeyState[] {
  return states.toSorted((one, other) => (one.key < other.key ? -1 : 1));
}
