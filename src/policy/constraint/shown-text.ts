// How values from arguments and configs stand in the text of a refusal: short, inert, unmistakably quoted. Knows no rule.
import { showInert } from '../../wire/inert-text.ts';
import type { JsonScalar } from '../../wire/json.ts';

const MAX_SHOWN = 80;
const MAX_LISTED = 8;

/** In backticks, none inside, at most 80 characters. attacker-controlled. */
export function quote(text: string): string {
  // cut before and after: what is made visible grows
  const inert = showInert(text.slice(0, MAX_SHOWN * 2)).replaceAll('`', "'");
  const shown = [...inert];
  const cut = text.length > MAX_SHOWN * 2 || shown.length > MAX_SHOWN;
  return `\`${cut ? `${shown.slice(0, MAX_SHOWN).join('')}…` : inert}\``;
}

/** A string in its JSON form, so that `"1"` and `1` differ. */
export function quoteScalar(value: JsonScalar): string {
  return quote(typeof value === 'string' ? JSON.stringify(value) : String(value));
}

/** `a`, `b` or `c`; the rest of a long list is counted. Items are already quoted. */
export function listChoices(items: readonly string[]): string {
  const shown = items.slice(0, MAX_LISTED);
  if (items.length > MAX_LISTED) return `${shown.join(', ')} or ${items.length - MAX_LISTED} more`;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`;
}
