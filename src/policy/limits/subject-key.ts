// The name under which a limit of one subject is counted. Pure; the digest comes in.
import { foldName } from './applies.ts';
import type { Dimension, Limit, Subject } from './limit.ts';

const KEY_HEX = 32;
const OWNER_HEX = 8;
/** What a caller names as it likes: as many keys as it wants. */
const CHOSEN: readonly Dimension[] = ['client', 'model', 'tool'];

/** What is counted of a limit. */
export type Part = 'rate' | 'bytes_in' | 'bytes_out' | 'budget' | 'places';

/** As a config calls it: in rules and on screens. */
export const PART_WORDS: Readonly<Record<Part, string>> = {
  rate: 'rate',
  bytes_in: 'bytes.in',
  bytes_out: 'bytes.out',
  budget: 'budget',
  places: 'concurrency',
};

/**
 * What two limits must have in common to be one count: what they are about and over which time (of a rate, its pace); not how
 * much, so that a burst, a budget or a number of places that is edited goes on with the count that there is.
 */
export function identityOf(limit: Limit, part: Part): string {
  const { place, voice, key, match, rate, bytesIn, bytesOut, budget } = limit;
  const pace = { rate, bytes_in: bytesIn, bytes_out: bytesOut, budget: undefined, places: undefined }[part];
  return JSON.stringify([
    part,
    voice ?? null,
    place === undefined ? null : [place.server, place.tool?.pattern ?? null],
    key,
    Object.entries(match).sort(([one], [other]) => (one < other ? -1 : 1)),
    pace === undefined ? null : [pace.units, pace.periodUs],
    part === 'budget' && budget !== undefined ? [budget.per, budget.timeZone] : null,
  ]);
}

/**
 * 32 hex digits. INVARIANT: two subjects have the same key only where they agree in every dimension that the limit names (a
 * tool's spellings are one), and never across tenants. The first 8 digits say whose it is: a store may grant each owner a part of
 * its room. attacker-controlled: the values; their length is of no account.
 */
export function subjectKey(
  identity: string,
  dimensions: readonly Dimension[],
  subject: Subject,
  digest: (text: string) => string,
): string {
  const values = dimensions.map((dimension) =>
    dimension === 'tool' ? foldName(subject.tool) : (subject[dimension] ?? null),
  );
  const { tenant, principal } = subject;
  const shared = dimensions.some((one) => CHOSEN.includes(one)) ? 'chosen' : 'fixed';
  const owner = JSON.stringify([tenant, dimensions.includes('principal') ? ['of', principal] : [shared]]);
  const own = digest(JSON.stringify([identity, tenant, values])).slice(0, KEY_HEX - OWNER_HEX);
  return digest(owner).slice(0, OWNER_HEX) + own;
}
