// What was seen of one server: its definitions over all pages, and its instructions where a handshake showed them. Puts pages
// together; compares nothing, knows no file. attacker-controlled: everything in it.
import type { Json } from '../../wire/json.ts';
import { type Definition, readDefinition } from './definition.ts';
import type { PinSet } from './pin-set.ts';

export interface SeenSet {
  readonly pins: PinSet;
  /** False: no handshake was seen, so `pins.instructions` says nothing. */
  readonly hasInstructions: boolean;
}

/** Definitions that are kept of one server. */
export const MOST_TOOLS = 20_000;

/** One reading of `tools/list`, from its first page to its last. */
export class Listing {
  #tools = new Map<string, Definition>();
  /** The cursor that the next page is asked for with; undefined: nothing is under way. */
  #next: string | undefined;

  /**
   * @param cursor what the page was asked for with; undefined: it is a first page
   * @param next the cursor that it names @returns everything, where this was the last page of a list that was seen from its start
   */
  take(
    cursor: string | undefined,
    entries: readonly Json[],
    next: string | undefined,
  ): ReadonlyMap<string, Definition> | undefined {
    if (cursor === undefined) this.#tools = new Map();
    else if (cursor !== this.#next) return undefined;
    this.#next = next;
    for (const entry of entries) {
      const definition = readDefinition(entry);
      // of a name that stands twice the first counts: the second is drift
      if (definition !== undefined && !this.#tools.has(definition.name)) this.#tools.set(definition.name, definition);
    }
    if (this.#tools.size > MOST_TOOLS) {
      this.#tools = new Map();
      this.#next = undefined;
      return undefined;
    }
    return next === undefined ? this.#tools : undefined;
  }
}
