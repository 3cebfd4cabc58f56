// One tenant beside another that is at work, crashes, has no room, is switched off or waits for its store: its calls go on. Whether they
// take at most twice as long is for bench/tenant-fairness.mjs to say, on a machine that does nothing else.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const BENCH = fileURLToPath(new URL('../../bench/tenant-fairness.mjs', import.meta.url));

interface Found {
  readonly name: string;
  readonly ratio: number;
  /** What came of the other tenant's calls, by reason. */
  readonly counts: Readonly<Record<string, number>>;
}

test('p99 beside each of them stays within 10×: nobody is starved', { timeout: 150_000 }, async () => {
  // what is beyond the bound is its exit status, too
  const { stdout } = await promisify(execFile)(process.execPath, [BENCH, '--short', '--json']).catch((error) => error);
  const found = JSON.parse(stdout) as readonly Found[]; // as the script writes it
  for (const { name, ratio } of found) process.stdout.write(`beside ${name}: p99 × ${ratio.toFixed(2)}\n`);
  const words = Object.fromEntries(found.map(({ name, counts }) => [name, Object.keys(counts)]));
  // each of them was in the state that it is called by, and at work
  expect(words).toEqual({
    busy: ['result'],
    crashing: [expect.stringMatching(/^server_exited$|^ended$/)],
    full: ['audit_unavailable'],
    isolated: ['breaker_open'],
    waiting: expect.any(Array),
  });
  for (const { name, counts } of found)
    if (name !== 'waiting') expect(Object.values(counts).reduce((sum, one) => sum + one, 0)).toBeGreaterThan(2);
  expect(found.filter(({ ratio }) => ratio > 10)).toEqual([]);
});
