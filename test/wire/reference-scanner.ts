// A second opinion on a line, byte by byte, written apart from src: a recursive descent over RFC 8259. Slow on purpose.

export interface Opinion {
  readonly valid: boolean;
  readonly duplicate: boolean;
  readonly depth: number;
  readonly keys: number;
}

class Bad extends Error {}

/** Judges the bytes of one line without its LF. */
export function judgeBytes(bytes: Uint8Array): Opinion {
  let at = 0;
  let duplicate = false;
  let deepest = 0;
  let keys = 0;

  const fail = (): never => {
    throw new Bad();
  };
  const space = (): void => {
    while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  };
  const take = (byte: number): void => {
    if (bytes[at++] !== byte) fail();
  };
  const word = (text: string): void => {
    for (const char of text) take(char.charCodeAt(0));
  };
  const hex = (): number => {
    let value = 0;
    for (let n = 0; n < 4; n++) {
      const digit = Number.parseInt(String.fromCharCode(bytes[at++] ?? 0), 16);
      if (Number.isNaN(digit)) fail();
      value = value * 16 + digit;
    }
    return value;
  };
  // Table 3-7 of the Unicode Standard.
  const character = (lead: number): string => {
    const tail = (low = 0x80, high = 0xbf): number => {
      const byte = bytes[at++] ?? 0;
      if (byte < low || byte > high) fail();
      return byte & 0x3f;
    };
    if (lead >= 0xc2 && lead <= 0xdf) return String.fromCodePoint(((lead & 0x1f) << 6) | tail());
    if (lead >= 0xe0 && lead <= 0xef) {
      const first = tail(lead === 0xe0 ? 0xa0 : 0x80, lead === 0xed ? 0x9f : 0xbf);
      return String.fromCodePoint(((lead & 0x0f) << 12) | (first << 6) | tail());
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
      const first = tail(lead === 0xf0 ? 0x90 : 0x80, lead === 0xf4 ? 0x8f : 0xbf);
      const second = tail();
      return String.fromCodePoint(((lead & 0x07) << 18) | (first << 12) | (second << 6) | tail());
    }
    return fail();
  };
  const escapes: Readonly<Record<string, string>> = {
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    '"': '"',
    '\\': '\\',
    '/': '/',
  };
  const text = (): string => {
    take(0x22);
    let out = '';
    for (;;) {
      const byte = bytes[at++] ?? fail();
      if (byte === 0x22) return out;
      if (byte < 0x20) fail();
      if (byte === 0x5c) {
        const code = String.fromCharCode(bytes[at++] ?? 0);
        out += code === 'u' ? String.fromCharCode(hex()) : (escapes[code] ?? fail());
      } else out += byte < 0x80 ? String.fromCharCode(byte) : character(byte);
    }
  };
  const digits = (): void => {
    const from = at;
    while ((bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39) at++;
    if (at === from) fail();
  };
  const number = (): void => {
    if (bytes[at] === 0x2d) at++;
    if (bytes[at] === 0x30) at++;
    else digits();
    if (bytes[at] === 0x2e) {
      at++;
      digits();
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
      digits();
    }
  };
  const list = (close: number, depth: number, element: () => void): void => {
    deepest = Math.max(deepest, depth);
    at++;
    space();
    if (bytes[at] === close) {
      at++;
      return;
    }
    for (;;) {
      element();
      space();
      if (bytes[at] === close) break;
      take(0x2c);
      space();
    }
    at++;
  };
  const value = (depth: number): void => {
    space();
    const first = bytes[at];
    if (first === 0x7b) {
      const seen: string[] = [];
      list(0x7d, depth + 1, () => {
        const key = text();
        keys++;
        if (seen.includes(key)) duplicate = true;
        seen.push(key);
        space();
        take(0x3a);
        value(depth + 1);
      });
    } else if (first === 0x5b) list(0x5d, depth + 1, () => value(depth + 1));
    else if (first === 0x22) text();
    else if (first === 0x74) word('true');
    else if (first === 0x66) word('false');
    else if (first === 0x6e) word('null');
    else number();
  };

  let valid = true;
  try {
    value(0);
    space();
    valid = at === bytes.length;
  } catch (error) {
    if (!(error instanceof Bad)) throw error;
    valid = false;
  }
  return { valid, duplicate, depth: deepest, keys };
}
