// What can happen to a session. Everything the core knows of the world comes in as one of these, with the time beside it.
import type { AuditEntry, EventEntry, Payload } from '../audit/entry.ts';
import type { Line, LineReading, Refusal } from '../wire/message.ts';
import type { Refusing } from './denial.ts';
import type { Exchange } from './exchange.ts';
import type { RequestView } from './interceptor.ts';

/** The configured (or derived) name of one server behind the guard. */
export type UpstreamId = string;

export type SessionEvent =
  | { readonly type: 'client_line'; readonly line: Line }
  /** A JSON array of the client, element by element. */
  | { readonly type: 'client_batch'; readonly elements: readonly BatchElement[] }
  | { readonly type: 'client_refused'; readonly refused: RefusedLine }
  /** @see EndedBecause */
  | { readonly type: 'client_ended'; readonly because?: EndedBecause }
  | { readonly type: 'upstream_line'; readonly upstream: UpstreamId; readonly line: Line }
  | {
      readonly type: 'upstream_refused';
      readonly upstream: UpstreamId;
      readonly refused: RefusedLine;
    }
  | { readonly type: 'upstream_noise'; readonly upstream: UpstreamId; readonly bytes: number }
  | { readonly type: 'upstream_started'; readonly upstream: UpstreamId; readonly pid: number | undefined }
  | { readonly type: 'upstream_exited'; readonly upstream: UpstreamId; readonly exit: UpstreamExit }
  /** What an interceptor asked to wait for has come. Nothing, where the request has ended meanwhile. */
  | { readonly type: 'wait_over'; readonly request: RequestView; readonly outcome: 'go' | 'refused' }
  /** A policy has something for the record that is no exchange. */
  | {
      readonly type: 'noted';
      readonly name: EventEntry['name'];
      readonly server: UpstreamId | undefined;
      readonly detail: EventEntry['detail'];
    }
  /** Another command starts this server from now on: it is started anew once nothing of it is open. */
  | { readonly type: 'renew'; readonly upstream: UpstreamId }
  /** The guard has said something to the person who runs it: the client may be told, too. */
  | { readonly type: 'guard_said'; readonly level: 'warn' | 'error'; readonly text: string }
  /** This entry could not be written, so nothing that needs it was done. */
  | { readonly type: 'record_failed'; readonly entry: AuditEntry; readonly exchange: Exchange | undefined }
  /** This exchange was settled, but its answer must not leave: it is refused instead. On record already. */
  | { readonly type: 'answer_held'; readonly exchange: Exchange; readonly refusing: Refusing }
  /** Nothing happened but time. */
  | { readonly type: 'tick' };

/** A line that is not forwarded, and why. */
export interface RefusedLine {
  readonly refusal: Refusal;
  /** Its size without the LF. */
  readonly bytes: number;
  /** The line itself, for the record; undefined where it was too long to be kept. */
  readonly payload: Payload | undefined;
}

export interface BatchElement {
  readonly reading: LineReading;
  readonly payload: Payload;
}

/** Why the guard ends a session whose client has not left: what follows "because", as `its token was revoked`. Undefined: the client has left. */
export type EndedBecause = string | undefined;

export interface UpstreamExit {
  /** `unstartable`: it never ran. */
  readonly kind: 'exited' | 'signalled' | 'unstartable';
  /** The status to mirror: the code, or 128 + the signal's number. */
  readonly status: number;
  /** The guard ended it; false where it ended by itself. */
  readonly byGuard: boolean;
  /** `code 1`, `signal SIGKILL`, or the reason why it could not be started. */
  readonly text: string;
}
