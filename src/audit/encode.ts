// Entries → the lines of one write, and where the chain stands after them. Knows no file; hashing comes in.
import type { Instant } from '../ports/clock.ts';
import { type Commitment, intentHeader, outcomeHeader } from './call-header.ts';
import { type ChainHead, type ChainLink, type Digest, frameRecord, hashRecord } from './chain.ts';
import type { AuditEntry, IntentEntry } from './entry.ts';
import { showRef } from './entry.ts';
import { maskEntry } from './redact/masked-entry.ts';
import { eventHeader, type SystemRecord, systemHeader } from './system-header.ts';

/** A payload, decided and committed to: what of it goes into the record. */
export interface StoredPayload extends Commitment {
  /** JSON text without a raw LF; undefined where the record keeps only the commitment. */
  readonly json: string | undefined;
  /** 32 lower-case hex digits; undefined only for the form `off`. */
  readonly salt: string | undefined;
}

export interface EncodeTools {
  readonly digest: Digest;
  readonly quote: (value: string) => string;
  /** Whether the intent is on disk, or goes there in this batch: an outcome must not point at a record that another took the place of. */
  readonly isWritten: (intent: IntentEntry) => boolean;
  /** Takes secrets out of a text. Absent: there are none. */
  readonly mask?: ((text: string) => string) | undefined;
}

/** One batch in the making. The chain moves only inside of it: a batch that cannot be written is dropped whole. */
export interface Batch {
  system(record: SystemRecord, at: Instant): void;
  /** Appends the entry's record and returns its seq. */
  entry(entry: AuditEntry, payload: StoredPayload | undefined): number;
  text(): string;
  head(): ChainHead;
}

export function startBatch(from: ChainHead, tools: EncodeTools): Batch {
  let seq = from.seq;
  let head = from.head;
  let text = '';

  function add(header: string, payload: StoredPayload | undefined): number {
    head = hashRecord(head, header, tools.digest);
    text += frameRecord(header, head, payload?.json, payload?.salt);
    seq += 1;
    return seq;
  }
  function headerOf(entry: AuditEntry, link: ChainLink, payload: StoredPayload | undefined): string {
    // The sink knows an intent by its identity, which a masked one has not.
    const intent = entry.type === 'outcome' && tools.isWritten(entry.intent) ? entry.intent.ref : undefined;
    const shown = tools.mask === undefined ? entry : maskEntry(entry, tools.mask);
    if (shown.type === 'intent') return intentHeader(shown, link, payload, tools.quote);
    if (shown.type === 'event') return eventHeader(shown, link);
    return outcomeHeader(shown, intent === undefined ? undefined : showRef(intent), link, payload, tools.quote);
  }

  return {
    system: (record, at) => {
      add(systemHeader(record, { seq: seq + 1, prev: head }, at), undefined);
    },
    entry: (entry, payload) => {
      const written = add(headerOf(entry, { seq: seq + 1, prev: head }, payload), payload);
      entry.ref = { segment: from.segment, seq: written };
      return written;
    },
    text: () => text,
    head: () => ({ segment: from.segment, seq, head }),
  };
}
