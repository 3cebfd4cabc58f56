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

/** In UTF-16 units: enough to know what was meant. */
const LONGEST_QUOTE = 200;

/**
 * Words of somebody else inside a sentence of the guard: cut, on one line, and in backticks that they cannot close.
 * INVARIANT: whatever they say, nothing of them reads as the guard's own. attacker-controlled.
 */
export function quoteForeign(text: string, most = LONGEST_QUOTE): string {
  return `\`${cutForeign(text, most).replaceAll('`', "'")}\``;
}

/** In UTF-16 units: longer than any honest name. */
const LONGEST_NAME = 128;

/** A name for a place that has its backticks already: cut, on one line, and without any of its own. attacker-controlled. */
export function inertName(name: string): string {
  return cutForeign(name, LONGEST_NAME).replaceAll('`', "'");
}

/** As `quoteForeign`, where the sentence is not the guard's own and has no quotes. attacker-controlled. */
export function cutForeign(text: string, most = LONGEST_QUOTE): string {
  return showInert(text.length > most ? `${text.slice(0, most)}…` : text);
}
