// Says when something that a hostile peer can repeat for ever is worth another word: at 1, 2, 4, 8 … times. Pure, bounded.

const MOST_KINDS = 256;

export class Tally {
  readonly #counts = new Map<string, number>();

  /** Counts one more of `what`; returns the count where it is due to be told, else undefined. */
  count(what: string): number | undefined {
    // INVARIANT: what a peer invents cannot make this grow.
    const key = this.#counts.has(what) || this.#counts.size < MOST_KINDS ? what : '';
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return (count & (count - 1)) === 0 ? count : undefined;
  }
}
