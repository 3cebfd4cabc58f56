// The trail as the session sees it: entries go in, and are on disk when the call returns.
import type { AuditEntry } from '../audit/entry.ts';

export interface AuditSink {
  /**
   * Appends the entries in order with one `write(2)` and gives each its `ref` (also where the write failed, so that a
   * denial can name the record it would have had).
   *
   * Returns true once every one of them is written: it then survives any death of any process. Returns false where
   * not one of them is: a short write is taken back. Never throws.
   */
  append(entries: readonly AuditEntry[]): boolean;
  /** Seals what was written. Idempotent. Nothing can be appended afterwards. */
  close(reason: string): void;
}
