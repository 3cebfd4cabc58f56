// What docs/tenants.md says of many tenants is what was measured, at the size that was promised, and within the bounds.
import { expect, test } from 'vitest';
import { read } from './prose.ts';

/** Of a start with one tenant in the config, in CPU: the times are those of a machine that does other things. As in test/e2e/tenant-many.test.ts. */
const MOST = 1.35;

const page = read('docs/tenants.md');
const figures = page.slice(page.indexOf('<!-- many: '), page.indexOf('<!-- /many -->'));

/** The last column of the row that begins so: ms of CPU. */
function cpuOf(row: string): number {
  const line = figures.split('\n').find((one) => one.startsWith(`| ${row} |`));
  return Number(/\| (\d+) \|$/.exec(line ?? '')?.[1] ?? Number.NaN);
}

test('200 tenants in the config, 50 in a session: a start works as much, and who is not at work costs next to nothing', () => {
  const one = cpuOf('one tenant in the config');
  expect(one).toBeGreaterThan(0);
  const others = ['200 in the config, in turns with that', 'and 50 sessions of others that wait'];
  for (const row of [...others, 'those stopped (SIGSTOP), in turns with that'])
    expect(cpuOf(row)).toBeLessThanOrEqual(MOST * one);
  const kib = /a tenant without one costs each\s+guard ([\d.]+) KiB/.exec(figures)?.[1];
  expect(Number(kib)).toBeLessThanOrEqual(1024);
});
