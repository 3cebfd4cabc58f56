// Names of tools and prompts as the client sees them, and whose they are. Pure; knows no list.
import type { LaneId } from './events.ts';

export interface Owned {
  readonly lane: LaneId;
  /** The server's own name. */
  readonly name: string;
}

/** A prefix, and who has it or had it last. */
interface Held {
  readonly prefix: string;
  readonly lane: LaneId;
  readonly isOver: boolean;
}

export class Prefixes {
  #byLane: ReadonlyMap<LaneId, string> = new Map();
  /** Longest first, those that are nobody's any more included. */
  #sorted: readonly Held[] = [];

  /** @throws RangeError where two lanes have the same prefix: names would be a guess */
  constructor(lanes: readonly { readonly lane: LaneId; readonly prefix: string }[]) {
    this.become(lanes);
  }

  /** @throws RangeError as the constructor: nothing has changed then */
  become(lanes: readonly { readonly lane: LaneId; readonly prefix: string }[]): void {
    if (new Set(lanes.map(({ prefix }) => prefix)).size !== lanes.length)
      throw new RangeError('two lanes have one prefix');
    this.#byLane = new Map(lanes.map(({ lane, prefix }) => [lane, prefix]));
    const now = lanes.map(({ lane, prefix }): Held => ({ prefix, lane, isOver: false }));
    const taken = new Set(now.map(({ prefix }) => prefix));
    // INVARIANT: what a name of this session meant once, it means or it is unknown: a client that still has it is not served by
    // another server whose prefix is shorter.
    const over = this.#sorted
      .filter(({ prefix }) => !taken.has(prefix))
      .map((held): Held => ({ ...held, isOver: true }));
    this.#sorted = [...now, ...over].sort((one, other) => other.prefix.length - one.prefix.length);
  }

  /** By the longest prefix, never by looking for a separator. Undefined: nobody's. */
  resolve(outer: string): Owned | undefined {
    const held = this.#heldBy(outer);
    return held === undefined || held.isOver ? undefined : { lane: held.lane, name: outer.slice(held.prefix.length) };
  }

  outer(lane: LaneId, name: string): string {
    return `${this.#byLane.get(lane) ?? ''}${name}`;
  }

  /**
   * Whose this name is where it is not this lane's: a longer prefix of another one takes it, or one that had it in this session.
   * INVARIANT: what is shown under a name is what is called under it.
   */
  takenBy(lane: LaneId, name: string): LaneId | undefined {
    const held = this.#heldBy(this.outer(lane, name));
    return held === undefined || (held.lane === lane && !held.isOver) ? undefined : held.lane;
  }

  #heldBy(outer: string): Held | undefined {
    return this.#sorted.find(({ prefix }) => outer.startsWith(prefix));
  }
}
