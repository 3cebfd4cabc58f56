// What a session or a gateway is told of one line of the client. Pure.
import type { SessionEvent } from '../core/events.ts';
import type { LineReading, ReadLimits } from '../wire/message.ts';
import { readLine } from '../wire/read-line.ts';
import { payloadOf, refusedLine } from './refused-lines.ts';

type ClientEvent = Extract<SessionEvent, { type: 'client_line' | 'client_batch' | 'client_refused' }>;

/** Undefined for a blank line. */
export function clientEvent(reading: LineReading, bytes: Buffer, limits: ReadLimits): ClientEvent | undefined {
  if (reading.kind === 'message') return { type: 'client_line', line: reading.line };
  if (reading.kind === 'blank') return undefined;
  if (reading.kind !== 'batch') return { type: 'client_refused', refused: refusedLine(reading.refusal, bytes) };
  const elements = reading.elements.map((element) => ({
    reading: readLine(element, 'client', limits, 'element'),
    payload: payloadOf(element),
  }));
  return { type: 'client_batch', elements };
}
