// Makes untrusted text safe to show on the screens of commands. Knows nothing of what the text means.
import { showInert } from '../wire/inert-text.ts';

/** Beyond what `showInert` makes visible: any format character, private use, unassigned, and the braille blank. */
const UNREADABLE = /[\p{Cf}\p{Co}\p{Cn}\u2800]/gu;
/** More marks on one letter than any language needs: they would draw over the lines around. */
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;

/** One line: line breaks and tabs become visible, too. attacker-controlled: `text`. */
export function makeInert(text: string): string {
  return showInert(text)
    .replace(UNREADABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(STACKED_MARKS, '$1…');
}

/** As `makeInert`, but LF stays a line break and TAB becomes two blanks. */
export function makeInertLines(text: string): string {
  return text
    .split('\n')
    .map((line) => makeInert(line.replaceAll('\t', '  ')))
    .join('\n');
}
