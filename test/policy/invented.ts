// Messages that are made up while they are read: whoever asks for a member gets one, and what was asked for by name is written down.

import type { Json, JsonObject } from '../../src/wire/json.ts';
import { ENVELOPE, type Member, NAMELESS, type Shape } from '../../src/wire/policed-objects.ts';

/** What an object stands for; undefined: something that nobody is to read by name. */
type Place = Shape | 'judged' | 'pinned' | undefined;

/** What a reader goes by. */
const WORDS: Readonly<Record<string, readonly Json[]>> = {
  type: ['ref/prompt', 'ref/resource'],
  mode: ['url'],
  method: ['elicitation/create', 'roots/list'],
  status: ['completed', 'failed', 'input_required'],
  resultType: ['task', 'input_required'],
  action: ['accept'],
  code: [-32042, -32042, -32602],
  uri: ['file:///data/{a}', 'file:///data/x'],
  'io.modelcontextprotocol/protocolVersion': ['2026-07-28'],
};
const STRANGER = 'x-stranger';
const DEEPEST = 6;

export interface Sightings {
  /** The places of which a member was read by name, each with the member: `params.argument` and `name`. */
  readonly read: Set<string>;
  /** Of those, what the table does not name. */
  readonly unnamed: Set<string>;
}

export class Inventor {
  readonly seen: Sightings = { read: new Set(), unnamed: new Set() };
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** @param member `params`, `result` or `error` */
  make(member: 'params' | 'result' | 'error'): JsonObject {
    return this.#object(placeOf(ENVELOPE.members.get(member)), member, 0);
  }

  #object(place: Place, path: string, depth: number): JsonObject {
    const made = new Map<string, Json | undefined>();
    const readBy = (key: string): Json | undefined => {
      if (key === STRANGER) return 'x';
      const label = `${typeof place === 'object' ? place.place : path} ${key}`;
      this.seen.read.add(label);
      if (place === undefined || (typeof place === 'object' && !isNamed(place, key))) this.seen.unnamed.add(label);
      if (!made.has(key)) made.set(key, this.#value(below(place, key), key, `${path}.${key}`, depth + 1));
      return made.get(key);
    };
    return new Proxy<JsonObject>(
      {},
      {
        // the language's own: `toString`, `toJSON`
        get: (bare, key) =>
          typeof key !== 'string' || key in bare || key === 'toJSON' ? Reflect.get(bare, key) : readBy(key),
        has: (_, key) => typeof key === 'string' && readBy(key) !== undefined,
        ownKeys: () => [...[...made].flatMap(([key, value]) => (value === undefined ? [] : [key])), STRANGER],
        getOwnPropertyDescriptor: (_, key) => {
          const value = typeof key === 'string' ? readBy(key) : undefined;
          return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: true };
        },
      },
    );
  }

  #value(member: Member | 'pinned' | undefined, key: string, path: string, depth: number): Json | undefined {
    const inner = (): Json => this.#object(placeOf(member), path, depth);
    const isDeep = depth >= DEEPEST;
    const isKnown = typeof member === 'object';
    const roll = this.#roll(isKnown && !isDeep ? 20 : 8);
    if (roll === 0) return undefined;
    if (roll < 5 || isDeep) return this.#pick(WORDS[key] ?? ['a']);
    if (roll === 5) return this.#pick([7, true, null]);
    if (isKnown && member.holds === 'each' && roll % 2 === 0) return { one: inner() };
    return roll % 2 === 0 ? inner() : [inner(), 'a'];
  }

  #pick(from: readonly Json[]): Json {
    return from[this.#roll(from.length)] ?? null;
  }

  /** Source: mulberry32. */
  #roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  }
}

function isNamed(place: Shape, key: string): boolean {
  return place === NAMELESS || place.rest === 'pinned' || place.members.has(key);
}

function below(place: Place, key: string): Member | 'pinned' | undefined {
  if (typeof place !== 'object') return place;
  const member = place.members.get(key);
  if (typeof member === 'object' || member === 'judged') return member;
  return place.rest === 'pinned' ? 'pinned' : member;
}

function placeOf(member: Member | 'pinned' | undefined): Place {
  if (typeof member === 'object') return member.shape;
  return member === 'judged' || member === 'pinned' ? member : undefined;
}
