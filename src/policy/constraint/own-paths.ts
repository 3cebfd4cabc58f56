// The guard's own config, lock, state and trail: nothing that a server is asked with may lead there. Knows neither what those files
// are nor what was asked; where one text leads is own-reach.ts.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import type { Violation } from './constraint-set.ts';
import { MAX_PATH_LENGTH, shortenLong } from './long-text.ts';
import {
  depthOf,
  endsFromHome,
  endsOwnPath,
  findNear,
  isPlainName,
  type NearBase,
  type OwnPathPorts,
  type OwnPaths,
  reach,
} from './own-reach.ts';
import { bareName, isPathLike, listReadings, type ReadingParts, restOfHome } from './own-readings.ts';
import { writePointer } from './pointer.ts';
import { listEnds } from './reader-cuts.ts';
import { UNITS_PER_LOOK } from './reading-weight.ts';
import { listBases } from './real-location.ts';
import { createSettledNames, SAME_MOMENT_MS, type SettledNames } from './settled-names.ts';
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
    return findOwnPath(args, own, look(monoMs), surroundings);
  };
}

/**
 * What is asked in one call is asked at one moment, and so is what is asked in the calls right behind it, as in settled-names.ts: a
 * hundred calls that came together look at `/home` once.
 */
function createLook(ports: OwnPathPorts): (monoMs: number) => Look {
  let look: Look = { ports, passed: new Map() };
  let lookedMs = Number.NEGATIVE_INFINITY;
  return (monoMs) => {
    if (ports.atOnce === undefined) return { ports, passed: new Map() };
    // INVARIANT: a look is over after this long, whichever way the clock went
    if (Math.abs(monoMs - lookedMs) < SAME_MOMENT_MS) return look;
    lookedMs = monoMs;
    look = { ports: { ...ports, ...ports.atOnce() }, passed: new Map() };
    return look;
  };
}

interface Look {
  readonly ports: OwnPathPorts;
  /** Texts that were found harmless in this moment, and how many looks each is charged. */
  readonly passed: Map<string, number>;
}

/** Texts of one moment that are remembered, and how long one may be. */
const MOST_PASSED = 1024;
const LONGEST_PASSED = 4096;

interface Surroundings {
  readonly bases: readonly string[];
  /** Where a bare name may lead to the guard's own files. */
  readonly near: readonly NearBase[];
  /** Of the tails of the guard's own files. */
  readonly depth: number;
  readonly harmless: SettledNames;
  readonly parts: ReadingParts;
}

function survey(own: OwnPaths, ports: OwnPathPorts): Surroundings {
  const near = findNear(own, ports, isPathLike);
  const paths = near.map(({ path }) => path);
  const bases = listBases(ports);
  return {
    bases,
    near,
    depth: depthOf(own),
    harmless: createSettledNames(paths, (path) => ports.directoryState?.(path)),
    parts: readAs(ports, bases),
  };
}

function readAs(ports: OwnPathPorts, bases: readonly string[]): ReadingParts {
  const { homeDir } = ports;
  const homes = homeDir.replace(/[/\\][^/\\]*$/, '');
  return {
    bases: bases.length,
    variableOf(name) {
      if (/^(?:HOME|USERPROFILE)$/i.test(name)) return homeDir;
      return /^(?:PWD|CD)$/i.test(name) ? bases[0] : ports.variable?.(name);
    },
    homesOf(name) {
      if (name === undefined) return [homeDir];
      // in a shell: the working directory, and the one before it
      if (name === '+' || name === '-') return ['.', ports.variable?.('OLDPWD') ?? '.'];
      // whoever it is: from the root, where `..` ends, and beside the home of the server
      return [homeDir, ports.homeOf?.(name) ?? homeDir, `${homes}/${name}`, ''];
    },
  };
}

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
  { bases, near, depth, harmless, parts }: Surroundings,
): Violation | undefined {
  const seen = new Set<string>();
  const path: string[] = [];
  let looks = 0;
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
    if (seen.has(text)) return undefined;
    seen.add(text);
    // with all that stands in it
    const charged = passed.get(text);
    if (charged !== undefined && seen.size <= MAX_TEXTS && looks + charged <= MAX_LOOKS) {
      looks += charged;
      return undefined;
    }
    const before = looks;
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
    if (!isPath && readings.every((reading) => isPlainName(reading, near, ports))) harmless.add(text);
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
