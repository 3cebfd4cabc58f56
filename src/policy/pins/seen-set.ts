// What was seen of one server: its definitions as its pages bring them, and its instructions where a handshake showed them. Puts pages
// and sightings together; compares nothing, knows no file. attacker-controlled: everything in it.
import type { Json } from '../../wire/json.ts';
import { type Definition, readDefinition } from './definition.ts';
import { PinRoom } from './pin-room.ts';
import type { PinSet } from './pin-set.ts';

export interface SeenSet {
  readonly pins: PinSet;
  /** False: no handshake was seen, so `pins.instructions` says nothing. */
  readonly hasInstructions: boolean;
  /** No list came to its last page yet: what is not here may be there all the same. A server can see to it that none ever does. */
  readonly isPart?: true;
}

type Tools = PinSet['tools'];

export interface SeenTools {
  readonly tools: Tools;
  /** The list was seen from its first page to its last. */
  readonly isWhole: boolean;
}

/** One reading of `tools/list`, page by page. */
export class Listing {
  #tools = new Map<string, Definition>();
  #room = new PinRoom();
  /** The cursor that the next page is asked for with; undefined: nothing is under way. */
  #next: string | undefined;

  /**
   * @param cursor what the page was asked for with; undefined: it is a first page
   * @param next the cursor that it names
   * @returns everything so far, as far as there is room; of a page that does not belong to the reading, that page alone
   */
  take(cursor: string | undefined, entries: readonly Json[], next: string | undefined): SeenTools {
    if (cursor === undefined) {
      this.#tools = new Map();
      this.#room = new PinRoom();
    } else if (cursor !== this.#next) {
      const tools = new Map<string, Definition>();
      addEntries(tools, entries, new PinRoom());
      return { tools, isWhole: false };
    }
    this.#next = next;
    addEntries(this.#tools, entries, this.#room);
    return { tools: this.#tools, isWhole: next === undefined };
  }
}

function addEntries(tools: Map<string, Definition>, entries: readonly Json[], room: PinRoom): void {
  for (const entry of entries) {
    if (room.isFull) return;
    const definition = readDefinition(entry);
    // of a name that stands twice the first counts: the second is drift
    if (definition === undefined || tools.has(definition.name)) continue;
    if (room.take(definition)) tools.set(definition.name, definition);
  }
}

/** What was seen first, once more is seen: what it has stays; while it is only a part, what it has not is added. */
export function extendFirst(first: SeenSet, more: SeenSet): SeenSet {
  const isFilled = !first.hasInstructions && more.hasInstructions;
  const instructions = isFilled ? more.pins.instructions : first.pins.instructions;
  const tools = first.isPart === true ? unite(first.pins.tools, more.pins.tools) : first.pins.tools;
  return {
    pins: { tools, instructions },
    hasInstructions: first.hasInstructions || more.hasInstructions,
    ...(first.isPart === true ? partly(more) : {}),
  };
}

/** What was seen last, once more is seen: the newest, and where that is only a part, what was there before. */
export function replaceLast(last: SeenSet, more: SeenSet): SeenSet {
  if (more.isPart !== true) return more;
  const { instructions } = more.pins;
  const tools = unite(more.pins.tools, last.pins.tools);
  return { pins: { tools, instructions }, hasInstructions: more.hasInstructions, ...partly(last) };
}

function partly({ isPart }: SeenSet): { isPart?: true } {
  return isPart === true ? { isPart } : {};
}

/** Of a name in both that of `before`; as much as there is room for. */
function unite(before: Tools, after: Tools): Tools {
  const room = new PinRoom();
  const tools = new Map<string, Definition>();
  for (const one of [...before.values(), ...after.values()])
    if (!tools.has(one.name) && room.take(one)) tools.set(one.name, one);
  return tools;
}
