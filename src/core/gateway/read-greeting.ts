// What a server answers to `initialize`: its result, or why there is none, as a part of a sentence of the guard. attacker-controlled.
import { quoteForeign } from '../../wire/inert-text.ts';
import { isJsonObject, type JsonObject, stringAt } from '../../wire/json.ts';
import type { ReadLimits } from '../../wire/message.ts';
import { shapedGreeting } from './greeting-shape.ts';
import { readResponse } from './read-response.ts';

export function readGreeting(
  bytes: Buffer,
  limits: ReadLimits,
): { readonly result: JsonObject | undefined; readonly why: string } {
  const message = readResponse(bytes, limits)?.message;
  if (message === undefined) return { result: undefined, why: 'no answer' };
  if (isJsonObject(message.result)) {
    const result = shapedGreeting(message.result);
    const revision = stringAt(message.result, 'protocolVersion');
    const why =
      revision === undefined ? 'it names no revision' : `${quoteForeign(revision)} is no revision of the protocol`;
    return result === undefined ? { result, why } : { result, why: '' };
  }
  const why = message.error?.message;
  return { result: undefined, why: typeof why === 'string' ? `it says ${quoteForeign(why)}` : 'no reason given' };
}
