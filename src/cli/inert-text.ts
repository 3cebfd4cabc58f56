// Makes untrusted text safe to show on a terminal: whatever could steer it, hide, or reorder what is read becomes
// visible as `\u{…}`. Knows nothing of what the text means.

/**
 * Controls (C0, DEL, C1), format characters (bidi, zero-width, tags, soft hyphen), lone surrogates, private use,
 * unassigned, line and paragraph separators; then what is a letter or mark by class and still draws nothing: joiners,
 * Hangul fillers, Khmer and Mongolian fillers, braille blank, variation selectors.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points are meant
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/gu;
/** More marks on one letter than any language needs: they would draw over the lines around. */
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;

/** One line: line breaks and tabs become visible, too. attacker-controlled: `text`. */
export function makeInert(text: string): string {
  return text.replace(UNSAFE, escapeCharacter).replace(STACKED_MARKS, '$1…');
}

/** As `makeInert`, but LF stays a line break and TAB becomes two blanks. */
export function makeInertLines(text: string): string {
  return text
    .split('\n')
    .map((line) => makeInert(line.replaceAll('\t', '  ')))
    .join('\n');
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
