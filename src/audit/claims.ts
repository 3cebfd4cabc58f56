// What records say of other segments, and whether that is so. Knows no file: the segments that exist are given.
import type { JsonObject } from '../wire/json.ts';
import { objectAt, stringAt } from '../wire/json.ts';
import type { ChainHead } from './chain.ts';
import { countAt } from './record.ts';
import { isSegmentId } from './segment-id.ts';
import type { SegmentClaim } from './system-header.ts';

export interface LinkedClaim extends SegmentClaim {
  readonly from: 'after' | 'link' | 'recover';
}

/** The claims of one header. attacker-controlled: what is no claim is none. */
export function readClaims(header: JsonObject): LinkedClaim[] {
  const found: (LinkedClaim | undefined)[] = [];
  if (header.type === 'open') found.push(readClaim(header, 'after', 'after'), readClaim(header, 'link', 'link'));
  if (header.type === 'recover') found.push(readClaim(header, 'claim', 'recover'));
  return found.filter((claim) => claim !== undefined);
}

function readClaim(header: JsonObject, key: string, from: LinkedClaim['from']): LinkedClaim | undefined {
  const claim = objectAt(header, key);
  const segment = stringAt(claim, 'segment');
  const head = stringAt(claim, 'head');
  const seq = countAt(claim, 'seq');
  if (segment === undefined || head === undefined || seq === undefined || !isSegmentId(segment)) return undefined;
  return { segment, seq, head, sealed: claim?.sealed === true, from };
}

export interface ClaimFault {
  /** The segment that the claim is about. */
  readonly segment: string;
  /** From 1: the first record of it that is not as it was seen. */
  readonly record: number;
  /** One lower-case sentence. */
  readonly why: string;
}

/**
 * Judges one claim. `end` is where the segment's chain ends as it was verified, undefined where there is no such file;
 * `headAt` gives the hash of one of its records; `left` says that retention took it, with a tombstone.
 */
export function checkClaim(
  claim: SegmentClaim,
  by: string,
  end: ChainHead | undefined,
  headAt: (seq: number) => string | undefined,
  left: boolean,
): ClaimFault | undefined {
  const { segment } = claim;
  if (end === undefined)
    return left ? undefined : { segment, record: 1, why: `\`${by}\` follows it, but the segment is gone` };
  if (end.seq < claim.seq)
    return {
      segment,
      record: end.seq + 1,
      why: `\`${by}\` saw ${claim.seq} records, there are ${end.seq}: the end was cut off`,
    };
  if (claim.sealed && end.seq > claim.seq)
    return { segment, record: claim.seq + 1, why: `\`${by}\` saw it sealed at ${claim.seq}, there are ${end.seq}` };
  const head = end.seq === claim.seq ? end.head : headAt(claim.seq);
  return head === claim.head
    ? undefined
    : { segment, record: claim.seq, why: `\`${by}\` saw another record ${claim.seq}: it was written anew` };
}
