// Everything that some reader could take a text for as a path. The opposite of path-form.ts: that one refuses what is doubtful, this one
// follows every doubt, because what it does not see passes. Knows no file system.
import { splitPath, takeBack } from './real-location.ts';
import { cutUnknown, expandVariables, type VariableOf } from './variables.ts';

/** Ordinary texts have one to three. */
const MAX_READINGS = 64;
/** Linux opens nothing longer. */
const MAX_PATH_LENGTH = 4096;
/** Longer than any name on a disk. */
const MAX_NAME_LENGTH = 1024;
const PATH_MARK = /[/\\~.%$]/;
const NOT_ASCII = /[^\0-\x7f]/;
/** What a reader opens as a file, if anything: `sqlite:`, `jdbc:sqlite:`; not the first word of a sentence. */
const SCHEME = /^(?!(?:https?|wss?):)[a-z][a-z0-9+.-]*:(?=[/\\.~$%]|[a-z][a-z0-9+.-]*:[/\\]|\S+$)/i;
const FILE_URL = /^(?:[a-z0-9+.-]*[+-])?file(?:[+-][a-z0-9+.-]*)?:(?:\/\/[^/\\]*(?=[/\\]))?([^?#]*).*$/is;
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
  let rest = text.trim();
  const end = rest.indexOf('\0');
  if (end !== -1) rest = rest.slice(0, end);
  if (SCHEME.test(rest)) rest = rest.split(/[?#]/, 1)[0] ?? rest;
  if (rest.length <= MAX_PATH_LENGTH) return rest;
  return collapse(ENCODED_STEP.test(rest) ? decode(decode(rest)) : rest);
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

/**
 * The text itself first, unless no reader could open it. Absolute, or relative to the working directory; may hold `.` and `..`.
 * Undefined: there are too many.
 */
export function listReadings(text: string, variableOf: VariableOf): readonly string[] | undefined {
  const readings = new Set([text]);
  // a Set visits what is added on the way: every change is tried on the outcome of every other
  for (const reading of readings) {
    for (const change of CHANGES) {
      const changed = change(reading, variableOf);
      if (changed !== '') readings.add(changed);
    }
    // INVARIANT: a reading that is left out would pass
    if (readings.size > MAX_READINGS) return undefined;
  }
  return text.length <= MAX_NAME_LENGTH ? [...readings] : [...readings].filter(mayBeOpened);
}

/** Servers that take `..` back as text never open what it takes back. */
function mayBeOpened(reading: string): boolean {
  return takeBack(splitPath(reading)).every((part) => part.length <= MAX_NAME_LENGTH);
}

const CHANGES: readonly ((text: string, variableOf: VariableOf) => string)[] = [
  (text) => text.replace(FILE_URL, '$1'),
  (text) => text.replace(SCHEME, ''),
  (text) => (SCHEME.test(text) ? text.replace(SCHEME, '').replace(/[?#].*$/s, '') : text),
  (text, variableOf) => text.replace(/^~[^/\\]*(?=[/\\]|$)/, () => variableOf('HOME') ?? '~'),
  (text, variableOf) => expandVariables(text, variableOf, (match) => match),
  (text, variableOf) => expandVariables(text, variableOf, () => ''),
  (text, variableOf) => cutUnknown(text, variableOf),
  (text) => (text.includes('%') ? decode(text) : text),
  (text) => text.replaceAll('\\', '/'),
  (text) => text.split('\0')[0] ?? '',
  (text) => text.trim().replace(/^(["'`])(.*)\1$/s, '$2'),
  // what is written before and around a path: `@/x`, `path=/x`, `</x>`, `/x:12`
  (text) => text.replace(/^[@<>=(]+/, '').replace(/[>)]$/, ''),
  (text) => text.replace(/^[\w.-]+=(?=["'`]?[/\\~.%$])/, ''),
  (text) => text.replace(/(?<=[^:]):\d+(?::\d+)?$/, ''),
  (text) => (NOT_ASCII.test(text) ? text.normalize('NFKC') : text),
  (text) => (NOT_ASCII.test(text) ? text.replace(/\p{Default_Ignorable_Code_Point}/gu, '') : text),
];

function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
