// Finds where a JSON string ends, in a text and in bytes, and decodes it. Knows nothing of what stands around it.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Up to here bytes are read one by one; longer strings are searched with the native `indexOf`, which costs more to start. */
const SHORT = 64;

/** A half-open range: UTF-16 units of a text, or bytes of a line, as the function that gives it says. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Index of the quote that closes the string opened at `open`; the length of the text where nothing closes it. */
export function findStringEnd(text: string, open: number): number {
  let from = open + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return text.length;
    let before = quote;
    while (before > from && text.charCodeAt(before - 1) === BACKSLASH) before--;
    // INVARIANT: an even run of backslashes escapes only itself, so the quote after it closes.
    if (((quote - before) & 1) === 0) return quote;
    from = quote + 1;
  }
}

/** The same over bytes; `open` is the opening quote. UTF-8 never has 0x22 or 0x5c inside a character. */
export function findStringEndInBytes(bytes: Buffer, open: number): number {
  const length = bytes.length;
  const near = Math.min(open + SHORT, length);
  let from = open + 1;
  for (; from < near; from++) {
    const byte = bytes[from];
    if (byte === QUOTE) return from;
    if (byte === BACKSLASH) from++;
  }
  // A backslash in the last place took its escaped character with it: `from` never stands behind an open escape.
  for (;;) {
    const quote = bytes.indexOf(QUOTE, from);
    if (quote === -1) return length;
    let before = quote;
    while (before > from && bytes[before - 1] === BACKSLASH) before--;
    if (((quote - before) & 1) === 0) return quote;
    from = quote + 1;
  }
}

/** The value of the string literal whose opening and closing quotes stand at `open` and `close`; undefined where it is none. */
export function decodeString(text: string, open: number, close: number): string | undefined {
  return decodeLiteral(text.slice(open + 1, close));
}

/** The value of what stands between the quotes of a JSON string; undefined where it could not stand there. */
export function decodeLiteral(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  try {
    const value: unknown = JSON.parse(`"${raw}"`);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** JSON white space, and nothing else that looks like it. */
export function isSpace(unit: number | undefined): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0d;
}
