// What a text says once the escapes of JSON, URLs and HTML are read, and where each byte of it stood. However they are mixed, and whichever
// characters an encoder leaves as they are. Pure; knows no secret and no escape by itself.
import { type Escape, isEquals, isMark, readEscape, readQuotedPrintable } from './escapes.ts';

export interface DecodedView {
  readonly bytes: Uint8Array;
  /** Where what is at `start` to `end` of `bytes` stood: whole escapes, `[start, end)`. */
  placeOf(start: number, end: number): { readonly start: number; readonly end: number };
}

/** Undefined where there is nothing to decode. The result is never longer. */
export function decodeView(bytes: Uint8Array): DecodedView | undefined {
  return decodeWith(bytes, isMark, readEscape);
}

/** Of a mail. Undefined where there is nothing to decode. */
export function decodeQuotedPrintable(bytes: Uint8Array): DecodedView | undefined {
  return decodeWith(bytes, isEquals, readQuotedPrintable);
}

function decodeWith(
  bytes: Uint8Array,
  begins: (byte: number | undefined) => boolean,
  read: (bytes: Uint8Array, at: number) => Escape | undefined,
): DecodedView | undefined {
  const decoded = new Uint8Array(bytes.length);
  /** Of each escape: where it is in `decoded`, how long, and from where to where it stood. */
  const marks: number[] = [];
  let length = 0;
  let done = 0;
  for (let at = 0; at < bytes.length; ) {
    const found = begins(bytes[at]) ? read(bytes, at) : undefined;
    if (found === undefined) {
      at += 1;
      continue;
    }
    decoded.set(bytes.subarray(done, at), length);
    length += at - done;
    marks.push(length, found.value.length, found.from, found.to);
    decoded.set(found.value, length);
    length += found.value.length;
    at = found.to;
    done = at;
  }
  if (marks.length === 0) return undefined;
  decoded.set(bytes.subarray(done), length);
  length += bytes.length - done;
  return {
    bytes: decoded.subarray(0, length),
    placeOf: (start, end) => ({ start: placeAt(marks, start).start, end: placeAt(marks, end - 1).end }),
  };
}

/** Of one byte. */
function placeAt(marks: readonly number[], index: number): { start: number; end: number } {
  let [low, high] = [0, marks.length / 4];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle * 4] ?? 0) <= index) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return { start: index, end: index + 1 };
  const [at = 0, size = 0, from = 0, to = 0] = marks.slice(low * 4 - 4, low * 4);
  if (index < at + size) return { start: from, end: to };
  const start = to + index - at - size;
  return { start, end: start + 1 };
}
