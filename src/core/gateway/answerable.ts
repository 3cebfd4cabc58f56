// Whether a line of the client is owed an answer, whatever becomes of it. Pure.
import type { LineReading } from '../../wire/message.ts';

export function isAnswerable(reading: LineReading): boolean {
  if (reading.kind === 'message') return reading.line.message.kind === 'request';
  return reading.kind === 'refused' && reading.refusal.id !== undefined && reading.refusal.shape !== 'response';
}
