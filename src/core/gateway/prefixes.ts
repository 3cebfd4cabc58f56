// Names of tools and prompts as the client sees them, and whose they are. Pure; knows no list.
import type { LaneId } from './events.ts';

export interface Owned {
  readonly lane: LaneId;
  /** The server's own name. */
  readonly name: string;
}

export class Prefixes {
  #byLane: ReadonlyMap<LaneId, string> = new Map();
  /** Longest first. */
  #sorted: readonly (readonly [prefix: string, lane: LaneId])[] = [];

  /** @throws RangeError where two lanes have the same prefix: names would be a guess */
  constructor(lanes: readonly { readonly lane: LaneId; readonly prefix: string }[]) {
    this.become(lanes);
  }

  /** @throws RangeError as the constructor: nothing has changed then */
  become(lanes: readonly { readonly lane: LaneId; readonly prefix: string }[]): void {
    if (new Set(lanes.map(({ prefix }) => prefix)).size !== lanes.length)
      throw new RangeError('two lanes have one prefix');
    this.#byLane = new Map(lanes.map(({ lane, prefix }) => [lane, prefix]));
    this.#sorted = lanes
      .map(({ lane, prefix }) => [prefix, lane] as const)
      .sort(([one], [other]) => other.length - one.length);
  }

  /** By the longest prefix, never by looking for a separator. Undefined: nobody's. */
  resolve(outer: string): Owned | undefined {
    for (const [prefix, lane] of this.#sorted) {
      if (outer.startsWith(prefix)) return { lane, name: outer.slice(prefix.length) };
    }
    return undefined;
  }

  outer(lane: LaneId, name: string): string {
    return `${this.#byLane.get(lane) ?? ''}${name}`;
  }

  /**
   * Whose this name is where it is not this lane's: a longer prefix of another one takes it.
   * INVARIANT: what is shown under a name is what is called under it.
   */
  takenBy(lane: LaneId, name: string): LaneId | undefined {
    const owner = this.resolve(this.outer(lane, name))?.lane;
    return owner === lane ? undefined : owner;
  }
}
