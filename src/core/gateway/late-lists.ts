// Lists of servers that are slower than anybody waits: what came too late is kept for the next asking, and stands in for what does
// not come in time again. INVARIANT: only the first page, as the server's session let it pass, and nothing that a changed policy, a
// restart or the server's own word has made doubtful.
import { isJsonObject } from '../../wire/json.ts';
import type { Line, ResponseMessage } from '../../wire/message.ts';
import { valueSpan } from '../../wire/splice.ts';
import type { ListName } from '../interceptor.ts';
import type { Lane } from './lane.ts';
import type { ListKind } from './settings.ts';

const KINDS_OF: Readonly<Record<ListName, readonly ListKind[]>> = {
  tools: ['tools'],
  prompts: ['prompts'],
  resources: ['resources', 'resourceTemplates'],
};

/** @returns whether the client may see another list by it than it has seen */
export function keepLate(lane: Lane, kind: ListKind, line: Line<ResponseMessage>): boolean {
  if (!lane.takesLines || !isJsonObject(line.message.result)) return false;
  const before = lane.late.get(kind);
  if (before !== undefined && resultOf(before.line) === resultOf(line)) return false;
  // one that cannot be kept would be told of after each asking, and seen after none
  return lane.keepLate(kind, { line, isNew: true });
}

/** It is answered for without being asked: what it said last came too late. */
export function isAnsweredFor(lane: Lane, kind: ListKind): boolean {
  return lane.takesLines && lane.late.get(kind)?.isNew === true;
}

/** What the client is shown of it where it has not answered. */
export function takeLate(lane: Lane, kind: ListKind): Line<ResponseMessage> | undefined {
  const late = lane.takesLines ? lane.late.get(kind) : undefined;
  if (late?.isNew === true) lane.late.set(kind, { line: late.line, isNew: false });
  return late?.line;
}

/** It was quick enough this time. Of one that once was not, the newest stands in. */
export function noteInTime(lane: Lane, kind: ListKind, line: Line<ResponseMessage>): void {
  if (lane.late.has(kind)) lane.keepLate(kind, { line, isNew: false });
}

/** It may be another one by now. */
export function forgetLate(lane: Lane, list: ListName): void {
  for (const kind of KINDS_OF[list]) lane.late.delete(kind);
}

function resultOf({ text }: Line<ResponseMessage>): string {
  const span = valueSpan(text, ['result']);
  return span === undefined ? text : text.slice(span.start, span.end);
}
