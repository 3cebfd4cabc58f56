// What the audit commands ask of the trail. The state directory's reader answers it (state-trail.ts); a test may, too.
import type { ExternalPayload, FoundRecord } from '../adapters/trail-reader.ts';
import type { TrailReport, VerifiedSegment } from '../adapters/trail-verify.ts';
import type { CallFilter } from '../audit/call-filter.ts';
import type { RecordRef } from '../audit/entry.ts';
import type { Call } from '../audit/query.ts';

export interface Trail {
  /** What is read: every screen that finds nothing, and every verdict, names it. */
  readonly directory: string;
  hasSegments(tenant: string | undefined): boolean;
  /** The last `count` calls that match, over all segments, oldest first. */
  lastCalls(count: number, filter: CallFilter): readonly Call[];
  /**
   * Returns at once. Tells of a call when its intent is on record, again with each outcome, and where none comes
   * (`isOverdue`), until `signal`.
   */
  follow(filter: CallFilter, onCall: (call: Call, isOverdue: boolean) => void, signal: AbortSignal): void;
  findRecord(ref: RecordRef): FoundRecord | undefined;
  /** A payload that stands in a file of its own, checked against the record of `segment` that names it. */
  loadPayload(tenant: string, segment: string, digest: string, salt: string): ExternalPayload;
  /** @param onSegment is told of each segment when it is judged */
  verify(tenant: string | undefined, onSegment: (segment: VerifiedSegment) => void): TrailReport;
}
