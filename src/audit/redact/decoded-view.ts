// What a text says once the escapes of JSON, URLs and HTML are read, and where each byte of it stood. However they are mixed, and whichever
// characters an encoder leaves as they are. Pure; knows no secret. Lenient on purpose: nothing is handed on in this form, it is only searched.

export interface DecodedView {
  readonly bytes: Uint8Array;
  /** Where what is at `start` to `end` of `bytes` stood: whole escapes, `[start, end)`. */
  placeOf(start: number, end: number): { readonly start: number; readonly end: number };
}

interface Escape {
  /** Of the text: where it may be cut without leaving half an escape. */
  readonly from: number;
  readonly to: number;
  readonly value: readonly number[];
}

const [BACKSLASH, PERCENT, AMPERSAND, CR, LF] = [0x5c, 0x25, 0x26, 0x0d, 0x0a];
/** A line whose last bytes, so many, are all Base64 may go on in the next: programs wrap it at 60 to 76. */
export const WRAPPED_LINE = 32;
/** Escapes of escapes: JSON in JSON in JSON has eight. */
const MOST_BACKSLASHES = 8;
const MOST_NESTED = 4;
const ENTITY = /^(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});/;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Undefined where there is nothing to decode. The result is never longer. */
export function decodeView(bytes: Uint8Array): DecodedView | undefined {
  const decoded = new Uint8Array(bytes.length);
  /** Of each escape: where it is in `decoded`, how long, and from where to where it stood. */
  const marks: number[] = [];
  let length = 0;
  let done = 0;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at];
    const isMark = byte === BACKSLASH || byte === PERCENT || byte === AMPERSAND || byte === LF || byte === CR;
    const found = isMark ? readEscape(bytes, at) : undefined;
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

function readEscape(bytes: Uint8Array, at: number): Escape | undefined {
  if (bytes[at] === BACKSLASH) return readBackslashes(bytes, at);
  if (bytes[at] === LF || bytes[at] === CR) return readBreak(bytes, at);
  return bytes[at] === PERCENT ? readPercent(bytes, at) : readEntity(bytes, at);
}

/** Between two lines of Base64 a line break is nothing. */
function readBreak(bytes: Uint8Array, at: number): Escape | undefined {
  const to = bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at + 1;
  return mayGoOn(bytes, at) && isBase64(bytes[to]) ? { from: at, to, value: [] } : undefined;
}

/** Whether the line that ends in front of `at` may be one of Base64 that goes on in the next. */
export function mayGoOn(bytes: Uint8Array, at: number): boolean {
  for (let index = at - WRAPPED_LINE; index < at; index += 1) if (!isBase64(bytes[index])) return false;
  return true;
}

/** Of both alphabets; not the padding, which ends it. */
function isBase64(byte = 0): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return isDigit || isLetter || byte === 0x2b || byte === 0x2f || byte === 0x2d || byte === 0x5f;
}

/** However many there are: they are doubled each time a text is put into a text. A line break is nothing: Base64 is wrapped with it. */
function readBackslashes(bytes: Uint8Array, at: number): Escape | undefined {
  let end = at;
  while (end < at + MOST_BACKSLASHES && bytes[end] === BACKSLASH) end += 1;
  const count = end - at;
  // an even number is pairs: what is left of them stays pairs
  const from = end - (count % 2 === 0 ? 2 : 1);
  const next = String.fromCharCode(bytes[end] ?? 0);
  if (next === 'n' || next === 'r') return { from, to: end + 1, value: [] };
  if (next === '"' || next === '/' || next === "'") return { from, to: end + 1, value: [next.charCodeAt(0)] };
  const unit = next === 'u' ? readHex(bytes, end + 1, 4) : undefined;
  if (unit === undefined) return count === 1 ? undefined : { from: at, to: end, value: [BACKSLASH] };
  const to = end + 5;
  if (unit < 0xd800 || unit > 0xdfff) return { from, to, value: encode(unit) };
  let second = to;
  while (second < to + MOST_BACKSLASHES && bytes[second] === BACKSLASH) second += 1;
  const low = second > to && bytes[second] === 0x75 ? readHex(bytes, second + 1, 4) : undefined;
  const isPair = unit < 0xdc00 && low !== undefined && low >= 0xdc00 && low <= 0xdfff;
  // half a pair is no text
  return isPair
    ? { from, to: second + 5, value: encode(0x10000 + (unit - 0xd800) * 0x400 + low - 0xdc00) }
    : { from, to, value: encode(0xfffd) };
}

/** `%2F`, and `%252F` of what was encoded once more. */
function readPercent(bytes: Uint8Array, at: number): Escape | undefined {
  let digits = at + 1;
  let byte = readHex(bytes, digits, 2);
  for (let nested = 0; nested < MOST_NESTED && byte === PERCENT; nested += 1) {
    const inner = readHex(bytes, digits + 2, 2);
    if (inner === undefined) break;
    digits += 2;
    byte = inner;
  }
  return byte === undefined ? undefined : { from: at, to: digits + 2, value: [byte] };
}

function readEntity(bytes: Uint8Array, at: number): Escape | undefined {
  const text = String.fromCharCode(...bytes.subarray(at + 1, at + 12 + MOST_NESTED * 4));
  let skipped = 0;
  let found = ENTITY.exec(text)?.[0];
  for (let nested = 0; nested < MOST_NESTED && found === 'amp;'; nested += 1) {
    const inner = ENTITY.exec(text.slice(skipped + found.length))?.[0];
    if (inner === undefined) break;
    skipped += found.length;
    found = inner;
  }
  if (found === undefined) return undefined;
  const name = found.slice(0, -1);
  const point = name.startsWith('#') ? Number(name.slice(1).replace(/^[xX]/, '0x')) : undefined;
  if (point !== undefined && point > 0x10ffff) return undefined;
  const value = point === undefined ? encode((NAMED[name] ?? '').charCodeAt(0)) : encode(point);
  return { from: at, to: at + 1 + skipped + found.length, value };
}

function readHex(bytes: Uint8Array, at: number, count: number): number | undefined {
  let value = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = Number.parseInt(String.fromCharCode(bytes[index] ?? 0), 16);
    if (Number.isNaN(digit)) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

function encode(point: number): readonly number[] {
  return [...new TextEncoder().encode(String.fromCodePoint(point))];
}
