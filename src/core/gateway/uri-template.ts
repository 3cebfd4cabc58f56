// A resource template as a pattern: what stands between its expressions, and whether a URI fits. In linear time whatever a server
// writes: the search of the runtime is not. Pure and bounded. attacker-controlled: templates and URIs.

/** In UTF-16 units. */
const LONGEST_TEMPLATE = 2_048;
const LONGEST_URI = 4_096;

interface Literal {
  readonly text: string;
  /** Of each beginning of it, how much of its end is a beginning, too (Knuth, Morris, Pratt 1977). */
  readonly borders: readonly number[];
}

export interface UriTemplate {
  readonly first: string;
  readonly inner: readonly Literal[];
  /** Undefined: it has no expression. */
  readonly last: string | undefined;
  /** How much of a URI it says, in UTF-16 units. */
  readonly length: number;
}

/** Undefined where it claims nothing: it is too long, or does not name a scheme. */
export function readTemplate(text: string): UriTemplate | undefined {
  if (text.length > LONGEST_TEMPLATE) return undefined;
  const [first = '', ...rest] = text.split(/\{[^{}]*\}/);
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(first)) return undefined;
  const inner = rest
    .slice(0, -1)
    .filter((literal) => literal !== '')
    .map((literal) => ({ text: literal, borders: bordersOf(literal) }));
  const length = rest.reduce((sum, literal) => sum + literal.length, first.length);
  return { first, inner, last: rest.at(-1), length };
}

/** Each literal in its place, anything between. */
export function fits({ first, inner, last }: UriTemplate, uri: string): boolean {
  if (uri.length > LONGEST_URI || !uri.startsWith(first)) return false;
  if (last === undefined) return uri === first;
  let at = first.length;
  for (const literal of inner) {
    const found = endOf(literal, uri, at);
    if (found === undefined) return false;
    at = found;
  }
  return uri.length - last.length >= at && uri.endsWith(last);
}

/** Where the next one ends. */
function endOf({ text, borders }: Literal, uri: string, from: number): number | undefined {
  let held = 0;
  for (let at = from; at < uri.length; at += 1) {
    held = continued(text, borders, held, uri.charCodeAt(at));
    if (held === text.length) return at + 1;
  }
  return undefined;
}

function bordersOf(text: string): readonly number[] {
  const borders = [0];
  let held = 0;
  for (let at = 1; at < text.length; at += 1) {
    held = continued(text, borders, held, text.charCodeAt(at));
    borders.push(held);
  }
  return borders;
}

/** How much of the literal is there after one more unit. */
function continued(text: string, borders: readonly number[], before: number, unit: number): number {
  let held = before;
  while (held > 0 && text.charCodeAt(held) !== unit) held = borders[held - 1] ?? 0;
  return text.charCodeAt(held) === unit ? held + 1 : 0;
}
