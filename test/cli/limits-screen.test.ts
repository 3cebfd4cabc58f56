// The counts as a person sees them in a narrow terminal and as a script reads them from a stream: rows that differ in their subject alone
// are told apart, and each look of `--watch` says when it was.
import { expect, test } from 'vitest';
import { openMemoryLimitStore } from '../../src/adapters/limit-store-memory.ts';
import { formatLimits, type LimitRow } from '../../src/cli/limits-screen.ts';
import { runLimitsStatus } from '../../src/cli/limits-status.ts';
import { makePaint } from '../../src/cli/render.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { rate } from '../adapters/limits/contract.ts';
import { ManualTime } from '../adapters/limits/manual-time.ts';
import { openScreen } from './screen.ts';

const rowOf = (tool: string): LimitRow => ({
  ...{ key: tool, limit: 'servers.everything.limits[0].rate', kind: 'rate', used: 2, left: 1, resetsInMs: 2_000 },
  subject: { tenant: 'default', principal: 'local:root', client: 'claude-code', tool },
});
const formatRows = (columns: number) =>
  formatLimits(['echo', 'get-sum', 'trigger-x'].map(rowOf), columns, makePaint(false));

test.each([20, 40, 80, 120])('at %d columns each row names its whole subject', (columns) => {
  const lines = formatRows(columns);
  for (const line of lines) expect(measureText(line)).toBeLessThanOrEqual(columns);
  for (const tool of ['echo', 'get-sum', 'trigger-x'])
    expect(lines.join('').replaceAll(' ', '')).toContain(`tool=${tool}`);
});

test('where there is room a row is one line, as wide as it is', () => {
  expect(formatRows(Number.POSITIVE_INFINITY)).toHaveLength(4);
  expect(formatRows(200)[1]).toMatch(/ 2 +1 +2 s tenant=default .* tool=echo$/);
});

/** Two looks, a second apart, into a pipe. */
async function watch(json: boolean): Promise<string> {
  const time = new ManualTime();
  const store = openMemoryLimitStore();
  store.take([rate('a', { label: 'limits[0].rate tool=echo' })], time.now());
  const screen = openScreen(80);
  let looks = 0;
  await runLimitsStatus(
    { tenant: 'default', watch: true, json },
    screen.io,
    { store, now: () => time.now(), place: '/state', mend: 'mend it' },
    {
      size: () => undefined,
      tick: async () => {
        await time.pass(500);
        looks += 1;
        return looks < 2;
      },
    },
  );
  return screen.out();
}

test('`--watch` into a pipe says when it looked, with a blank line between', async () => {
  const [one = '', other = '', rest] = (await watch(false)).split('\n\n');
  const [first, second] = [one, other].map(
    (block) => /^-- (\S+Z)\nlimit .*\nlimits\[0\]\.rate .* tool=echo$/.exec(block)?.[1],
  );
  expect(Date.parse(second ?? '') - Date.parse(first ?? '')).toBe(500);
  expect(rest).toBe('');
});

test('`--watch --json` is one stream of objects, each with the time of its look and what is left', async () => {
  const rows = (await watch(true))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows).toHaveLength(2);
  expect(Date.parse(rows[1].at) - Date.parse(rows[0].at)).toBe(500);
  expect(rows.map(({ limit, subject, used, resetsInMs }) => ({ limit, subject, used, resetsInMs }))).toEqual([
    { limit: 'limits[0].rate', subject: { tool: 'echo' }, used: 1, resetsInMs: 1_000 },
    { limit: 'limits[0].rate', subject: { tool: 'echo' }, used: 1, resetsInMs: 500 },
  ]);
});
