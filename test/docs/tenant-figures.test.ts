// What docs/tenants.md says of many tenants is what was measured, at the size that was promised, and within the bounds.
import { expect, test } from 'vitest';
import { read } from './prose.ts';

/** Of a start with one tenant in the config; as in test/e2e/tenant-many.test.ts. */
const MOST = 1.5;

const page = read('docs/tenants.md');
const table = page.slice(page.indexOf('<!-- many: '), page.indexOf('<!-- /many -->'));

/** The number of the row that begins so. */
function figure(row: string): number {
  const line = table.split('\n').find((one) => one.startsWith(`| ${row} |`));
  return Number(/\| ([\d.]+) \w+ \|$/.exec(line ?? '')?.[1] ?? Number.NaN);
}

test('200 tenants in the config, 50 at work: a start takes as long, and who is not at work costs next to nothing', () => {
  const one = figure('start, one tenant in the config');
  expect(one).toBeGreaterThan(0);
  for (const row of ['start, 200 tenants in the config', 'start, 200 in the config, 50 of them at work'])
    expect(figure(row)).toBeLessThanOrEqual(MOST * one);
  expect(figure('memory that a tenant without a session costs each guard')).toBeLessThanOrEqual(1024);
});
