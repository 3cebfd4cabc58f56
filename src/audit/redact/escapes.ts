// How one escape of a text is read: backslashes, `%XX`, entities of HTML, doubled quotes, `=XX`, and breaks within Base64. Pure; knows no
// secret and no view. Lenient on purpose: what it reads is only searched.

export interface Escape {
  /** Of the text: where it may be cut without leaving half an escape. */
  readonly from: number;
  readonly to: number;
  readonly value: readonly number[];
}

const [BACKSLASH, PERCENT, AMPERSAND, EQUALS, CR, LF] = [0x5c, 0x25, 0x26, 0x3d, 0x0d, 0x0a];
const [QUOTE, APOSTROPHE, SPACE, TAB] = [0x22, 0x27, 0x20, 0x09];
/** A line whose last bytes, so many, are all Base64 may go on in the next: programs wrap it at 60 to 76. */
export const WRAPPED_LINE = 32;
/** Of a line that goes on in LDIF or YAML. */
const MOST_INDENTED = 16;
/** Escapes of escapes: JSON in JSON in JSON has eight. */
const MOST_BACKSLASHES = 8;
const MOST_NESTED = 4;
const ENTITY = /^(?:#\d{1,8};|#[xX][0-9a-fA-F]{1,8};|[A-Za-z]{2,7};|(?:amp|lt|gt|quot|AMP|LT|GT|QUOT))/;
/** Those of ASCII. Source: the HTML standard, 13.5. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', AMP: '&', LT: '<', GT: '>', QUOT: '"', apos: "'", commat: '@', sol: '/' },
  ...{
    lpar: '(',
    rpar: ')',
    excl: '!',
    ast: '*',
    plus: '+',
    equals: '=',
    num: '#',
    dollar: '$',
    percnt: '%',
    colon: ':',
  },
  ...{ semi: ';', quest: '?', lsqb: '[', rsqb: ']', lbrack: '[', rbrack: ']', bsol: '\\', Hat: '^', lowbar: '_' },
  ...{ grave: '`', lcub: '{', rcub: '}', lbrace: '{', rbrace: '}', verbar: '|', vert: '|', comma: ',', period: '.' },
};

/** Whether an escape may begin with it. */
export function isMark(byte: number | undefined): boolean {
  const isQuote = byte === QUOTE || byte === APOSTROPHE;
  return byte === BACKSLASH || byte === PERCENT || byte === AMPERSAND || byte === LF || byte === CR || isQuote;
}

export function readEscape(bytes: Uint8Array, at: number): Escape | undefined {
  if (bytes[at] === BACKSLASH) return readBackslashes(bytes, at);
  if (bytes[at] === LF || bytes[at] === CR) return readBreak(bytes, at);
  if (bytes[at] === QUOTE || bytes[at] === APOSTROPHE) return readDoubled(bytes, at);
  return bytes[at] === PERCENT ? readPercent(bytes, at) : readEntity(bytes, at);
}

export function isEquals(byte: number | undefined): boolean {
  return byte === EQUALS;
}

/** Of quoted-printable: by itself, because `=` and two digits are far more often none. */
export function readQuotedPrintable(bytes: Uint8Array, at: number): Escape | undefined {
  if (bytes[at + 1] === LF) return { from: at, to: at + 2, value: [] };
  if (bytes[at + 1] === CR && bytes[at + 2] === LF) return { from: at, to: at + 3, value: [] };
  const byte = readHex(bytes, at + 1, 2);
  return byte === undefined ? undefined : { from: at, to: at + 3, value: [byte] };
}

/** SQL, YAML, PowerShell and CSV double a quote. */
function readDoubled(bytes: Uint8Array, at: number): Escape | undefined {
  const byte = bytes[at];
  return byte !== undefined && bytes[at + 1] === byte ? { from: at, to: at + 2, value: [byte] } : undefined;
}

/** Between two lines of Base64 a line break is nothing, and what the next one is indented by. */
function readBreak(bytes: Uint8Array, at: number): Escape | undefined {
  let to = bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at + 1;
  const last = to + MOST_INDENTED;
  while (to < last && (bytes[to] === SPACE || bytes[to] === TAB)) to += 1;
  return isWrapped(bytes, at) && isBase64(bytes[to]) ? { from: at, to, value: [] } : undefined;
}

/** Whether what the line in front of `at` ends with may go on in the next: Base64, or a soft break of a mail. */
export function mayGoOn(bytes: Uint8Array, at: number): boolean {
  return bytes[at - 1] === EQUALS || isWrapped(bytes, at);
}

function isWrapped(bytes: Uint8Array, at: number): boolean {
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
  const coded = unit === undefined ? readCoded(bytes, end) : undefined;
  if (coded !== undefined) return { from, ...coded };
  // as a shell is given it
  if (unit === undefined && count % 2 === 1 && /^[ -/:-@[\]-`{-~]$/.test(next))
    return { from, to: end + 1, value: [next.charCodeAt(0)] };
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

/** `x2f`, `057`, `u{2f}` and `U0000002f` behind a backslash. */
function readCoded(bytes: Uint8Array, at: number): Omit<Escape, 'from'> | undefined {
  const text = String.fromCharCode(...bytes.subarray(at, at + 12));
  const octal = /^[0-3]?[0-7]{1,2}/.exec(text)?.[0];
  if (octal !== undefined) return { to: at + octal.length, value: [Number.parseInt(octal, 8)] };
  const [whole, byte, braced, long] =
    /^(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,8})\}|U([0-9a-fA-F]{8}))/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const point = Number.parseInt(byte ?? braced ?? long ?? '', 16);
  if (point > 0x10ffff) return undefined;
  return { to: at + whole.length, value: byte === undefined ? encode(point) : [point] };
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
  const text = String.fromCharCode(...bytes.subarray(at + 1, at + 13 + MOST_NESTED * 4));
  let skipped = 0;
  let found = ENTITY.exec(text)?.[0];
  for (let nested = 0; nested < MOST_NESTED && (found === 'amp;' || found === 'AMP;'); nested += 1) {
    const inner = ENTITY.exec(text.slice(skipped + found.length))?.[0];
    if (inner === undefined) break;
    skipped += found.length;
    found = inner;
  }
  if (found === undefined) return undefined;
  const name = found.replace(';', '');
  const point = name.startsWith('#') ? Number(name.slice(1).replace(/^[xX]/, '0x')) : undefined;
  if (point !== undefined && point > 0x10ffff) return undefined;
  const named = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  if (point === undefined && named === undefined) return undefined;
  const value = encode(point ?? named?.charCodeAt(0) ?? 0);
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
