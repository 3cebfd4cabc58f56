// What a session is told of one line of a server. An array is split: each element is a line of its own for the client. Pure.
import type { SessionEvent } from '../core/events.ts';
import type { LineReading, ReadLimits } from '../wire/message.ts';
import { readLine } from '../wire/read-line.ts';
import { refusedLine } from './refused-lines.ts';

export type UpstreamEvent = Extract<SessionEvent, { type: 'upstream_line' | 'upstream_refused' | 'upstream_noise' }>;

/** @param take called with each event in order (none for a blank line), and with its line: the noise itself, no event holds */
export function tellOfLine(
  upstream: string,
  reading: LineReading,
  bytes: Buffer,
  limits: ReadLimits,
  take: (event: UpstreamEvent, bytes: Buffer) => void,
): void {
  switch (reading.kind) {
    case 'message':
      take({ type: 'upstream_line', upstream, line: reading.line }, bytes);
      return;
    case 'refused':
      take({ type: 'upstream_refused', upstream, refused: refusedLine(reading.refusal, bytes) }, bytes);
      return;
    case 'noise':
      take({ type: 'upstream_noise', upstream, bytes: bytes.length }, bytes);
      return;
    case 'batch':
      for (const element of reading.elements)
        tellOfLine(upstream, readLine(element, 'upstream', limits, 'element'), element, limits, take);
      return;
    case 'blank':
      return;
  }
}
