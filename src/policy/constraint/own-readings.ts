// Everything that some reader could take a text for as a path. The opposite of path-form.ts: that one refuses what is doubtful, this one
// follows every doubt, because what it does not see passes. Knows no file system.
import { decodeLeniently, decodeSteps, peel, trimWidely } from './lenient-text.ts';
import { dropBreaks, HEADS } from './reader-cuts.ts';
import { weighReading } from './reading-weight.ts';
import { splitPath, takeBack } from './real-location.ts';
import { cutUnknown, expandVariables, type VariableOf } from './variables.ts';

export interface ReadingParts {
  /** How many directories a relative path may count from. */
  readonly bases: number;
  readonly variableOf: VariableOf;
  /** Homes that `~name` may mean; undefined as `name`: `~`. */
  homesOf(name: string | undefined): readonly string[];
}

/** Ordinary texts have one to three. */
const MAX_READINGS = 128;
/** Characters of all readings of one text; variables may hold long values. */
const MAX_WORK = 524_288;
/** Longer than any name on a disk. */
const MAX_NAME_LENGTH = 1024;
/** The longest name that Linux knows. */
const MAX_BARE_LENGTH = 255;
const PATH_MARK = /[/\\~.%$]/;
const QUOTES = '"\'`';
const NOT_ASCII = /[^\0-\x7f]/;
/** `~name` begins so; in a shell `~+` is the working directory. */
const TILDE = /^~([^/\\]*)(?=[/\\]|$)/;

/** Whether a text could be a path at all; says no to most texts in well below 1 µs. attacker-controlled. */
export function isPathLike(text: string): boolean {
  return PATH_MARK.test(text) || (NOT_ASCII.test(text) && PATH_MARK.test(text.normalize('NFKC')));
}

/** Of a text that is no path: the name that a reader may take it for; undefined where it is too long for one. attacker-controlled. */
export function bareName(text: string): string | undefined {
  if (text.length <= MAX_BARE_LENGTH) return text;
  const name = trimWidely(dropBreaks(text).split('\0', 1)[0] ?? '');
  return name === '' || name.length > MAX_BARE_LENGTH ? undefined : name;
}

export interface Readings {
  readonly texts: readonly string[];
  /** Of all readings that were made, whether they are looked at or not: `reading-weight.ts`. */
  readonly units: number;
}

/**
 * The text itself first, unless no reader could open it. Absolute, or relative to the working directory; may hold `.` and `..`.
 * Undefined: there are too many. @param room units that may be spent on it
 */
export function listReadings(text: string, parts: ReadingParts, room: number): Readings | undefined {
  const readings = new Set([text]);
  let length = 0;
  let units = 0;
  // a Set visits what is added on the way: every change is tried on the outcome of every other
  for (const reading of readings) {
    length += reading.length;
    if (length > MAX_WORK) return undefined;
    units += weighReading(reading, parts.bases);
    if (units > room) return undefined;
    for (const change of CHANGES) {
      const changed = change(reading, parts);
      if (changed !== '') readings.add(changed);
    }
    const tilde = TILDE.exec(reading);
    if (tilde !== null) {
      const rest = reading.slice(tilde[0].length);
      for (const home of parts.homesOf(tilde[1] === '' ? undefined : tilde[1])) readings.add(`${home}${rest}` || '/');
    }
    // INVARIANT: a reading that is left out would pass
    if (readings.size > MAX_READINGS) return undefined;
  }
  const texts = text.length <= MAX_NAME_LENGTH ? [...readings] : [...readings].filter(mayBeOpened);
  return { texts, units };
}

/** What follows the `~name` of a home that nobody here knows; undefined where there is none. */
export function restOfHome(reading: string): string | undefined {
  const [start, name] = TILDE.exec(reading) ?? [];
  return start === undefined || name === '' ? undefined : reading.slice(start.length);
}

/** Servers that take `..` back as text never open what it takes back. */
function mayBeOpened(reading: string): boolean {
  return takeBack(splitPath(reading)).every((part) => part.length <= MAX_NAME_LENGTH);
}

const CHANGES: readonly ((text: string, parts: ReadingParts) => string)[] = [
  ...HEADS,
  (text, { variableOf }) => expandVariables(text, variableOf, (match) => match),
  (text, { variableOf }) => expandVariables(text, variableOf, () => ''),
  (text, { variableOf }) => cutUnknown(text, variableOf),
  decodeLeniently,
  decodeSteps,
  (text) => text.replaceAll('\\', '/'),
  (text) => text.split('\0', 1)[0] ?? '',
  (text) => trimWidely(text).replace(/^(["'`])(.*)\1$/s, '$2'),
  // one by one, like ones or not
  (text) => peel(trimWidely(text), QUOTES, QUOTES),
  dropBreaks,
  // what is written before and around a path: `@/x`, `</x>`, `/x:12`
  (text) => peel(text, '@<>=([{', '>)]}'),
  (text) => text.replace(/(?<=[^:]):\d+(?::\d+)?$/, ''),
  (text) => (NOT_ASCII.test(text) ? text.normalize('NFKC') : text),
  (text) => (NOT_ASCII.test(text) ? text.replace(/\p{Default_Ignorable_Code_Point}/gu, '') : text),
];
