// How much of one server's definitions is kept, in a session and from one to the next. What does not fit cannot be compared, and so is
// out of use. INVARIANT: what was seen first and last together fit the file of seen-pins.ts, whatever a server lists. Pure.
import type { Definition } from './definition.ts';

const MOST_TOOLS = 20_000;
/** UTF-16 units of all definitions as JSON; each is at most three bytes. */
const MOST_LENGTH = 4_000_000;
/** UTF-16 units. Longer instructions are withheld. */
export const LONGEST_INSTRUCTIONS = 500_000;

export class PinRoom {
  #tools = MOST_TOOLS;
  #length = MOST_LENGTH;

  /** False once something did not fit: from then on nothing does, so that it matters little in what order things come. */
  take({ name, fields }: Definition): boolean {
    this.#tools -= 1;
    if (this.#tools >= 0 && this.#length >= 0) this.#length -= JSON.stringify({ name, ...fields }).length + 1;
    return !this.isFull;
  }

  get isFull(): boolean {
    return this.#tools < 0 || this.#length < 0;
  }
}
