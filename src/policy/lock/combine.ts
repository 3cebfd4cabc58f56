// From what the config says and what the lock holds to what applies: of each key the narrower, by the rules of field-table.ts.
// Pure; knows no file, no signature and nothing of what a key means. What is evaluated as two layers (scopes) stays the
// config's here; the lock's is the other layer.
import type { Json, JsonObject } from '../../wire/json.ts';
import { keysOf, listOf, memberOf, objectFrom, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { sortedJson } from '../../wire/sorted-json.ts';
import { combineAuth } from './auth-rules.ts';
import { type Difference, type KeyPath, rankIn } from './difference.ts';
import { DOCUMENT_FIELDS, type FieldRule, type Fields } from './field-table.ts';
import { uniteLimits } from './limit-rules.ts';
import { isWithin, narrowReach, readReach } from './network-reach.ts';
import { combinePins } from './pin-rules.ts';
import { combineTools } from './tool-table.ts';

export interface Combination {
  /** A config as legal as its two sources; compile it like one. Scopes and the names of scopes are the config's. */
  readonly document: JsonObject;
  /** Servers that must not start, each with why: an entry of its own, or a structural key. */
  readonly blocked: ReadonlyMap<string, readonly Difference[]>;
  readonly differences: readonly Difference[];
}

type Report = (difference: Difference) => void;

/** INVARIANT: the document permits nothing that `config` or `lock` does not permit alone. */
export function combineDocuments(config: JsonObject, lock: JsonObject): Combination {
  const differences: Difference[] = [];
  const report: Report = (difference) => differences.push(difference);
  const combined = combineFields([], DOCUMENT_FIELDS, fillUnlisted(config), fillUnlisted(lock), report);
  // A server that only the lock lists would run unscoped where unlisted commands are observed: until that is approved, none are.
  const isLost = ({ path, after }: Difference): boolean =>
    path.length === 2 && path[0] === 'servers' && after === undefined;
  const isExposed = combined.unlisted === 'observe' && differences.some(isLost);
  const blocked = new Map<string, Difference[]>();
  for (const difference of differences) {
    const [, server] = difference.path;
    if (difference.direction !== 'blocked' || server === undefined) continue;
    blocked.set(server, [...(blocked.get(server) ?? []), difference]);
  }
  return {
    document: isExposed ? { ...combined, unlisted: 'deny' } : combined,
    blocked,
    differences: differences.map((one) => (isExposed && isLost(one) ? { ...one, direction: 'wider' } : one)),
  };
}

/** `unlisted` with its default, which is `deny` as soon as a server is listed. */
export function fillUnlisted(document: JsonObject): JsonObject {
  const isListing = Object.keys(objectOf(memberOf(document, 'servers'))).length > 0;
  return { ...document, unlisted: memberOf(document, 'unlisted') ?? (isListing ? 'deny' : 'observe') };
}

function combineFields(
  path: KeyPath,
  fields: Fields,
  config: JsonObject,
  lock: JsonObject,
  report: Report,
): JsonObject {
  return objectFrom(
    keysOf(config, lock).map((key) => {
      const rule = Object.hasOwn(fields, key) ? fields[key] : undefined;
      const value = combineValue([...path, key], rule, memberOf(config, key), memberOf(lock, key), report);
      return [key, value];
    }),
  );
}

/** @param rule undefined: a key that nobody thought of; as `approved` */
function combineValue(
  path: KeyPath,
  rule: FieldRule | undefined,
  config: Json | undefined,
  lock: Json | undefined,
  report: Report,
): Json | undefined {
  const tell = (direction: Difference['direction']): void => report({ path, direction, before: lock, after: config });
  switch (rule?.kind) {
    case 'free':
      return config;
    case 'equal':
      if (!isSameJson(config ?? rule.absent, lock ?? rule.absent)) tell('blocked');
      return config;
    case 'both':
      if (!isSameJson(config, lock)) tell('layered');
      return config;
    case 'smaller':
    case 'larger':
      return combineNumbers(rule, config, lock, tell);
    case 'stricter': {
      // a word of no order is the strictest of all: no config with it compiles
      const [ours, theirs] = [rankIn(rule.order, config ?? rule.absent), rankIn(rule.order, lock ?? rule.absent)];
      if (ours === theirs) return config ?? lock;
      tell(ours > theirs ? 'wider' : 'narrower');
      return (ours > theirs ? lock : config) ?? rule.absent;
    }
    case 'unite':
      if (config === undefined && lock === undefined) return undefined;
      return uniteLimits(listOf(config), listOf(lock), (direction, before, after) =>
        report({ path, direction, before, after }),
      );
    case 'intersect':
      return intersectLists(config, lock, tell);
    case 'reach':
      return combineReach(config, lock, tell);
    case 'auth':
      return combineAuth(path, config, lock, report);
    case 'pins':
      return combinePins(config, lock, tell);
    case 'members':
      return combineMembers(path, rule.fields, config, lock, report);
    case 'tools':
      return undefined;
    case 'servers':
      return combineServers(path, rule.fields, objectOf(config), objectOf(lock), report);
    default:
      if (!isSameJson(config, lock)) tell('changed');
      return lock;
  }
}

function combineNumbers(
  rule: { readonly kind: 'smaller' | 'larger'; readonly absent: number },
  config: Json | undefined,
  lock: Json | undefined,
  tell: (direction: Difference['direction']) => void,
): Json | undefined {
  const ours = typeof config === 'number' ? config : rule.absent;
  const theirs = typeof lock === 'number' ? lock : rule.absent;
  if (ours === theirs) return config ?? lock;
  const isWider = rule.kind === 'smaller' ? ours > theirs : ours < theirs;
  tell(isWider ? 'wider' : 'narrower');
  return isWider ? theirs : ours;
}

function combineReach(
  config: Json | undefined,
  lock: Json | undefined,
  tell: (direction: Difference['direction']) => void,
): Json | undefined {
  const [ours, theirs] = [readReach(config), readReach(lock)];
  const isNarrower = isWithin(ours, theirs);
  if (isNarrower && isWithin(theirs, ours)) return config ?? lock;
  // one that is narrower here and wider there is wider: something of it waits
  tell(isNarrower ? 'narrower' : 'wider');
  return narrowReach(ours, theirs);
}

function intersectLists(
  config: Json | undefined,
  lock: Json | undefined,
  tell: (direction: Difference['direction']) => void,
): Json | undefined {
  if (config === undefined && lock === undefined) return undefined;
  const [ours, theirs] = [listOf(config), listOf(lock)];
  const known = new Set(theirs.map(sortedJson));
  const kept = new Set(ours.map(sortedJson));
  if (ours.some((one) => !known.has(sortedJson(one)))) tell('wider');
  if (theirs.some((one) => !kept.has(sortedJson(one)))) tell('narrower');
  return ours.filter((one) => known.has(sortedJson(one)));
}

function combineMembers(
  path: KeyPath,
  fields: Fields,
  config: Json | undefined,
  lock: Json | undefined,
  report: Report,
): Json | undefined {
  if (config === undefined && lock === undefined) return undefined;
  const combined = combineFields(path, fields, objectOf(config), objectOf(lock), report);
  return path.at(-1) === 'deadline' ? orderDeadline(combined) : combined;
}

/** The narrower of each may have crossed: a longer `idleMs` than `hardMs` is no legal config and means `hardMs`. */
function orderDeadline(deadline: JsonObject): JsonObject {
  const { idleMs, hardMs } = deadline;
  return typeof idleMs === 'number' && typeof hardMs === 'number' && idleMs > hardMs
    ? { ...deadline, idleMs: hardMs }
    : deadline;
}

function combineServers(
  path: KeyPath,
  fields: Fields,
  config: JsonObject,
  lock: JsonObject,
  report: Report,
): JsonObject {
  return objectFrom(
    keysOf(config, lock).map((id) => {
      const at = [...path, id];
      const [ours, theirs] = [memberOf(config, id), memberOf(lock, id)];
      if (ours === undefined) {
        report({ path: at, direction: 'narrower', before: theirs, after: undefined });
        return [id, undefined];
      }
      if (theirs === undefined) {
        report({ path: at, direction: 'blocked', before: undefined, after: ours });
        return [id, ours];
      }
      const [one, other] = [objectOf(ours), objectOf(theirs)];
      const server = combineFields(at, fields, one, other, report);
      const tools = combineTools([...at, 'tools'], one, other, report);
      return [id, { ...server, ...(tools === undefined ? {} : { tools }) }];
    }),
  );
}
