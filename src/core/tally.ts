// Says when something that a hostile peer can repeat for ever is worth another record: at 1, 2, 4, 8 … times. Pure.

export class Tally {
  readonly #counts = new Map<string, number>();

  /** Counts one more of `what`; returns the count where it is due for a record, else undefined. */
  count(what: string): number | undefined {
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    return (count & (count - 1)) === 0 ? count : undefined;
  }
}
