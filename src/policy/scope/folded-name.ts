// What a lenient server, or a person, may take for the name that a denial means: no case, no compatibility form, no accent, nothing
// invisible, no blanks. For denials alone: a grant is of the very name. Decides nothing.
import { foldKey } from '../../wire/confusable.ts';

/** ASCII that folds to itself. */
const PLAIN = /^[!-@[-~]*$/;
const DRAWN_OVER = /[\p{M}\p{Cf}\p{Cc}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

/** Piece by piece the same as of the whole. attacker-controlled: `name`. */
export function foldName(name: string): string {
  if (PLAIN.test(name)) return name;
  return foldKey(name.normalize('NFKD').replace(DRAWN_OVER, '')).replaceAll('\u03c2', '\u03c3');
}

/** The pattern over folded names; undefined where nothing would be left of a piece of it: it would match too much. */
export function foldPattern(pattern: string): string | undefined {
  const pieces = pattern.split(/([*?])/).map((piece) => {
    if (piece === '*' || piece === '?' || piece === '') return piece;
    // a full-width asterisk is no wildcard
    return foldName(piece).replace(/[*?]/g, '') || undefined;
  });
  return pieces.includes(undefined) ? undefined : pieces.join('');
}
