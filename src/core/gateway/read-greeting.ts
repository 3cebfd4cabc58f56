// What a server answers to `initialize`: its result, or why there is none, as a part of a sentence of the guard. attacker-controlled.
import { quoteForeign } from '../../wire/inert-text.ts';
import { isJsonObject, type JsonObject } from '../../wire/json.ts';
import type { ReadLimits } from '../../wire/message.ts';
import { readLine } from '../../wire/read-line.ts';

export function readGreeting(
  bytes: Buffer,
  limits: ReadLimits,
): { readonly result: JsonObject | undefined; readonly why: string } {
  const reading = readLine(bytes, 'upstream', limits);
  const message = reading.kind === 'message' ? reading.line.message : undefined;
  if (message?.kind !== 'response') return { result: undefined, why: 'no answer' };
  if (isJsonObject(message.result)) return { result: message.result, why: '' };
  const why = message.error?.message;
  return { result: undefined, why: typeof why === 'string' ? `it says ${quoteForeign(why)}` : 'no reason given' };
}
