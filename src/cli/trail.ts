// What the audit commands ask of the trail. The state directory's reader answers it (state-trail.ts); a test may, too.
import type { ExternalPayload, FoundRecord } from '../adapters/trail-reader.ts';
import type { TrailReport, VerifiedSegment } from '../adapters/trail-verify.ts';
import type { CallFilter } from '../audit/call-filter.ts';
import type { RecordRef } from '../audit/entry.ts';
import type { Call } from '../audit/query.ts';

export interface Trail {
  /** The last `count` calls that match, over all segments, oldest first. */
  lastCalls(count: number, filter: CallFilter): readonly Call[];
  /** Returns at once. Tells of a call when its intent is on record, and again with each outcome, until `signal`. */
  follow(filter: CallFilter, onCall: (call: Call) => void, signal: AbortSignal): void;
  findRecord(ref: RecordRef): FoundRecord | undefined;
  /** A payload that stands in a file of its own, checked against the record of `segment` that names it. */
  loadPayload(tenant: string, segment: string, digest: string, salt: string): ExternalPayload;
  /** @param onSegment is told of each segment as soon as it is judged */
  verify(tenant: string | undefined, onSegment: (segment: VerifiedSegment) => void): TrailReport;
}
