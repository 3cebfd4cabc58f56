// How many bytes a text takes as UTF-8, without making them. Knows nothing else.

/** A lone surrogate counts as three bytes, which is what replaces it; `JSON.stringify` leaves none. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  if (/^[\x00-\x7f]*$/.test(text)) return bytes;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // each half of a pair makes two of its four
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
