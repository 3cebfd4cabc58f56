// What limits add to a call that they admit: the interceptor over its store, in memory and in the shared file, asked and told of
// each end as the session does. Prints medians and fails above the budget.
//
//   node bench/limits-cost.mjs [CALLS]
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLock, unlock } from 'fs-native-extensions';
import { loadTypeScript } from './typescript.mjs';

/** µs at the median: a call under one rate; in the file, under three counts, too. */
const BUDGETS_US = { memory: 2, file: 20 };
const ENDED = { settlement: 'result', durationMs: 1, heard: true, answerBytes: 100 };
const [calls = 20_000] = process.argv.slice(2).map(Number);

const { LimitSet, createLimits, createSaltSource, openFileLimitStore, openMemoryLimitStore, readLimit, systemClock } =
  await loadTypeScript(
    'src/policy/limits/limit-set.ts',
    'src/policy/limits/limits.ts',
    'src/adapters/limit-store-file.ts',
    'src/adapters/limit-store-memory.ts',
    'src/config/compile-limits.ts',
    'src/adapters/system-clock.ts',
    'src/adapters/sha256-digest.ts',
  );
const random = createSaltSource();
const directory = mkdtempSync(join(tmpdir(), 'mcp-guard-bench-'));
const stores = {
  memory: openMemoryLimitStore(),
  file: openFileLimitStore({
    directory,
    kernelLock: { tryLock: (fd) => tryLock(fd, 2 ** 30, 1), unlock: (fd) => unlock(fd, 2 ** 30, 1) },
    moment: () => ({ ...systemClock.now(), bootId: 'bench' }),
    delay: () => Promise.reject(new Error('somebody else has the lock')),
    say: (text) => console.error(text),
  }),
};
const RATE = { key: ['principal', 'tool'], rate: '10000/s', burst: 1_000_000 };
const MORE = [
  RATE,
  { key: ['tenant'], budget: { calls: 1_000_000, per: 'day', timeZone: 'UTC' } },
  { key: ['server'], concurrency: 8 },
];
const CASES = { 'one rate': [RATE], 'a rate, a budget and places': MORE };

function measure(store, written) {
  const set = new LimitSet(
    written.map((one, index) => readLimit(one, `limits[${index}]`, undefined, undefined)),
    (text) => createHash('sha256').update(text).digest('hex'),
  );
  const limits = createLimits({
    set: () => set,
    store: () => store,
    who: { tenant: 'default', principal: 'local:bench' },
    model: { operator: undefined, metaPaths: [] },
    lease: () => random().slice(0, 24),
    resume: () => {},
  });
  const asked = [];
  const ended = [];
  for (let index = 0; index < calls; index += 1) {
    const request = {
      asked: 'client',
      upstream: 'srv',
      method: 'tools/call',
      tool: `tool-${index % 10}`,
      modern: false,
      bytes: 150,
    };
    const now = systemClock.now();
    const from = performance.now();
    const { kind } = limits.onRequest(request, now);
    const taken = performance.now();
    if (kind !== 'pass') throw new Error(`a call was answered with ${kind}`);
    limits.onSent(request, now);
    limits.onSettle(request, ENDED, now);
    asked.push(taken - from);
    ended.push(performance.now() - taken);
  }
  return { asked: quantiles(asked), ended: quantiles(ended) };
}

function quantiles(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => (sorted[Math.floor(sorted.length * share)] ?? 0) * 1_000;
  return { p50: at(0.5), p99: at(0.99) };
}

try {
  for (const [kind, store] of Object.entries(stores)) {
    for (const [name, written] of Object.entries(CASES)) {
      measure(store, written);
      const { asked, ended } = measure(store, written);
      const show = ({ p50, p99 }) => `p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)} µs`;
      console.log(`${kind}, ${name}: asked ${show(asked)}; ended ${show(ended)}`);
      if ((name === 'one rate' || kind === 'file') && asked.p50 > BUDGETS_US[kind]) process.exitCode = 1;
    }
  }
} finally {
  stores.file.close();
  rmSync(directory, { recursive: true, force: true });
}
