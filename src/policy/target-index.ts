// Which of many patterns match a name, without trying each: exact names by look-up, the others by a rare piece of their
// literal text that the name must hold. Knows nothing of what a match means.
import { compilePattern, type Pattern } from './pattern.ts';

/** UTF-16 units. INVARIANT: nothing longer is found: work on one name is bounded, and what is not found is not granted. */
export const LONGEST_NAME = 8192;

/** Up to so many patterns are tried one by one, which is quicker than looking for pieces. */
const FEW = 48;
const LONGEST_PIECE = 3;

interface Entry<T> {
  readonly pattern: Pattern;
  readonly value: T;
}

const NOTHING: readonly never[] = [];

export class TargetIndex<T> {
  readonly #entries: readonly Entry<T>[];
  readonly #exact = new Map<string, number[]>();
  /** Those with a wildcard that are tried each time. */
  readonly #tried: number[] = [];
  readonly #byPiece = new Map<string, number[]>();
  readonly #pieceLengths: readonly number[];

  /** @param sources in the order in which they are found */
  constructor(sources: readonly { readonly pattern: string; readonly value: T }[]) {
    this.#entries = sources.map(({ pattern, value }) => ({ pattern: compilePattern(pattern), value }));
    const wild: number[] = [];
    for (const [at, { pattern }] of this.#entries.entries()) {
      if (pattern.isExact) push(this.#exact, pattern.source, at);
      else wild.push(at);
    }
    if (wild.length > FEW) this.#spread(wild);
    else this.#tried = wild;
    this.#pieceLengths = [...new Set([...this.#byPiece.keys()].map((piece) => piece.length))];
  }

  /** The values of every pattern that matches, in their order. attacker-controlled: `name`. */
  find(name: string): readonly T[] {
    if (name.length > LONGEST_NAME) return NOTHING;
    const found = this.#exact.get(name) ?? NOTHING;
    const wild = this.#findWild(name);
    if (wild.length === 0 && found.length === 0) return NOTHING;
    const all = found.length === 0 ? wild : [...found, ...wild];
    if (all.length > 1) all.sort((a, b) => a - b);
    const values: T[] = [];
    for (const [index, at] of all.entries()) {
      const entry = this.#entries[at];
      // a piece may stand in a name more than once
      if (entry !== undefined && at !== all[index - 1]) values.push(entry.value);
    }
    return values;
  }

  #findWild(name: string): number[] {
    const found: number[] = [];
    this.#try(this.#tried, name, found);
    for (const length of this.#pieceLengths) {
      for (let from = 0; from + length <= name.length; from += 1) {
        const bucket = this.#byPiece.get(name.slice(from, from + length));
        if (bucket !== undefined) this.#try(bucket, name, found);
      }
    }
    return found;
  }

  #try(candidates: readonly number[], name: string, found: number[]): void {
    for (const at of candidates) if (this.#entries[at]?.pattern.matches(name) === true) found.push(at);
  }

  /** Each pattern goes under the piece of its literal text that the fewest others have. */
  #spread(wild: readonly number[]): void {
    const pieces = wild.map((at) => piecesOf(this.#entries[at]?.pattern.literals ?? []));
    const uses = new Map<string, number>();
    for (const piece of pieces.flat()) uses.set(piece, (uses.get(piece) ?? 0) + 1);
    for (const [index, at] of wild.entries()) {
      let rarest: string | undefined;
      let fewest = Number.POSITIVE_INFINITY;
      for (const piece of pieces[index] ?? []) {
        const used = uses.get(piece) ?? 0;
        if (used < fewest) {
          fewest = used;
          rarest = piece;
        }
      }
      if (rarest === undefined) this.#tried.push(at);
      else push(this.#byPiece, rarest, at);
    }
  }
}

/** Every run of three characters of the literals; of shorter literals, the whole where none is longer. */
function piecesOf(literals: readonly string[]): readonly string[] {
  const length = Math.min(LONGEST_PIECE, Math.max(0, ...literals.map((literal) => literal.length)));
  if (length === 0) return NOTHING;
  const pieces: string[] = [];
  for (const literal of literals) {
    for (let from = 0; from + length <= literal.length; from += 1) pieces.push(literal.slice(from, from + length));
  }
  return pieces;
}

function push(map: Map<string, number[]>, key: string, at: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [at]);
  else list.push(at);
}
