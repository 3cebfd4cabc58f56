// Where the arguments are that a rule reads. Knows JSON pointers with `*`, and which objects cannot be read with certainty.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import { describeConfusable, findConfusable, findLender, type WantedKeys, wantKeys } from './confusable-argument.ts';

const MAX_SEGMENTS = 16;
/** Values that one pointer may select: a rule that reads more has no certain cost. */
const MAX_PLACES = 10_000;
const INDEX = /^(?:0|[1-9][0-9]{0,6})$/;

/** `*`: every element of an array, every member of an object. */
export type Segment = '*' | { readonly key: string; readonly wanted: WantedKeys };

export interface Place {
  readonly path: readonly string[];
  /** Undefined: nothing is there. */
  readonly value: Json | undefined;
}

export interface PointerFault {
  readonly path: readonly string[];
  readonly rule: 'type' | 'confusable_key' | 'too_much';
  readonly text: string;
}

/** The form of RFC 6901, without the empty pointer. */
export function isPointer(text: string): boolean {
  return /^(?:\/(?:[^~/]|~[01])*)+$/.test(text);
}

/** Undefined where it is malformed or too deep. */
export function parsePointer(pointer: string): readonly Segment[] | undefined {
  if (!isPointer(pointer)) return undefined;
  const keys = pointer.slice(1).split('/');
  if (keys.length > MAX_SEGMENTS) return undefined;
  return keys.map((written) => {
    if (written === '*') return '*';
    const key = written.replaceAll('~1', '/').replaceAll('~0', '~');
    return { key, wanted: wantKeys([key]) };
  });
}

/** A path as a pointer again. */
export function writePointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/**
 * Every place that the pointer means, in order. `*` over nothing is a place where nothing is. A fault where a value on the way is
 * no object or array, or where a key on the way has a double or lends members.
 */
export function selectPlaces(args: JsonObject, segments: readonly Segment[]): readonly Place[] | PointerFault {
  let places: Place[] = [{ path: [], value: args }];
  for (const segment of segments) {
    const next: Place[] = [];
    for (const place of places) {
      const fault = step(place, segment, next);
      if (fault !== undefined) return fault;
      if (next.length > MAX_PLACES) {
        const text = `holds more than ${MAX_PLACES} values: send less`;
        return { path: place.path, rule: 'too_much', text };
      }
    }
    places = next;
  }
  return places;
}

function step({ path, value }: Place, segment: Segment, next: Place[]): PointerFault | undefined {
  const key = segment === '*' ? '*' : segment.key;
  if (value === undefined) {
    next.push({ path: [...path, key], value: undefined });
  } else if (Array.isArray(value)) {
    if (segment !== '*' && !INDEX.test(key)) return { path, rule: 'type', text: 'must be an object, not an array' };
    const indexes = segment === '*' ? value.keys() : [Number(key)];
    for (const index of value.length === 0 ? [] : indexes) {
      if (next.length > MAX_PLACES) break;
      next.push({ path: [...path, String(index)], value: value[index] });
    }
    if (value.length === 0) next.push({ path: [...path, key], value: undefined });
  } else if (isJsonObject(value)) {
    const keys = Object.keys(value);
    const double = segment === '*' ? findLender(keys) : findConfusable(keys, segment.wanted);
    if (double !== undefined) return { path, rule: 'confusable_key', text: describeConfusable(double) };
    if (segment !== '*') {
      next.push({ path: [...path, key], value: Object.hasOwn(value, key) ? value[key] : undefined });
      return undefined;
    }
    for (const member of keys.slice(0, MAX_PLACES + 1)) next.push({ path: [...path, member], value: value[member] });
    if (keys.length === 0) next.push({ path: [...path, key], value: undefined });
  } else {
    return { path, rule: 'type', text: 'must be an object or an array' };
  }
  return undefined;
}
