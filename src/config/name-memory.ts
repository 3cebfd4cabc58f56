// Remembers an answer by name, within bounds: the names are attacker-controlled. Knows nothing of what is asked.

export interface MemoryBounds {
  /** So many are remembered; the oldest leaves for another. */
  readonly most: number;
  /** None that is longer, in UTF-16 units. */
  readonly longest: number;
}

export class NameMemory<T> {
  readonly #bounds: MemoryBounds;
  readonly #answers = new Map<string, T>();

  constructor(bounds: MemoryBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** The remembered answer, else the one of `find`. */
  ask(name: string, find: (name: string) => T): T {
    const known = this.#answers.get(name);
    if (known !== undefined) return known;
    const found = find(name);
    if (name.length > this.#bounds.longest) return found;
    const oldest = this.#answers.size < this.#bounds.most ? undefined : this.#answers.keys().next().value;
    if (oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(name, found);
    return found;
  }
}
