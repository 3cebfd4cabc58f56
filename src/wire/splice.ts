// Changes one value in the text of a line and leaves every other byte alone. Knows JSON's form, nothing of MCP.
import type { Line, RequestId } from './message.ts';
import { decodeString, findStringEnd, isSpace, type Span } from './string-literal.ts';

export interface Edit {
  /** In UTF-16 units of the text. Edits of one text must not overlap. */
  readonly span: Span;
  /** JSON without LF or CR. */
  readonly replacement: string;
}

/**
 * Where the value at `path` stands in `text`, in UTF-16 units; undefined where there is none. Keys are compared decoded.
 *
 * For text that `JSON.parse` accepted and whose objects on the way name no key twice.
 */
export function valueSpan(text: string, path: readonly (string | number)[]): Span | undefined {
  let start = skipSpace(text, 0);
  for (const step of path) {
    const found = typeof step === 'string' ? findMember(text, start, step) : findElement(text, start, step);
    if (found === undefined) return undefined;
    start = found;
  }
  return { start, end: skipValue(text, start) };
}

/** The text with each span replaced. Throws a RangeError where spans overlap or lie outside: nothing is guessed. */
export function spliceText(text: string, edits: readonly Edit[]): string {
  let out = '';
  let from = 0;
  for (const { span, replacement } of sortEdits(text, edits)) {
    out += text.slice(from, span.start) + replacement;
    from = span.end;
  }
  return out + text.slice(from);
}

/** The line with each span of its text replaced, ready to be forwarded, LF included. */
export function spliceLine(line: Line, edits: readonly Edit[]): Buffer {
  // INVARIANT: as many bytes as units means ASCII, where a unit is a byte; else lengths are counted piece by piece.
  const ascii = line.bytes.length === line.text.length + 1;
  const pieces: Buffer[] = [];
  let from = 0;
  let byteFrom = 0;
  const byteLength = (start: number, end: number): number =>
    ascii ? end - start : Buffer.byteLength(line.text.slice(start, end));
  for (const { span, replacement } of sortEdits(line.text, edits)) {
    const byteStart = byteFrom + byteLength(from, span.start);
    pieces.push(line.bytes.subarray(byteFrom, byteStart), Buffer.from(replacement));
    byteFrom = byteStart + byteLength(span.start, span.end);
    from = span.end;
  }
  pieces.push(line.bytes.subarray(byteFrom));
  return Buffer.concat(pieces);
}

/** The line under another id. Throws a RangeError where it has none. */
export function replaceId(line: Line, id: RequestId): Buffer {
  const span = valueSpan(line.text, ['id']);
  if (span === undefined) throw new RangeError('the line has no `id` to replace');
  return spliceLine(line, [{ span, replacement: JSON.stringify(id) }]);
}

/** Edits that take the elements at `indexes` out of the array at `array`; the others keep their order and their bytes. One that it does not have is ignored. */
export function removalEdits(text: string, array: Span, indexes: ReadonlySet<number>): readonly Edit[] {
  return removeRuns(elementSpans(text, array), (at) => indexes.has(at));
}

/** Edits that take the members named in `keys` out of the object at `object`; the others keep their order and their bytes. */
export function memberRemovalEdits(text: string, object: Span, keys: ReadonlySet<string>): readonly Edit[] {
  const members = memberSpans(text, object);
  return removeRuns(
    members.map(({ span }) => span),
    (at) => {
      const key = members[at]?.key;
      return key !== undefined && keys.has(key);
    },
  );
}

function removeRuns(spans: readonly Span[], isRemoved: (at: number) => boolean): readonly Edit[] {
  const edits: Edit[] = [];
  let kept = -1;
  for (let at = 0; at < spans.length; ) {
    if (!isRemoved(at)) {
      kept = at++;
      continue;
    }
    let end = at;
    while (end + 1 < spans.length && isRemoved(end + 1)) end++;
    const next = spans[end + 1];
    const before = spans[kept];
    const first = spans[at];
    const last = spans[end];
    if (first === undefined || last === undefined) break;
    // A run takes the comma behind it along, the last run the comma before it, a run of all neither.
    const start = next === undefined && before !== undefined ? before.end : first.start;
    edits.push({ span: { start, end: next?.start ?? last.end }, replacement: '' });
    at = end + 1;
  }
  return edits;
}

/** The elements of the array at `array`. */
export function elementSpans(text: string, array: Span): readonly Span[] {
  const spans: Span[] = [];
  if (text[array.start] !== '[') return spans;
  let at = skipSpace(text, array.start + 1);
  while (at < array.end && text[at] !== ']') {
    const end = skipValue(text, at);
    spans.push({ start: at, end });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return spans;
}

/** The members of the object at `object`: each from its key to the end of its value. Keys are decoded. */
function memberSpans(text: string, object: Span): readonly { readonly key: string | undefined; readonly span: Span }[] {
  const members: { key: string | undefined; span: Span }[] = [];
  if (text[object.start] !== '{') return members;
  let at = skipSpace(text, object.start + 1);
  while (text[at] === '"') {
    const close = findStringEnd(text, at);
    const end = skipValue(text, skipSpace(text, skipSpace(text, close + 1) + 1));
    members.push({ key: decodeString(text, at, close), span: { start: at, end } });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

function sortEdits(text: string, edits: readonly Edit[]): readonly Edit[] {
  const sorted = [...edits].sort((a, b) => a.span.start - b.span.start);
  let from = 0;
  for (const { span } of sorted) {
    if (span.start < from || span.end < span.start || span.end > text.length) {
      throw new RangeError('edits must lie inside the text and must not overlap');
    }
    from = span.end;
  }
  return sorted;
}

function findMember(text: string, object: number, key: string): number | undefined {
  if (text[object] !== '{') return undefined;
  let at = skipSpace(text, object + 1);
  while (text[at] === '"') {
    const close = findStringEnd(text, at);
    const value = skipSpace(text, skipSpace(text, close + 1) + 1);
    if (decodeString(text, at, close) === key) return value;
    at = skipSpace(text, skipValue(text, value));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return undefined;
}

function findElement(text: string, array: number, index: number): number | undefined {
  if (text[array] !== '[') return undefined;
  let at = skipSpace(text, array + 1);
  for (let seen = 0; at < text.length && text[at] !== ']'; seen++) {
    if (seen === index) return at;
    at = skipSpace(text, skipValue(text, at));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return undefined;
}

/** Index behind the value that begins at `start`. */
function skipValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return findStringEnd(text, start) + 1;
  if (first !== '{' && first !== '[') {
    let at = start;
    while (at < text.length && !isSpace(text.charCodeAt(at)) && !',]}'.includes(text.charAt(at))) at++;
    return at;
  }
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = findStringEnd(text, at);
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}
