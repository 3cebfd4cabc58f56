// Everything that some reader could take a text for as a path. The opposite of path-form.ts: that one refuses what is doubtful, this one
// follows every doubt, because what it does not see passes. Knows no file system.
import { decodeLeniently, peel, trimWidely } from './lenient-text.ts';
import { splitPath, takeBack } from './real-location.ts';
import { cutUnknown, expandVariables, type VariableOf } from './variables.ts';

export interface ReadingParts {
  readonly variableOf: VariableOf;
  /** Homes that `~name` may mean; undefined as `name`: `~`. */
  homesOf(name: string | undefined): readonly string[];
}

/** Ordinary texts have one to three. */
const MAX_READINGS = 64;
/** Characters of all readings of one text; variables may hold long values. */
const MAX_WORK = 524_288;
/** Linux opens nothing longer. */
const MAX_PATH_LENGTH = 4096;
/** Longer than any name on a disk. */
const MAX_NAME_LENGTH = 1024;
/** The longest name that Linux knows. */
const MAX_BARE_LENGTH = 255;
const PATH_MARK = /[/\\~.%$]/;
const NOT_ASCII = /[^\0-\x7f]/;
/** What a reader opens as a file, if anything: `sqlite:`, `jdbc:sqlite:`; not the first word of a sentence. */
const SCHEME = /^(?!(?:https?|wss?):)[a-z][a-z0-9+.-]*:(?=[/\\.~$%]|[a-z][a-z0-9+.-]*:[/\\]|\S+$)/i;
/** Any scheme with a `file` in it: `file+x:`, `vscode-file:`. In two steps, since one would go back over the name again and again. */
const ANY_SCHEME = /^([a-z0-9+.-]*):/i;
const OF_FILES = /(?:^|[+-])file(?:$|[+-])/i;
const URL_PATH = /^(?:\/\/[^/\\]*(?=[/\\]))?([^?#]*)/;
const HOST = /^\/\/[^/\\]*(?=[/\\])/;
/** `~name` begins so; in a shell `~+` is the working directory. */
const TILDE = /^~([^/\\]*)(?=[/\\]|$)/;
/** URL readers drop these wherever they stand, in the scheme, too. */
const DROPPED = /[\t\n\r]+/g;
const ENCODED_STEP = /%2e|%2f|%5c/i;

/** Whether a text could be a path at all; says no to most texts in well below 1 µs. attacker-controlled. */
export function isPathLike(text: string): boolean {
  return PATH_MARK.test(text) || (NOT_ASCII.test(text) && PATH_MARK.test(text.normalize('NFKC')));
}

/**
 * A text that is longer than a path may be, as a reader sees it that takes `..` back, trims, or cuts at NUL or a query; undefined
 * where it stays too long for every reader. Of an ordinary long text only the last 4 KiB are looked at. attacker-controlled.
 */
export function shorten(text: string): string | undefined {
  if (text.length <= MAX_PATH_LENGTH) return text;
  let rest = trimWidely(text);
  const end = rest.indexOf('\0');
  if (end !== -1) rest = rest.slice(0, end);
  if (/^[a-z][a-z0-9+.\t\n\r-]*:/i.test(rest)) {
    const url = rest.replace(DROPPED, '');
    if (SCHEME.test(url)) rest = url.split(/[?#]/, 1)[0] ?? url;
  }
  if (rest.length <= MAX_PATH_LENGTH) return rest;
  return collapse(ENCODED_STEP.test(rest) ? decodeLeniently(decodeLeniently(rest)) : rest);
}

/** Of a text that is no path: the name that a reader may take it for; undefined where it is too long for one. attacker-controlled. */
export function bareName(text: string): string | undefined {
  if (text.length <= MAX_BARE_LENGTH) return text;
  const name = trimWidely(text.replace(DROPPED, '').split('\0', 1)[0] ?? '');
  return name === '' || name.length > MAX_BARE_LENGTH ? undefined : name;
}

/** From the end: most texts are known to stay too long after a few parts. */
function collapse(text: string): string | undefined {
  if (!text.includes('..')) return undefined;
  const kept: string[] = [];
  let length = 0;
  let back = 0;
  for (let end = text.length; end > 0; ) {
    let start = end - 1;
    while (start >= 0 && !isSeparator(text.charCodeAt(start))) start -= 1;
    const part = text.slice(start + 1, end);
    end = start;
    if (part === '' || part === '.') continue;
    if (part === '..') back += 1;
    else if (back > 0) back -= 1;
    else {
      length += part.length + 1;
      if (length > MAX_PATH_LENGTH) return undefined;
      kept.push(part);
    }
  }
  const climbs = '../'.repeat(Math.min(back, MAX_NAME_LENGTH));
  return `${/^[/\\]/.test(text) ? '/' : climbs}${kept.reverse().join('/')}`;
}

/** `/` or `\`. */
function isSeparator(code: number): boolean {
  return code === 0x2f || code === 0x5c;
}

export interface Readings {
  readonly texts: readonly string[];
  /** Characters of all readings that were made, whether they are looked at or not. */
  readonly length: number;
}

/**
 * The text itself first, unless no reader could open it. Absolute, or relative to the working directory; may hold `.` and `..`.
 * Undefined: there are too many.
 */
export function listReadings(text: string, parts: ReadingParts): Readings | undefined {
  const readings = new Set([text]);
  let length = 0;
  // a Set visits what is added on the way: every change is tried on the outcome of every other
  for (const reading of readings) {
    length += reading.length;
    if (length > MAX_WORK) return undefined;
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
  return { texts, length };
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
  readFileUrl,
  (text) => text.replace(SCHEME, ''),
  (text) => (SCHEME.test(text) ? text.replace(SCHEME, '').replace(/[?#].*$/s, '') : text),
  (text) => (SCHEME.test(text) ? text.replace(SCHEME, '').replace(HOST, '') : text),
  (text, { variableOf }) => expandVariables(text, variableOf, (match) => match),
  (text, { variableOf }) => expandVariables(text, variableOf, () => ''),
  (text, { variableOf }) => cutUnknown(text, variableOf),
  (text) => (text.includes('%') ? decodeLeniently(text) : text),
  (text) => text.replaceAll('\\', '/'),
  (text) => text.split('\0')[0] ?? '',
  (text) => trimWidely(text).replace(/^(["'`])(.*)\1$/s, '$2'),
  (text) => text.replace(DROPPED, ''),
  // what is written before and around a path: `@/x`, `path=/x`, `</x>`, `/x:12`
  (text) => peel(text, '@<>=([{', '>)]}'),
  (text) => text.replace(/^[\w.-]+=(?=["'`]?[/\\~.%$])/, ''),
  (text) => text.replace(/(?<=[^:]):\d+(?::\d+)?$/, ''),
  (text) => (NOT_ASCII.test(text) ? text.normalize('NFKC') : text),
  (text) => (NOT_ASCII.test(text) ? text.replace(/\p{Default_Ignorable_Code_Point}/gu, '') : text),
];

function readFileUrl(text: string): string {
  const [start, scheme] = ANY_SCHEME.exec(text) ?? [];
  if (start === undefined || scheme === undefined || !OF_FILES.test(scheme)) return text;
  return URL_PATH.exec(text.slice(start.length))?.[1] ?? text;
}
