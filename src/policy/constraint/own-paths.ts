// The guard's own config, lock, state and trail: nothing that a server is asked with may lead there. Knows neither what those files
// are nor what was asked; where one text leads is own-reach.ts.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import type { Violation } from './constraint-set.ts';
import { MAX_PATH_LENGTH, shortenLong } from './long-text.ts';
import {
  beginsNowhere,
  endsFromHome,
  endsOwnPath,
  isPlainName,
  type OwnPathPorts,
  type OwnPaths,
  reach,
} from './own-reach.ts';
import { bareName, isPathLike, listReadings, restOfHome } from './own-readings.ts';
import { createLook, type Look, type Surroundings, survey } from './own-surroundings.ts';
import { writePointer } from './pointer.ts';
import { listEnds } from './reader-cuts.ts';
import { UNITS_PER_LOOK } from './reading-weight.ts';
import { quote } from './shown-text.ts';

/** Different path-like texts in one call. */
const MAX_TEXTS = 5_000;
/** Readings of them, by each directory that they may count from; each costs some 10 µs, and what costs more counts more. */
const MAX_LOOKS = 20_000;
/** `..` in a reading that cost as much as a look. */
const CLIMBS_PER_LOOK = 4;
/** Of long texts, which are read through and not looked up. */
const LONG_CHARACTERS_PER_LOOK = 1024;
const TOO_MANY_WAYS = 'may be read as a path in too many ways: write it plainly';
const TOO_MANY_TEXTS = 'hold too many texts that may be paths: send less';

/** Looks through the arguments of one call; remembers of earlier ones only what cannot have changed. */
export type OwnPathFinder = (args: JsonObject | undefined, monoMs: number) => Violation | undefined;

/** @param ports of one server: their home and bases stay what they are */
export function createOwnPathFinder(own: OwnPaths, ports: OwnPathPorts): OwnPathFinder {
  let surroundings: Surroundings | undefined;
  const look = createLook(ports);
  return (args, monoMs) => {
    if (args === undefined || own.places.length === 0) return undefined;
    surroundings ??= survey(own, ports);
    surroundings.harmless.begin(monoMs);
    surroundings.settled.begin(monoMs);
    return findOwnPath(args, own, look(monoMs), surroundings);
  };
}

/** Texts of one moment that are remembered, and how long one may be. */
const MOST_PASSED = 1024;
const LONGEST_PASSED = 4096;
/** As many may be remembered as settled-names.ts takes. */
const LONGEST_SETTLED = 1024;

/** What one reading costs beside the looks of its bases. */
function countClimbs(reading: string): number {
  return reading.includes('..') ? Math.floor(reading.split('..').length / CLIMBS_PER_LOOK) : 0;
}

/**
 * The first string or key, anywhere in the arguments, that as a whole is a path into one of them, by any reading. Paths inside a
 * longer text (a shell command) are not looked at. attacker-controlled: `args`.
 */
function findOwnPath(
  args: JsonObject,
  own: OwnPaths,
  { ports, passed }: Look,
  { bases, near, depth, harmless, settled, parts }: Surroundings,
): Violation | undefined {
  const seen = new Set<string>();
  const path: string[] = [];
  let looks = 0;
  // texts that may lead elsewhere another time, so that what holds them is looked at again, too
  let loose = 0;
  const endsOwnHome = (reading: string): boolean => {
    const rest = restOfHome(reading);
    return rest !== undefined && endsFromHome(rest, own);
  };

  const visitText = (written: string): Violation | undefined => {
    if (written.length <= MAX_PATH_LENGTH) return visitEnds(written);
    const long = shortenLong(written);
    if (long === undefined) return violate(path, TOO_MANY_WAYS);
    looks += Math.floor(long.length / LONG_CHARACTERS_PER_LOOK);
    if (looks > MAX_LOOKS) return violate([], TOO_MANY_TEXTS);
    for (const text of long.texts) {
      const found = visitEnds(text);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const visitEnds = (text: string): Violation | undefined => {
    for (const end of listEnds(text)) {
      const found = visitShort(end);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const visitShort = (written: string): Violation | undefined => {
    if (written === '') return undefined;
    const isPath = isPathLike(written);
    if (!isPath && near.length === 0) return undefined;
    const text = isPath ? written : bareName(written);
    if (text === undefined || (!isPath && harmless.has(text))) return undefined;
    if (isPath && settled.has(text)) return undefined;
    if (seen.has(text)) {
      loose += 1;
      return undefined;
    }
    seen.add(text);
    // with all that stands in it
    const charged = passed.get(text);
    if (charged !== undefined && seen.size <= MAX_TEXTS && looks + charged <= MAX_LOOKS) {
      looks += charged;
      loose += 1;
      return undefined;
    }
    const [before, looseBefore] = [looks, loose];
    const inside = isPath ? visitJson(text) : undefined;
    if (inside !== undefined) return inside;
    const listed = listReadings(text, parts, MAX_LOOKS * UNITS_PER_LOOK);
    if (listed === undefined) return violate(path, TOO_MANY_WAYS);
    const { texts: readings, units } = listed;
    if (isPath && readings.some((reading) => endsOwnPath(reading, own, depth) || endsOwnHome(reading))) {
      return violate(path, 'may lead to files of the guard itself, which no tool may touch: give an absolute path');
    }
    const from = isPath ? bases : near.map((base) => base.path);
    const climbs = readings.reduce((sum, reading) => sum + countClimbs(reading), 0);
    const cost = (readings.length + climbs) * from.length + Math.floor(units / UNITS_PER_LOOK);
    looks += cost;
    if (seen.size > MAX_TEXTS || looks > MAX_LOOKS) {
      return violate([], TOO_MANY_TEXTS);
    }
    for (const reading of readings) {
      const end = reach(reading, from, own, ports);
      if (end === 'own')
        return violate(
          path,
          'leads to files of the guard itself, which no tool may touch; any other path may be given',
        );
      if (end === 'unknown')
        return violate(
          path,
          'goes through a link that every process has of its own, so it may lead to files of the guard itself: write the path without `/proc` and `/dev/fd`',
        );
    }
    const isFixed = isPath
      ? loose === looseBefore &&
        text.length <= LONGEST_SETTLED &&
        readings.every((reading) => beginsNowhere(reading, bases, ports))
      : readings.every((reading) => isPlainName(reading, near, ports));
    if (isFixed) (isPath ? settled : harmless).add(text);
    else loose += 1;
    if (text.length <= LONGEST_PASSED && passed.size < MOST_PASSED) passed.set(text, looks - before);
    return undefined;
  };
  /** Some servers take a list as text, and some a text as JSON. */
  const visitJson = (text: string): Violation | undefined => {
    if (!/^\s*(?:\[.*\]|\{.*\}|".*")\s*$/s.test(text)) return undefined;
    let value: Json;
    try {
      // what comes out of `JSON.parse` is JSON
      value = JSON.parse(text) as Json;
    } catch {
      return undefined;
    }
    return visit(value);
  };
  const visit = (value: Json | undefined): Violation | undefined => {
    if (typeof value === 'string') return visitText(value);
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        path.push(String(index));
        const found = visit(value[index]);
        if (found !== undefined) return found;
        path.pop();
      }
    } else if (isJsonObject(value)) {
      for (const key of Object.keys(value)) {
        path.push(key);
        const found = visitText(key) ?? visit(value[key]);
        if (found !== undefined) return found;
        path.pop();
      }
    }
    return undefined;
  };
  return visit(args);
}

function violate(path: readonly string[], text: string): Violation {
  const name = path.length === 0 ? 'the arguments' : quote(writePointer(path));
  return { rule: 'own_paths', pointer: path.length === 0 ? '' : name.slice(1, -1), text: `${name} ${text}` };
}
