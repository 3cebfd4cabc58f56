// Ids for what the guard itself asks, or asks under another id than its client did. Knows no server and no table.
import type { RequestId } from '../wire/message.ts';

/** Of the kind that the client uses, far above what it has used. */
export class GuardIds {
  readonly #tag: string;
  #next = 0;

  /** @param tag unguessable, so that nobody can take the id before */
  constructor(tag: string) {
    this.#tag = tag;
  }

  /**
   * @param highest the highest integer id that the client has used
   * @param sample any id of the client's
   * @param isFree whether an id is neither open nor may still be answered
   */
  next(highest: number, sample: RequestId | undefined, isFree: (id: RequestId) => boolean): RequestId {
    for (;;) {
      this.#next += 1;
      const number = highest + 1_000_000_000 + this.#next;
      const asText = typeof sample === 'string' || !Number.isSafeInteger(number);
      const id = asText ? `mcp-guard/${this.#tag}/${this.#next}` : number;
      if (isFree(id)) return id;
    }
  }
}
