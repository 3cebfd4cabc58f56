// Lines with a value or two replaced, every other byte as it was, and what they say now. Decides nothing.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';
import type { Line, Message } from '../../wire/message.ts';
import { type Edit, spliceLine, spliceText, valueSpan } from '../../wire/splice.ts';

export interface Change {
  /** From the envelope inwards. */
  readonly path: readonly [string, ...(string | number)[]];
  readonly value: Json;
}

/**
 * The line with each value at `path` replaced. INVARIANT: the same that reading its new bytes would give (held by a property);
 * reading anew would double the cost of every call.
 * @throws RangeError where a path leads nowhere: nothing is guessed
 */
export function rewriteLine<M extends Message>(line: Line<M>, changes: readonly Change[]): Line<M> {
  if (changes.length === 0) return line;
  const edits = changes.map((change) => editOf(line.text, change));
  let message: Message = line.message;
  for (const { path, value } of changes) message = withValue(message, path, value);
  // A replaced scalar leaves the kind of a message as it is.
  return {
    bytes: spliceLine(line, edits),
    text: spliceText(line.text, edits),
    message: message as M,
    sloppy: line.sloppy,
  };
}

export function rewriteBytes(line: Line, changes: readonly Change[]): Buffer {
  if (changes.length === 0) return line.bytes;
  return spliceLine(
    line,
    changes.map((change) => editOf(line.text, change)),
  );
}

function editOf(text: string, { path, value }: Change): Edit {
  const span = valueSpan(text, path);
  if (span === undefined) throw new RangeError(`the line has nothing at /${path.join('/')}`);
  return { span, replacement: JSON.stringify(value) };
}

function withValue(message: Message, [first, ...rest]: Change['path'], value: Json): Message {
  // `first` is one of the message's own members, and what is put there has the kind that was there.
  const member = (message as unknown as JsonObject)[first];
  return { ...message, [first]: replaced(member, rest, value) };
}

function replaced(from: Json | undefined, path: readonly (string | number)[], value: Json): Json {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (Array.isArray(from)) return from.map((one: Json, at) => (at === first ? replaced(one, rest, value) : one));
  const object = isJsonObject(from) ? from : {};
  const entries = Object.entries(object).map(([key, old]) => [key, key === first ? replaced(old, rest, value) : old]);
  return Object.fromEntries(entries);
}
