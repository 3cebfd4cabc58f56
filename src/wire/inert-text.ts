// Makes text from outside harmless on a terminal and honest to the eye: what is invisible or steers is shown as `\\u{…}`.
// Pure; knows no terminal.

// Control and format characters (C0, C1, bidi, zero-width, tags, BOM), line and paragraph separators, lone surrogates;
// then what draws nothing though it is a letter or a mark: fillers, joiners, variation selectors.
const STEERING =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]|\u034f|\u17b4|\u17b5|[\u180b-\u180f]|[\ufe00-\ufe0f]|[\u{e0000}-\u{e0fff}]/gu;

/** `text` with every character that could move a cursor, hide or reorder others made visible. attacker-controlled. */
export function showInert(text: string): string {
  return text.replace(STEERING, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
