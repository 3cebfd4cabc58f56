// What a line of the client that was refused unread is answered with, where an answer is owed. Pure; records nothing.
import { type RecordRef, showRef } from '../audit/entry.ts';
import type { LineReading, Refusal } from '../wire/message.ts';
import { errorLine, INVALID_PARAMS, INVALID_REQUEST } from '../wire/reply.ts';

/** Whether its sender waits for an answer, whatever becomes of it. */
export function isAnswerable(reading: LineReading): boolean {
  if (reading.kind === 'message') return reading.line.message.kind === 'request';
  return reading.kind === 'refused' && unreadAnswer(reading.refusal) !== undefined;
}

/** By the record of the refusal. Undefined: no one id is certain, or it was itself an answer. */
export function unreadAnswer(refusal: Refusal): ((ref: RecordRef | undefined) => Buffer) | undefined {
  const { id, code, detail, shape } = refusal;
  if (id === undefined || shape === 'response') return undefined;
  const jsonRpcCode = code === 'bad_call' ? INVALID_PARAMS : INVALID_REQUEST;
  return (ref) => {
    const record = ref === undefined ? undefined : showRef(ref);
    return errorLine(id, jsonRpcCode, `refused by mcp-guard: ${detail}`, { reason: code, rule: 'strict', record });
  };
}
