// Anchored globs, compiled once and asked often: `*` is any run of characters (`/` and a leading dot included), `?` is one;
// case-sensitive, nothing else is special. Knows nothing of what the names are.

export interface Pattern {
  readonly source: string;
  /** No wildcard: it matches its own text and nothing else. */
  readonly isExact: boolean;
  /** What stands between the wildcards, in order; none of them empty. */
  readonly literals: readonly string[];
  /**
   * One pass over the text, allocating nothing; with `?` at most |pattern|·|text| steps. Agrees with `matchPattern` of
   * tool-deadline.ts for all well-formed text. attacker-controlled: `text`.
   */
  matches(text: string): boolean;
}

/** @param source well-formed text: a lone surrogate in it may match half a character */
export function compilePattern(source: string): Pattern {
  const literals = source.split(/[*?]+/).filter((piece) => piece !== '');
  if (!/[*?]/.test(source)) return { source, isExact: true, literals, matches: (text) => text === source };
  const matches = source.includes('?') ? (text: string) => matchesGeneral(source, text) : compileStars(source);
  return { source, isExact: false, literals, matches };
}

function compileStars(source: string): (text: string) => boolean {
  const pieces = source.split('*');
  const head = pieces[0] ?? '';
  const tail = pieces.at(-1) ?? '';
  const inner = pieces.slice(1, -1).filter((piece) => piece !== '');
  const [infix] = inner;
  if (infix === undefined) {
    if (tail === '') return head === '' ? () => true : (text) => text.startsWith(head);
    if (head === '') return (text) => text.endsWith(tail);
  } else if (inner.length === 1 && head === '' && tail === '') return (text) => text.includes(infix);
  return (text) => {
    if (!text.startsWith(head) || !text.endsWith(tail)) return false;
    let from = head.length;
    for (const piece of inner) {
      const found = text.indexOf(piece, from);
      if (found === -1) return false;
      from = found + piece.length;
    }
    // INVARIANT: no character counts twice: `ab*b` is not `ab`
    return from <= text.length - tail.length;
  };
}

const STAR = 42;
const ONE = 63;

/** The last `*` takes one character more each time that what follows it does not fit. */
function matchesGeneral(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const wanted = p < pattern.length ? pattern.charCodeAt(p) : -1;
    if (wanted === STAR) {
      star = p;
      p += 1;
      resume = t;
    } else if (wanted === ONE) {
      p += 1;
      t += widthAt(text, t);
    } else if (wanted === text.charCodeAt(t)) {
      p += 1;
      t += 1;
    } else if (star !== -1) {
      p = star + 1;
      // a `*` that takes half a character leaves the other half to one `?`, as if it had taken none: nothing more matches
      resume += 1;
      t = resume;
    } else return false;
  }
  while (p < pattern.length && pattern.charCodeAt(p) === STAR) p += 1;
  return p === pattern.length;
}

/** UTF-16 units of the character at `index`. */
function widthAt(text: string, index: number): 1 | 2 {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}
