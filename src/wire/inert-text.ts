// Makes text from outside harmless on a terminal and honest to the eye: what is invisible or steers is shown as `\u{…}`.
// Pure; knows no terminal.

// C0, DEL, C1; zero-width and joining; bidi embedding, override, isolate; line and paragraph separators; BOM;
// interlinear annotation; variation selectors; tag characters; lone surrogates.
const STEERING =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\p{Surrogate}]/gu;

/** `text` with every character that could move a cursor, hide or reorder others made visible. attacker-controlled. */
export function showInert(text: string): string {
  return text.replace(STEERING, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
