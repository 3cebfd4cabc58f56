// Combines `servers.*.tools` of config and lock. A key that is the very name decides alone, else all patterns that match, the
// strictest of each setting; so a key more can widen as well as narrow, and each key is combined with what the *other* side
// means for the tools that it matches. INVARIANT: for every tool and setting the combined table resolves to no more than
// either side alone does (a property test compares all three).
import type { Json, JsonObject } from '../../wire/json.ts';
import { keysOf, listOf, memberOf, objectFrom, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { compilePattern } from '../pattern.ts';
import { type Difference, type KeyPath, rankIn } from './difference.ts';
import { APPROVALS } from './field-table.ts';
import { uniteLimits } from './limit-rules.ts';
import { readPinRule, writePinRule } from './pin-rules.ts';

/** One setting of a tool as a number, the smaller the narrower. */
interface Facet {
  readonly path: KeyPath;
  /** What an entry (of `tools`, or the server itself) states; undefined where it is silent. */
  readonly read: (entry: JsonObject) => number | undefined;
  /** What holds where the server is silent, too. */
  readonly absent: number;
}

const numberAt = (key: string, absent: number): Facet => ({
  path: ['deadline', key],
  read: (entry) => {
    const value = memberOf(memberOf(entry, 'deadline'), key);
    return typeof value === 'number' ? value : undefined;
  },
  absent,
});
const IDLE = numberAt('idleMs', Number.POSITIVE_INFINITY);
const HARD = numberAt('hardMs', 3_600_000);
const PIN_MODE: Facet = {
  path: ['pins', 'mode'],
  read: (entry) => readPinRule(memberOf(entry, 'pins')).rank,
  absent: 0,
};
const APPROVE: Facet = {
  path: ['approve'],
  read: (entry) => {
    const rank = rankIn(APPROVALS, memberOf(entry, 'approve'));
    return rank === -1 ? undefined : rank;
  },
  absent: APPROVALS.length - 1,
};
const ignoring = (field: string): Facet => ({
  path: ['pins', 'ignore'],
  read: (entry) => {
    const { ignored } = readPinRule(memberOf(entry, 'pins'));
    return ignored === undefined ? undefined : Number(ignored.has(field));
  },
  absent: 0,
});

/** @returns the combined table; undefined where neither side has one */
export function combineTools(
  path: KeyPath,
  config: JsonObject,
  lock: JsonObject,
  report: (difference: Difference) => void,
): JsonObject | undefined {
  const [ours, theirs] = [openTable(config), openTable(lock)];
  const keys = keysOf(ours.tools, theirs.tools);
  if (keys.length === 0) return undefined;
  return objectFrom(keys.map((key) => [key, combineEntry([...path, key], key, ours, theirs, report)]));
}

interface Table {
  readonly server: JsonObject;
  readonly tools: JsonObject;
  /** The entries whose pattern matches. */
  readonly matching: (name: string) => readonly JsonObject[];
}

function openTable(server: JsonObject): Table {
  const tools = objectOf(memberOf(server, 'tools'));
  const patterns = Object.keys(tools).map(compilePattern);
  const matching = (name: string): readonly JsonObject[] =>
    patterns.filter((one) => one.matches(name)).map(({ source }) => objectOf(memberOf(tools, source)));
  return { server, tools, matching };
}

/** What a facet comes to for the tool of this very name. */
function resolve(table: Table, facet: Facet, name: string): number {
  const exact = memberOf(table.tools, name);
  const entries = exact === undefined ? table.matching(name) : [objectOf(exact)];
  const stated = entries.flatMap((entry) => facet.read(entry) ?? []);
  return stated.length > 0 ? Math.min(...stated) : serverValue(table, facet);
}

function serverValue(table: Table, facet: Facet): number {
  return facet.read(table.server) ?? facet.absent;
}

/** Undefined where both sides have the key and both are silent: then their servers decide. */
function combineFacet(facet: Facet, key: string, ours: Table, theirs: Table): number | undefined {
  const sides = [ours, theirs];
  const stated = sides.map((side) => facet.read(objectOf(memberOf(side.tools, key))));
  const inBoth = sides.every((side) => Object.hasOwn(side.tools, key));
  if (inBoth && stated.every((value) => value === undefined)) return undefined;
  const isPattern = /[*?]/.test(key);
  const values = sides.flatMap((side, index) => [
    resolve(side, facet, key),
    // tools that this pattern matches and no key of this side does
    ...(isPattern && stated[index] === undefined ? [serverValue(side, facet)] : []),
  ]);
  const least = Math.min(...values);
  return Number.isFinite(least) ? least : undefined;
}

function combineEntry(
  path: KeyPath,
  key: string,
  ours: Table,
  theirs: Table,
  report: (difference: Difference) => void,
): JsonObject {
  const [config, lock] = [objectOf(memberOf(ours.tools, key)), objectOf(memberOf(theirs.tools, key))];
  const value = (facet: Facet): number | undefined => combineFacet(facet, key, ours, theirs);
  const fields = fieldsIn([ours.server, theirs.server, ...Object.values(ours.tools), ...Object.values(theirs.tools)]);
  for (const facet of [IDLE, HARD, PIN_MODE, APPROVE, ...fields.map(ignoring)]) {
    const [mine, approved] = [resolve(ours, facet, key), resolve(theirs, facet, key)];
    if (mine === approved) continue;
    const [before, after] = [lock, config].map((entry) => writtenAt(entry, facet.path));
    report({ path: [...path, ...facet.path], direction: mine > approved ? 'wider' : 'narrower', before, after });
  }
  const rank = value(APPROVE);
  const ignored = fields.map((field) => value(ignoring(field)));
  const isStated = ignored.some((one) => one !== undefined);
  const rest = keysOf(config, lock).filter((name) => !['deadline', 'pins', 'approve', 'limits'].includes(name));
  for (const name of rest) {
    const [before, after] = [memberOf(lock, name), memberOf(config, name)];
    if (!isSameJson(before, after)) report({ path: [...path, name], direction: 'changed', before, after });
  }
  return objectFrom([
    ...rest.map((name) => [name, memberOf(lock, name)] as const),
    ['deadline', writeDeadline(value(IDLE), value(HARD), ours, theirs)],
    ['limits', combineLimits(path, key, ours, theirs, report)],
    ['pins', writePinRule(value(PIN_MODE), isStated ? fields.filter((_, index) => ignored[index] === 1) : undefined)],
    ['approve', rank === undefined || rank === APPROVE.absent ? undefined : APPROVALS[rank]],
  ]);
}

/** As it was written; `pins: "off"` is its mode. */
function writtenAt(entry: JsonObject, path: KeyPath): Json | undefined {
  const pins = memberOf(entry, 'pins');
  if (path[0] === 'pins' && typeof pins === 'string') return path[1] === 'mode' ? pins : undefined;
  return path.reduce<Json | undefined>(memberOf, entry);
}

/** Every field that any `pins` of either side ignores. */
function fieldsIn(entries: readonly (Json | undefined)[]): readonly string[] {
  const rules = entries.map((entry) => readPinRule(memberOf(entry, 'pins')));
  return [...new Set(rules.flatMap(({ ignored }) => [...(ignored ?? [])]))];
}

function writeDeadline(
  idle: number | undefined,
  hard: number | undefined,
  ours: Table,
  theirs: Table,
): Json | undefined {
  if (idle === undefined && hard === undefined) return undefined;
  const longest = hard ?? Math.min(serverValue(ours, HARD), serverValue(theirs, HARD));
  return objectFrom([
    // a longer `idleMs` than `hardMs` is no legal config and means `hardMs`
    ['idleMs', idle === undefined ? undefined : Math.min(idle, longest)],
    ['hardMs', hard],
  ]);
}

/** All that either side states for this key, and for a side without the key all that its patterns state for this name. */
function combineLimits(
  path: KeyPath,
  key: string,
  ours: Table,
  theirs: Table,
  report: (difference: Difference) => void,
): Json | undefined {
  const limitsOf = (side: Table): readonly Json[] => {
    const own = memberOf(side.tools, key);
    return (own === undefined ? side.matching(key) : [own]).flatMap((entry) => listOf(memberOf(entry, 'limits')));
  };
  const all = uniteLimits(limitsOf(ours), limitsOf(theirs), (direction, before, after) =>
    report({ path: [...path, 'limits'], direction, before, after }),
  );
  return all.length === 0 ? undefined : all;
}
