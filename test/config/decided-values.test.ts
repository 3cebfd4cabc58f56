// Of each key of a ceiling that holds a value: where it takes something back from a config, that is told with who did it.
import { describe, expect, test } from 'vitest';
import { compileCeiling } from '../../src/config/compile-ceiling.ts';
import { listDecided } from '../../src/config/decided-values.ts';
import { listKeyPaths } from '../../src/config/known-keys.ts';
import type { Restriction } from '../../src/config/restriction.ts';
import { buildCeilingJsonSchema } from '../../src/config/schema-ceiling.ts';
import type { Json, JsonObject } from '../../src/wire/json.ts';
import { isJsonObject, memberOf, objectOf } from '../../src/wire/json.ts';
import { policyOf } from './compiled.ts';

const BY = '/etc/c.json';

/** What is no value that a config has, too. */
const NO_VALUES: readonly string[] = [
  '$schema',
  'version',
  // rules and scopes: `scope show` says which grants come to nothing
  ...['deny', 'scopes', 'servers.*.deny', 'servers.*.scope'],
  // beside those of the config, which go on to hold
  'limits',
  // said by what they refuse: they decide about an approval, and about no call
  ...['lock', 'approvers'],
];

/** A key of the ceiling, its value there and in the config, which is looser; the path that is told where it is another. */
type Row = readonly [key: string, strict: Json, loose: Json, told?: string];

const BREAKER: readonly Row[] = [
  ['mode', 'enforce', 'off'],
  ['samples', 90, 30],
  ['maxAgeMs', 900_000, 1000],
  ['minimum', 2, 9],
  ['faultRate', 0.1, 0.9],
  ['consecutiveFaults', 2, 9],
  ['openMs', 90_000, 1000],
  ['maxOpenMs', 900_000, 50_000],
  ['jitter', 0.1, 0.5],
  ['forgetAfterMs', 900_000, 1000],
  ['successesToClose', 5, 1],
  ['leaseMs', 90_000, 1000],
  ['slowCall.afterMs', 500, 5000],
  ['slowCall.rate', 0.2, 0.9],
  ['maxInFlight', 3, 30],
];
const OF_TOOL: readonly Row[] = [
  ...BREAKER,
  ['toolErrorRate', 0.1, 0.9],
  ['toolErrorMinimum', 2, 9],
  ['countToolErrors', 'always', 'never'],
  ['hide', true, false],
  ['maxWaitMs', 5, 500],
];
const OF_SERVER: readonly Row[] = [...BREAKER, ['escalateTools', 2, 9], ['escalateShare', 0.1, 0.9]];
const DEADLINE: readonly Row[] = [
  ['deadline.idleMs', 5, 500],
  ['deadline.hardMs', 50, 5000],
];
const under = (at: string, rows: readonly Row[], told = at): readonly Row[] =>
  rows.map(([key, strict, loose]) => [`${at}.${key}`, strict, loose, `${told}.${key}`]);

const ROWS: readonly Row[] = [
  ['unlisted', 'deny', 'observe'],
  ['strict', 'payload', 'envelope'],
  ['maxLineBytes', 65_536, 70_000],
  ['audit.payload', 'full', 'off'],
  ['audit.maxBytes', 9_000_000_000, 2_000_000_000],
  ['audit.maxAgeDays', 90, 3],
  ['audit.onFailure', 'deny', 'allow-and-count'],
  ['audit.sync', 'always', 'group'],
  ['servers.*.mode', 'enforce', 'observe'],
  ['servers.*.pins', 'deny', 'off', 'servers.*.pins.mode'],
  ['servers.*.pins.mode', 'deny', 'warn'],
  ['servers.*.pins.ignore', [], ['annotations', 'title']],
  ['servers.*.isolation.required', 'L2', 'L1'],
  ...under('servers.*', DEADLINE),
  ...under('servers.*.tools.*', DEADLINE),
  ...under('servers.*.breaker', OF_TOOL),
  ...under('servers.*.breaker.server', OF_SERVER),
  ...under('servers.*.tools.*.breaker', OF_TOOL),
  ...under('breaker', OF_TOOL, 'servers.*.breaker'),
  ...under('breaker.server', OF_SERVER, 'servers.*.breaker.server'),
];

/** Of a server `files` and its tool `wipe`. */
const NAMES = ['files', 'wipe'];
const nameIn = (path: string): readonly string[] => {
  const names = [...NAMES];
  return path.split('.').map((part) => (part === '*' ? (names.shift() ?? '') : part));
};

function put(path: readonly string[], value: Json, into: JsonObject = {}): JsonObject {
  const [first = '', ...rest] = path;
  return { ...into, [first]: rest.length === 0 ? value : put(rest, value, objectOf(memberOf(into, first))) };
}

function ceilingOf(document: JsonObject): readonly Restriction[] {
  const compiled = compileCeiling({
    document: { version: 1, ...document },
    by: BY,
    word: 'ceiling',
    portsFor: undefined,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  return compiled.ceiling.restrictions;
}

const BARE = put(['servers', 'files', 'command'], 'x', { version: 1 });

function told(config: JsonObject, ceiling: JsonObject) {
  return listDecided({
    policy: policyOf(config),
    restrictions: ceilingOf(ceiling),
    serverDocument: (id) => objectOf(memberOf(memberOf(config, 'servers'), id)),
  });
}

/** What goes with a value for the config, or the ceiling, to be legal. */
function beside(key: string, document: JsonObject): JsonObject {
  const [start] = key.split('.slowCall.');
  if (!key.includes('.slowCall.')) return document;
  const whole = put(nameIn(`${start}.slowCall.afterMs`), 5000, put(nameIn(`${start}.slowCall.rate`), 0.9));
  const at = nameIn(key);
  const value = at.reduce<Json | undefined>((node, part) => memberOf(node, part), document);
  return put(at, value ?? null, merge(whole, document));
}

function merge(one: JsonObject, other: JsonObject): JsonObject {
  const entries = Object.entries(other).map(([key, value]): [string, Json] => {
    const known = memberOf(one, key);
    const isBoth = isJsonObject(known) && isJsonObject(value);
    return [key, isBoth ? merge(known, value) : (value ?? null)];
  });
  return { ...one, ...Object.fromEntries(entries) };
}

test('every key of the schema holds a value of which there is a row, or none', () => {
  const paths = listKeyPaths(buildCeilingJsonSchema());
  const isNoValue = (path: string): boolean => NO_VALUES.some((one) => path === one || path.startsWith(`${one}.`));
  const leaves = paths.filter((path) => !paths.some((other) => other.startsWith(`${path}.`)));
  const rows = ROWS.map(([key]) => key);
  expect(leaves.filter((path) => !isNoValue(path) && !rows.includes(path))).toEqual([]);
  expect(rows.filter((row) => !paths.includes(row))).toEqual([]);
  expect(rows.length).toBeGreaterThan(90);
});

test.each(ROWS.map(([key, strict, loose, told = key]) => [key, strict, loose, told] as const))('%s', (...row) => {
  const [key, strict, loose, path] = row;
  const config = beside(key, put(nameIn(key), loose, BARE));
  const ceiling = beside(key, put(nameIn(key), strict));
  const shown = (value: Json): string | number =>
    Array.isArray(value)
      ? value.map(String).sort().join(', ') || 'nothing'
      : typeof value === 'number'
        ? value
        : String(value);
  const at = nameIn(path).join('.');
  const found = told(config, ceiling).filter((one) => one.path === at);
  expect(found).toEqual([{ path: at, was: shown(loose), is: shown(strict), by: BY }]);
  // what is as strict already is nobody's decision
  const same = told(beside(key, put(nameIn(key), strict, BARE)), ceiling);
  expect(same.filter((one) => one.path === at)).toEqual([]);
});

describe('who, and once', () => {
  const at = (...path: readonly string[]) => ['servers', 'files', ...path];

  test('a config that is as strict is told nothing', () => {
    const strict = put(at('pins'), 'deny', put(at('breaker', 'openMs'), 90_000, BARE));
    expect(told(strict, { servers: { '*': { pins: 'deny', breaker: { openMs: 60_000 } } } })).toEqual([]);
  });

  test('what a tool has of its server is told of the server alone', () => {
    const config = put(at('tools', 'wipe', 'deadline', 'hardMs'), 9000, put(at('deadline', 'hardMs'), 8000, BARE));
    const paths = told(config, { servers: { '*': { breaker: { openMs: 60_000 }, deadline: { hardMs: 5000 } } } }).map(
      ({ path, was }) => [path, was],
    );
    expect(paths).toEqual([
      ['servers.files.deadline.hardMs', 8000],
      ['servers.files.breaker.openMs', 30_000],
      ['servers.files.tools.wipe.deadline.hardMs', 9000],
    ]);
  });

  test('a tool that has pins of its own', () => {
    const config = put(at('tools', 'wipe', 'pins'), 'off', put(at('tools', 'read', 'pins'), 'deny', BARE));
    expect(told(config, { servers: { '*': { pins: 'warn' } } })).toEqual([
      { path: 'servers.files.tools.wipe.pins.mode', was: 'off', is: 'warn', by: BY },
    ]);
  });

  test('each voice by its own name, on what the one before it left', () => {
    const two = (by: string, openMs: number): Restriction => ({
      by,
      ofServer: () => ({ breaker: { tools: { openMs }, server: {} } }),
    });
    const decided = listDecided({
      policy: policyOf(BARE),
      restrictions: [two('one', 60_000), two('two', 90_000), two('three', 70_000)],
      serverDocument: () => ({}),
    });
    expect(decided.map(({ was, is, by }) => [was, is, by])).toEqual([
      [30_000, 60_000, 'one'],
      [60_000, 90_000, 'two'],
    ]);
  });
});
