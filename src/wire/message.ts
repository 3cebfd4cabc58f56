// What one line says: request, notification or response. Types only; how a line is read stands in read-line.ts.
import type { Json, JsonObject } from './json.ts';

/** JSON-RPC ids as MCP allows them. `7` and `"7"` are two ids: always key a `Map` by the value itself. */
export type RequestId = string | number;

export interface RequestMessage {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject | undefined;
}

export interface NotificationMessage {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: JsonObject | undefined;
}

export interface ResponseMessage {
  readonly kind: 'response';
  readonly id: RequestId;
  /** Exactly one of `result` and `error` is there. */
  readonly result: Json | undefined;
  readonly error: JsonObject | undefined;
}

export type Message = RequestMessage | NotificationMessage | ResponseMessage;

/** A line that was read without doubt. INVARIANT: `bytes` is what the sender sent, with one LF at its end and no CR before it. */
export interface Line<M extends Message = Message> {
  readonly bytes: Buffer;
  /** `bytes` decoded, without the LF. */
  readonly text: string;
  readonly message: M;
  /** Ambiguities inside an opaque payload that were let pass (server → client only). */
  readonly sloppy: number;
}

/** Why a line is not forwarded. `code` is stable and documented in docs/errors.md. */
export interface Refusal {
  readonly code: RefusalCode;
  /** One sentence, lower case, safe to show: never holds bytes of the line that could be read as control characters. */
  readonly detail: string;
  /** The one legal id that can be read with certainty, where there is one. */
  readonly id: RequestId | undefined;
  /** `request` where the line surely is a request that waits for an answer, `response` where it surely answers `id`. */
  readonly shape: 'request' | 'response' | 'unknown';
}

export type RefusalCode =
  | 'not_utf8'
  | 'raw_control' // a bare CR, or a BOM inside the stream
  | 'not_json'
  | 'duplicate_key'
  | 'confusable_key' // folds to another key or to a protocol key
  | 'unsafe_string' // lone surrogate, NUL or line separator in a key, name, id or method
  | 'too_deep'
  | 'too_many_keys'
  | 'too_long'
  | 'bad_envelope' // not an object, wrong jsonrpc, id missing or of a wrong kind, result and error together …
  | 'bad_call' // tools/call whose name is no string or whose arguments are no object: answered -32602
  | 'empty_batch'
  | 'nested_batch';

/** What came of reading one line. */
export type LineReading =
  | { readonly kind: 'message'; readonly line: Line }
  /** A JSON array: the exact bytes of each element, each with one LF added, to be read one by one. */
  | { readonly kind: 'batch'; readonly elements: readonly Buffer[] }
  /** White space only: nothing to do. */
  | { readonly kind: 'blank' }
  /** Not JSON at all. From a server this is noise (a banner, a log line); from a client it is refused. */
  | { readonly kind: 'noise'; readonly refusal: Refusal }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface ReadLimits {
  /** Levels of nesting; the envelope is level 1. */
  readonly maxDepth: number;
  /** Object keys in one line, all levels together. */
  readonly maxKeys: number;
  /** Refuse ambiguities inside the opaque payloads of a server, too (`strict: "payload"`). */
  readonly strictPayload: boolean;
}

export const DEFAULT_READ_LIMITS: ReadLimits = { maxDepth: 256, maxKeys: 2_000_000, strictPayload: false };
