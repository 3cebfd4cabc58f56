// What readers make of a text before they look at it as a path: what they trim, and escapes that they decode one by one. Knows no path.

const NOT_ASCII = /[^\0-\x7f]/;
const ESCAPES = /(?:%[0-9a-f]{2})+/gi;
const HIGH_BYTE = /%[89a-f]/i;

/** `[\0-\x20\x7f-\xa0]`: what Java, Python and WHATWG trim between them, beside what `trim` takes. */
function isTrimmed(code: number): boolean {
  return code <= 0x20 || (code >= 0x7f && code <= 0xa0);
}

/** Control characters and blanks of any kind gone at both ends: more than any one reader trims. Linear. */
export function trimWidely(text: string): string {
  let start = 0;
  let end = text.length;
  for (let before = -1; before !== end - start; ) {
    before = end - start;
    while (start < end && isTrimmed(text.charCodeAt(start))) start += 1;
    while (end > start && isTrimmed(text.charCodeAt(end - 1))) end -= 1;
    while (start < end && isBlank(text, start)) start += 1;
    while (end > start && isBlank(text, end - 1)) end -= 1;
  }
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Beyond Latin-1: `U+2003`, `U+FEFF`. */
function isBlank(text: string, at: number): boolean {
  return text.charCodeAt(at) > 0xff && text.charAt(at).trim() === '';
}

/** Without what a set of characters puts before and behind it. Linear. */
export function peel(text: string, before: string, behind: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && before.includes(text.charAt(start))) start += 1;
  while (end > start && behind.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Each escape by itself, bytes that are no UTF-8 as U+FFFD: as Python does. Who refuses such a text opens nothing. */
export function decodeLeniently(text: string): string {
  if (!text.includes('%')) return text;
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  return text.replace(ESCAPES, (run) => {
    if (!HIGH_BYTE.test(run)) return decodeURIComponent(run);
    decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
    const bytes = new Uint8Array(run.length / 3);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = Number.parseInt(run.slice(at * 3 + 1, at * 3 + 3), 16);
    return decoder.decode(bytes);
  });
}

/** Dots alone, as URL readers decode them before they take `..` back: an encoded slash stays part of a name. */
export function decodeSteps(text: string): string {
  return text.includes('%') ? text.replace(/%2e/gi, '.') : text;
}

/** Wide and other compatible forms as the plain ones, and nothing that is invisible. */
export function foldUnicode(text: string): string {
  return NOT_ASCII.test(text) ? text.replace(/\p{Default_Ignorable_Code_Point}/gu, '').normalize('NFKC') : text;
}
