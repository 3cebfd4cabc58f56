// Is one segment what its writer wrote? Pure, over an iterator of lines. Knows no file, no other segment, no liveness.
import { type JsonObject, stringAt } from '../wire/json.ts';
import { canonicalText } from './canonical.ts';
import { type ChainHead, type Digest, hashRecord, startChain } from './chain.ts';
import { type CheckExternal, checkPayload } from './check-payload.ts';
import { type LinkedClaim, readClaims } from './claims.ts';
import { countAt, readRecord, type TrailRecord } from './record.ts';

/** One line of a file as it was read: `text` without its LF; undefined where it is no UTF-8, or longer than any record. */
export interface TrailLine {
  readonly text: string | undefined;
  /** False for what stands after the last LF. */
  readonly ended: boolean;
  readonly bytes: number;
}

export type SegmentVerdict =
  /** Every record in place, and a seal. */
  | { readonly kind: 'intact' }
  /** Every record in place, no seal: the writer was killed, or still writes, or the end was cut off at a record. */
  | { readonly kind: 'unclean' }
  /** The same, and `bytes` of a record that was never acknowledged. */
  | { readonly kind: 'torn'; readonly bytes: number }
  /** `record` counts from 1: the first that is not what was written there. `why` is one lower-case sentence. */
  | { readonly kind: 'broken'; readonly record: number; readonly why: string };

export interface SegmentReport {
  readonly verdict: SegmentVerdict;
  /** The chain as far as it holds. */
  readonly end: ChainHead;
  /** Records whose payload was removed: legal, reported. */
  readonly removed: number;
  /** What its records say of other segments. */
  readonly claims: readonly LinkedClaim[];
  readonly tenant: string | undefined;
  /** The header of its first record, where the chain holds that. */
  readonly open?: JsonObject | undefined;
}

export interface VerifyTools {
  readonly digest: Digest;
  readonly external: CheckExternal;
}

/** Reads to the end, or to the first record that is wrong. `segment` is what the file is called. */
export function verifySegment(segment: string, lines: Iterable<TrailLine>, tools: VerifyTools): SegmentReport {
  let end = startChain(segment, tools.digest);
  let removed = 0;
  let sealed = false;
  let open: JsonObject | undefined;
  const claims: LinkedClaim[] = [];
  const report = (verdict: SegmentVerdict): SegmentReport => ({
    verdict,
    end,
    removed,
    claims,
    tenant: stringAt(open, 'tenant'),
    open,
  });

  for (const line of lines) {
    const broken = (why: string) => report({ kind: 'broken', record: end.seq + 1, why });
    if (sealed) return broken('there is something after the seal');
    if (!line.ended) return report({ kind: 'torn', bytes: line.bytes });
    if (line.text === undefined) return broken('the line is not utf-8, or longer than any record');
    const record = readRecord(line.text);
    if (record === undefined) return broken('the line is not a record');
    const fault = checkLink(record, end, tools.digest) ?? checkMeaning(record, end);
    if (fault !== undefined) return broken(fault);
    const payload = checkPayload(record, segment, tools.digest, tools.external);
    if (payload === 'mismatch') return broken('the payload is not the one that the header commits to');
    if (payload === 'removed') removed += 1;
    claims.push(...readClaims(record.header));
    if (end.seq === 0) open = record.header;
    sealed = record.header.type === 'seal';
    end = { segment, seq: end.seq + 1, head: record.hash };
  }
  return report({ kind: sealed ? 'intact' : 'unclean' });
}

/** Number, predecessor, canonical form, hash: in the order in which a fault is best named. */
function checkLink(record: TrailRecord, end: ChainHead, digest: Digest): string | undefined {
  const seq = countAt(record.header, 'seq');
  if (seq !== end.seq + 1)
    return `the record is numbered ${seq ?? 'otherwise'}: something was removed, inserted or moved here`;
  if (stringAt(record.header, 'prev') !== end.head) return 'the record does not continue the one before it';
  if (canonicalText(record.header) !== record.headerText) return 'the header is not in canonical form';
  if (hashRecord(end.head, record.headerText, digest) !== record.hash) return 'the header does not have its hash';
  return undefined;
}

/** A segment begins with its own `open`, has no second one, and its seal counts what it seals. */
function checkMeaning({ header }: TrailRecord, end: ChainHead): string | undefined {
  const isFirst = end.seq === 0;
  if ((header.type === 'open') !== isFirst)
    return isFirst ? 'the segment does not begin with `open`' : 'a second `open`';
  if (isFirst && header.segment !== end.segment) return 'the records belong to another segment';
  if (isFirst && header.v !== 1) return 'the format is not version 1: verify it with a newer guard';
  if (header.type !== 'seal') return undefined;
  return header.count === end.seq + 1 && header.head === end.head ? undefined : 'the seal counts other records';
}
