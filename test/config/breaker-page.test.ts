// docs/breaker.md says of each key what the code says: where it may stand, its values, its defaults.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createBreakerLookup } from '../../src/config/breaker-lookup.ts';
import { listKeyPaths } from '../../src/config/known-keys.ts';
import {
  type Range,
  SERVER_DEFAULTS,
  SETTING_RANGES,
  SETTING_WORDS,
  SLOW_CALL_RANGES,
  TOOL_DEFAULTS,
} from '../../src/policy/breaker/breaker-settings.ts';
import { BULKHEAD_RANGES, MOST_WAITING } from '../../src/policy/bulkhead/bulkhead-settings.ts';

const page = readFileSync(new URL('../../docs/breaker.md', import.meta.url), 'utf8');
const section = (title: string): string => page.split('\n## ').find((text) => text.startsWith(title)) ?? '';
const rows = [...section('Configuration').matchAll(/^\| `([\w.]+)` \| (.+) \| (.+) \| (.+) \| .+ \|$/gm)].map(
  ([, ...cells]) => cells,
);

const bare = createBreakerLookup(undefined);
const below = (block: string): string[] =>
  listKeyPaths()
    .filter((path) => path.startsWith(`${block}.`))
    .map((path) => path.slice(block.length + 1));
const RANGES = new Map<string, Range>([
  ...Object.entries(SETTING_RANGES),
  ...Object.entries(BULKHEAD_RANGES),
  ...Object.entries(SLOW_CALL_RANGES).map(([key, range]) => [`slowCall.${key}`, range] as const),
]);

function valuesOf(key: string): string {
  const range = RANGES.get(key);
  if (range !== undefined) return `${range.min} to ${range.max}`;
  if (key === 'mode' || key === 'countToolErrors' || key === 'share')
    return SETTING_WORDS[key].map((word) => `\`${word}\``).join(', ');
  return key === 'hide' ? '`true`, `false`' : '`{ afterMs, rate }`';
}

function defaultOf(key: string, settings: object, caps: object): string {
  if (key.startsWith('slowCall.')) return '-';
  const value: unknown = { ...settings, ...caps }[key as never];
  if (value === undefined) return key === 'maxInFlight' ? 'a share' : 'off';
  return typeof value === 'number' ? String(value) : `\`${value}\``;
}

test('has a row for each key, with its values and defaults', () => {
  const ofTool = below('breaker').filter((key) => !key.startsWith('server'));
  const ofServer = below('breaker.server');
  const wanted = [...new Set([...ofTool, ...ofServer])].map((key) => [
    key,
    valuesOf(key),
    ofTool.includes(key) ? defaultOf(key, TOOL_DEFAULTS, bare.bulkhead.toolSettings('db', 'q')) : '-',
    !ofServer.includes(key)
      ? '-'
      : key === 'mode' || key === 'share'
        ? `the block's \`${key}\`, else \`${SERVER_DEFAULTS[key]}\``
        : defaultOf(key, SERVER_DEFAULTS, bare.bulkhead.serverSettings('db')),
  ]);
  const byKey = (left: unknown[], right: unknown[]): number => String(left[0]).localeCompare(String(right[0]));
  expect(rows.toSorted(byKey)).toEqual(wanted.toSorted(byKey));
  expect(rows).toHaveLength(24);
});

test('a block of a server is that of the top level; a block of a tool has no `server`', () => {
  expect(below('servers.*.breaker')).toEqual(below('breaker'));
  expect(below('servers.*.tools.*.breaker')).toEqual(
    below('breaker').filter((key) => key !== 'server' && !key.startsWith('server.')),
  );
});

test('every setting of a breaker can be written', () => {
  const settings = Object.keys(TOOL_DEFAULTS);
  const keys = [...below('breaker'), ...below('breaker.server')];
  expect(settings.filter((key) => !keys.includes(key))).toEqual([]);
});

test('the numbers of the bulkhead', () => {
  const text = section('Calls in flight');
  expect(text).toContain(`\`server.maxInFlight\` places (${bare.bulkhead.serverSettings('db').maxInFlight})`);
  expect(text).toContain(`\`maxWaitMs\` (${bare.bulkhead.toolSettings('db', 'q').maxWaitMs / 1000} s)`);
  expect(text).toContain(`At most ${MOST_WAITING} calls wait`);
});
