// Reads what a lane's session has for its client where that is an answer. Pure; decides nothing.
import type { Line, ReadLimits, ResponseMessage } from '../../wire/message.ts';
import { readLine } from '../../wire/read-line.ts';

/** INVARIANT: the lane's session has read this line by the same rules, or written it. Undefined: it is no answer. */
export function readResponse(bytes: Buffer, limits: ReadLimits): Line<ResponseMessage> | undefined {
  const reading = readLine(bytes, 'upstream', limits);
  if (reading.kind !== 'message' || reading.line.message.kind !== 'response') return undefined;
  // `line.message` has just been narrowed; the line around it has not.
  return reading.line as Line<ResponseMessage>;
}
