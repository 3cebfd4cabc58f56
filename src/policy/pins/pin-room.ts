// How much of one server's definitions is kept, in a session and from one to the next. What does not fit cannot be compared, and so is
// out of use. INVARIANT: what was seen first and last together fit the file of seen-pins.ts, whatever a server lists. Pure.
import { utf8Length } from '../../wire/utf8-length.ts';
import type { Definition } from './definition.ts';

const MOST_TOOLS = 20_000;
/** Of all definitions as JSON in UTF-8. Ten thousand tools of a thousand characters fit. */
const MOST_BYTES = 12_000_000;
/** UTF-16 units. Longer instructions are withheld. */
export const LONGEST_INSTRUCTIONS = 500_000;

export class PinRoom {
  #tools = MOST_TOOLS;
  #bytes = MOST_BYTES;

  /** False once something did not fit: from then on nothing does, so that it matters little in what order things come. */
  take({ name, fields }: Definition): boolean {
    this.#tools -= 1;
    if (this.#tools >= 0 && this.#bytes >= 0) this.#bytes -= utf8Length(JSON.stringify({ name, ...fields })) + 1;
    return !this.isFull;
  }

  get isFull(): boolean {
    return this.#tools < 0 || this.#bytes < 0;
  }
}
