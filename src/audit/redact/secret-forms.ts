// The texts in which a secret may turn up: as it is, and in the encodings that programs use without a thought. Pure; knows no record.

/** Shorter secrets are not masked: they would be found everywhere. In UTF-16 units. */
const SHORTEST_SECRET = 8;

/** A longer line is looked for in pieces of this size, so that no form is too long to be held back in a stream. */
export const PIECE = 256;

/**
 * Every form of each line of `value` that is worth masking; empty where all are too short. Base64 (both alphabets, at all three
 * alignments, so that it is found inside a longer text: `user:secret`), Base64 of Base64, of UTF-16 and of what was escaped, hex with and without separators, lists of bytes, percent-encoded, JSON-escaped
 * once and twice, quoted for a shell. Escapes of single characters, whichever, are decoded-view.ts's matter. What a hostile program makes of it on purpose (reversed, compressed, cut in two) is none of them. INVARIANT: no form holds a line break.
 */
export function listForms(value: string): readonly string[] {
  const lines = value.toWellFormed().split(/[\r\n]+/);
  const pieces = lines.filter(({ length }) => length >= SHORTEST_SECRET).flatMap(cutLine);
  return [...new Set(pieces.flatMap(formsOf))];
}

/** The last piece is whole, too: it overlaps the one before. */
function cutLine(line: string): readonly string[] {
  if (line.length <= PIECE) return [line];
  const starts = Array.from({ length: Math.floor(line.length / PIECE) }, (_, index) => index * PIECE);
  return [...starts, line.length - PIECE].map((start) => line.slice(start, start + PIECE).toWellFormed());
}

function formsOf(text: string): readonly string[] {
  const bytes = new TextEncoder().encode(text);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const escaped = escapeJson(text);
  const units = unicodeEscapes(text, true);
  const percent = encodeURIComponent(text);
  const shell = text.replaceAll("'", "'\\''");
  const plain = [text, ...alignments(bytes), hex, hex.toUpperCase()];
  // what was written by one encoder, whole, and by the next in Base64: Kubernetes, PowerShell, basic authentication
  const inner = [escaped, percent, escapeHtml(text)]
    .filter((one) => one !== text)
    .map((one) => new TextEncoder().encode(one));
  const twice = alignments(bytes).map((one) => new TextEncoder().encode(one));
  const lists = [',', ', '].flatMap((mark) => [bytes.join(mark), Array.from(bytes, hexOf).join(mark)]);
  return [
    ...plain,
    ...[...inner, ...twice, utf16(text)].flatMap(alignments),
    // a host name, for one, has no case
    ...[text.toLowerCase(), text.toUpperCase(), ...lists],
    ...plain.map((one) => one.replaceAll('/', '\\/')),
    ...[escaped, escapeJson(escaped), units, units.toUpperCase().replaceAll('\\U', '\\u')],
    ...[unicodeEscapes(escaped, false), escaped.replaceAll('/', '\\/')],
    ...[percent, lowerPercent(percent), percent.replaceAll('%20', '+')],
    ...[text.replaceAll(' ', '+'), shell, escapeJson(shell)],
    ...[':', ' ', '-'].flatMap((mark) => [apart(hex, mark), apart(hex.toUpperCase(), mark)]),
    ...[hex.replace(/../g, '%$&'), hex.toUpperCase().replace(/../g, '%$&')],
  ];
}

/** The characters of a Base64 text that depend on these bytes alone, wherever in three bytes they begin. */
function alignments(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = btoa('\0'.repeat(shift) + Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    const own = text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** Little-endian, as Windows has it. */
function utf16(text: string): Uint8Array {
  return Uint8Array.from(
    { length: text.length * 2 },
    (_, index) => (text.charCodeAt(index >> 1) >> (8 * (index % 2))) & 255,
  );
}

function hexOf(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (one) => names[one] ?? one);
}

function apart(hex: string, mark: string): string {
  return hex.replace(/..(?=.)/g, `$&${mark}`);
}

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** `\u00e9`, for everything or for what is no ASCII. */
function unicodeEscapes(text: string, all: boolean): string {
  return text.replace(all ? /[\s\S]/g : /[^\0-\x7f]/g, (unit) =>
    Array.from(
      { length: unit.length },
      (_, index) => `\\u${unit.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

function lowerPercent(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}
