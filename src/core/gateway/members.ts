// One member put into an object of a line, or taken out of it, every other byte as it was, and what the line says now. For what is rare:
// values are replaced by rewrite.ts. Decides nothing.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import type { Line, Message } from '../../wire/message.ts';
import { type Edit, memberRemovalEdits, spliceLine, spliceText, valueSpan } from '../../wire/splice.ts';

/** Of the envelope. */
type Place = 'params' | 'result';

/** As the first member. @throws RangeError where there is no such object, it is empty, or it has this member already */
export function putMember<M extends Message>(line: Line<M>, place: Place, key: string, value: Json): Line<M> {
  const { span, object } = objectIn(line, place);
  if (Object.keys(object).length === 0 || Object.hasOwn(object, key)) throw new RangeError(`no room for \`${key}\``);
  const at = span.start + 1;
  const edit = { span: { start: at, end: at }, replacement: `${JSON.stringify(key)}:${JSON.stringify(value)},` };
  return edited(line, place, [edit], { [key]: value, ...object });
}

/** @throws RangeError where there is none */
export function dropMember<M extends Message>(line: Line<M>, place: Place, key: string): Line<M> {
  const { span, object } = objectIn(line, place);
  const edits = memberRemovalEdits(line.text, span, new Set([key]));
  if (edits.length === 0) throw new RangeError(`there is no \`${key}\``);
  return edited(line, place, edits, Object.fromEntries(Object.entries(object).filter(([one]) => one !== key)));
}

function objectIn({ text, message }: Line, place: Place) {
  const span = valueSpan(text, [place]);
  const object = (message as unknown as JsonObject)[place]; // one of the message's own members
  if (span === undefined || !isJsonObject(object)) throw new RangeError(`the line has no \`${place}\``);
  return { span, object };
}

/** INVARIANT: the same that reading its new bytes would give (held by a property). */
function edited<M extends Message>(
  line: Line<M>,
  place: Place,
  edits: readonly Edit[],
  object: { readonly [key: string]: Json | undefined },
): Line<M> {
  // one member of an object is another: the kind of the message is what it was
  const message = { ...line.message, [place]: object } as M;
  return { bytes: spliceLine(line, edits), text: spliceText(line.text, edits), message, sloppy: line.sloppy };
}
