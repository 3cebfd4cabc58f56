// Who has asked the client something back (2026-07-28, `input_required`), sealed into the `requestState` that the client hands back: what a
// person answers finds the server that has asked, and no other, whatever anybody lists or says meanwhile; nothing is remembered here.
// Pure: the seal comes in. Of requests that name their server (a tool, a prompt, a task) the state stays as it is.
import { isJsonObject, type Json, stringAt } from '../../wire/json.ts';
import type { Line, RequestMessage } from '../../wire/message.ts';
import type { LaneId } from './events.ts';
import { dropMember, putMember } from './members.ts';
import { rewriteLine } from './rewrite.ts';

const KEY = 'requestState';

/** What the state that a client holds is bound to. */
export interface Asked {
  /** The server that asks. */
  readonly lane: LaneId;
  /** What it was asked for: a URI, or a method. */
  readonly what: string;
}

type Seal = (text: string) => string;

/**
 * False where nothing is asked: then it needs not be read. INVARIANT: what is asked and not sealed (its word written with escapes, say)
 * can be answered to nobody.
 */
export function mayAsk(bytes: Buffer): boolean {
  return bytes.includes('input_required');
}

/** The answer of a server, with its question sealed where it asks one; else as it is. attacker-controlled: all of it */
export function sealQuestion(line: Line, { lane, what }: Asked, seal: Seal): Line {
  const { message } = line;
  const result = message.kind === 'response' ? message.result : undefined;
  if (!isJsonObject(result) || result.resultType !== 'input_required') return line;
  const state = stringAt(result, KEY);
  const body = JSON.stringify(state === undefined ? [lane] : [lane, state]);
  const sealed = `${seal(sealedText(what, body))}.${body}`;
  // a state that is no string is none
  if (Object.hasOwn(result, KEY)) return rewriteLine(line, [{ path: ['result', KEY], value: sealed }]);
  return putMember(line, 'result', KEY, sealed);
}

/** It carries what a question was answered with. */
export function isAnswering({ message: { params } }: Line<RequestMessage>): boolean {
  return params !== undefined && (Object.hasOwn(params, 'inputResponses') || Object.hasOwn(params, KEY));
}

/**
 * Whom the answer is for, and the request as that server knows it. attacker-controlled: all of it.
 *
 * @returns undefined: no server of this session has asked that over this
 */
export function openAnswer(
  line: Line<RequestMessage>,
  what: string,
  seal: Seal,
): { readonly lane: LaneId; readonly line: Line<RequestMessage> } | undefined {
  const sealed = stringAt(line.message.params, KEY) ?? '';
  const dot = sealed.indexOf('.');
  const body = sealed.slice(dot + 1);
  // INVARIANT: nothing is read that this process has not sealed. A seal is random enough that comparing it leaks nothing of use.
  if (dot === -1 || seal(sealedText(what, body)) !== sealed.slice(0, dot)) return undefined;
  // what comes out of `JSON.parse` is JSON; that it has this shape is checked, not believed
  const value = JSON.parse(body) as Json;
  const [lane, state] = Array.isArray(value) ? value : [];
  if (typeof lane !== 'string') return undefined;
  if (typeof state !== 'string') return { lane, line: dropMember(line, 'params', KEY) };
  return { lane, line: rewriteLine(line, [{ path: ['params', KEY], value: state }]) };
}

/** INVARIANT: never a text that is sealed for anything else: a cursor has no line break. */
function sealedText(what: string, body: string): string {
  return `${KEY}\n${JSON.stringify(what)}\n${body}`;
}
