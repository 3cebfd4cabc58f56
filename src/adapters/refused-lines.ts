// What a session is told of a line that was not read: why, how long, and the line itself for the record. Pure.
import type { Payload } from '../audit/entry.ts';
import type { RefusedLine } from '../core/events.ts';
import type { Refusal } from '../wire/message.ts';
import type { Oversize } from '../wire/oversize.ts';

/** @param bytes the line with its LF */
export function refusedLine(refusal: Refusal, bytes: Buffer): RefusedLine {
  return { refusal, bytes: bytes.length - 1, payload: payloadOf(bytes) };
}

/** A line beyond the limit: its bytes are gone. */
export function overlong(over: Oversize, limitBytes: number): RefusedLine {
  const detail = `the line is longer than the limit of ${limitBytes} bytes`;
  return {
    refusal: { code: 'too_long', detail, id: over.id, shape: over.shape },
    bytes: over.bytes,
    payload: undefined,
  };
}

export function payloadOf(bytes: Buffer): Payload {
  return { bytes, text: bytes.toString('utf8', 0, bytes.length - 1) };
}
