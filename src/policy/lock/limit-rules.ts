// How two lists of limits combine, and which of their differences mean anything: all of either side hold, and one that lets through no
// more than another one makes that one superfluous. Pure; knows limits as they are written, no count.
import type { Json, JsonObject } from '../../wire/json.ts';
import { listOf, memberOf, objectFrom, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { sortedJson } from '../../wire/sorted-json.ts';
import { type Rate, readRate } from '../limits/rate.ts';
import type { Difference } from './difference.ts';

type Tell = (
  direction: Extract<Difference['direction'], 'wider' | 'narrower'>,
  before: Json | undefined,
  after: Json | undefined,
) => void;

/** INVARIANT: every limit of either is in the result, whatever is told. */
export function uniteLimits(config: readonly Json[], lock: readonly Json[], tell: Tell): readonly Json[] {
  const [known, kept] = [new Set(lock.map(sortedJson)), new Set(config.map(sortedJson))];
  const removed = lock.filter((one) => !kept.has(sortedJson(one)));
  tellParts(config.filter((one) => !known.has(sortedJson(one))).flatMap(partsOf), removed.flatMap(partsOf), {
    ...{ ours: config.flatMap(partsOf), theirs: lock.flatMap(partsOf) },
    tell,
  });
  return [...config, ...removed];
}

/** Only what has an effect: what goes is wider where nothing that stays bounds as much, what comes narrower where nothing did. */
function tellParts(
  added: readonly Json[],
  removed: readonly Json[],
  { ours, theirs, tell }: { readonly ours: readonly Json[]; readonly theirs: readonly Json[]; readonly tell: Tell },
): void {
  const wider = removed.filter((one) => !ours.some((other) => boundsAsMuch(other, one)));
  const narrower = added.filter((one) => !theirs.some((other) => boundsAsMuch(other, one)));
  const counterparts = (of: readonly Json[], among: readonly Json[]): Json | undefined => {
    const found = among.filter((one) => of.some((other) => isSamePart(one, other)));
    return found.length === 0 ? undefined : found;
  };
  if (wider.length > 0) tell('wider', wider, counterparts(wider, added));
  if (narrower.length > 0) tell('narrower', counterparts(narrower, removed), narrower);
}

/** Each amount of a limit as a limit of its own. What is none, as far as is known here, stays whole. */
function partsOf(limit: Json): readonly Json[] {
  const written = objectOf(limit);
  if (!isKnown(written)) return [limit];
  const { key, match, cost, rate, burst, budget, bytes, concurrency } = written;
  const [subject, priced] = [
    { key, match },
    { key, match, cost },
  ];
  const parts: readonly (readonly [Json | undefined, Readonly<Record<string, Json | undefined>>])[] = [
    [rate, { ...priced, rate, burst }],
    [budget, { ...priced, budget }],
    [memberOf(bytes, 'in'), { ...subject, bytes: objectFrom([['in', memberOf(bytes, 'in')]]) }],
    [memberOf(bytes, 'out'), { ...subject, bytes: objectFrom([['out', memberOf(bytes, 'out')]]) }],
    [concurrency, { ...subject, concurrency }],
  ];
  const amounts = parts.filter(([amount]) => amount !== undefined);
  return amounts.length === 0 ? [limit] : amounts.map(([, part]) => objectFrom(Object.entries(part)));
}

const KEYS = ['key', 'match', 'cost', 'rate', 'burst', 'budget', 'bytes', 'concurrency'];

/** One with anything else in it may mean anything. */
function isKnown(limit: JsonObject): boolean {
  return Array.isArray(limit.key) && Object.keys(limit).every((one) => KEYS.includes(one));
}

/** Of the same subjects, counting the same: only the amounts differ. */
function isSamePart(one: Json, other: Json): boolean {
  const nameOf = (part: Json): Json => {
    const { key, match, rate, budget, bytes, concurrency } = objectOf(part);
    const what = [rate, budget, memberOf(bytes, 'in'), memberOf(bytes, 'out'), concurrency];
    return [listOf(key).map(String).sort(), match ?? {}, what.map((amount) => amount !== undefined)];
  };
  return isSameJson(nameOf(one), nameOf(other));
}

/** Whatever `one` lets through `other` lets through. Only where that is sure. */
function boundsAsMuch(one: Json, other: Json): boolean {
  if (isSameJson(one, other)) return true;
  const [tight, loose] = [objectOf(one), objectOf(other)];
  if (!isKnown(tight) || !isKnown(loose)) return false;
  if (!isSamePart(one, other) || !isSameJson(tight.cost ?? {}, loose.cost ?? {})) return false;
  if (loose.concurrency !== undefined) return isAtMost(tight.concurrency, loose.concurrency);
  if (loose.rate !== undefined) return isSlower(tight.rate, loose.rate, tight.burst, loose.burst);
  if (loose.budget !== undefined) {
    const isSameTime = ['per', 'timeZone'].every((key) =>
      isSameJson(memberOf(tight.budget, key), memberOf(loose.budget, key)),
    );
    return isSameTime && isAtMost(memberOf(tight.budget, 'calls'), memberOf(loose.budget, 'calls'));
  }
  const way = memberOf(loose.bytes, 'in') === undefined ? 'out' : 'in';
  return isSlower(memberOf(tight.bytes, way), memberOf(loose.bytes, way), undefined, undefined);
}

/** Neither more at once nor more in the long run. */
function isSlower(
  tight: Json | undefined,
  loose: Json | undefined,
  tightBurst: Json | undefined,
  looseBurst: Json | undefined,
): boolean {
  const [slow, quick] = [rateOf(tight), rateOf(loose)];
  if (slow === undefined || quick === undefined) return false;
  const isNoQuicker = slow.units * quick.periodUs <= quick.units * slow.periodUs;
  return isNoQuicker && isAtMost(tightBurst ?? slow.units, looseBurst ?? quick.units);
}

function rateOf(text: Json | undefined): Rate | undefined {
  return typeof text === 'string' ? readRate(text) : undefined;
}

function isAtMost(one: Json | undefined, other: Json | undefined): boolean {
  return typeof one === 'number' && typeof other === 'number' && one <= other;
}
