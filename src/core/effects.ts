// What a session wants done. The adapter executes these in order; the core never does anything itself.
import type { AuditEntry } from '../audit/entry.ts';
import type { LogLevel } from '../ports/log.ts';
import type { BatchAnswer } from './batch.ts';
import type { UpstreamExit, UpstreamId } from './events.ts';
import type { Exchange } from './exchange.ts';

export type Effect =
  /** To be written before anything that `needs` it is done. `exchange` comes back with `record_failed`. */
  | { readonly type: 'record'; readonly entry: AuditEntry; readonly exchange: Exchange | undefined }
  | {
      readonly type: 'to_client';
      /** A function where the bytes name a record that has no place yet. */
      readonly bytes: Buffer | (() => Buffer);
      /** INVARIANT: not executed unless this entry was written; where it was not, `record_failed` follows instead. */
      readonly needs: AuditEntry | undefined;
      /** The answer is one part of the answer to a batch. */
      readonly batch: BatchAnswer | undefined;
    }
  | {
      readonly type: 'to_upstream';
      readonly upstream: UpstreamId;
      readonly bytes: Buffer | (() => Buffer);
      /** As above. */
      readonly needs: AuditEntry | undefined;
    }
  | { readonly type: 'log'; readonly level: LogLevel; readonly text: string }
  | { readonly type: 'start_upstream'; readonly upstream: UpstreamId; readonly delayMs: number }
  /** Of a start that waits for its delay: at once. Nothing where none waits. */
  | { readonly type: 'hurry_upstream'; readonly upstream: UpstreamId }
  /** As `stop_upstream`, with nobody waiting for it: `upstream_exited` follows, then it is started by its newest command. */
  | { readonly type: 'renew_upstream'; readonly upstream: UpstreamId }
  /** Close the server's input and walk down the shutdown ladder. */
  | { readonly type: 'stop_upstream'; readonly upstream: UpstreamId }
  /** The session is over: drain, seal, exit with this status. */
  | { readonly type: 'finish'; readonly exit: UpstreamExit };
