// What a text says as a path, before any file system is asked: absolute or relative segments, or why readers would differ about
// it. Knows POSIX forms, `~` and `file:`; Windows forms stand in windows-path.ts.
import { foldUnicode } from './lenient-text.ts';
import { climbsWhenEmpty } from './variables.ts';

export type PathForm =
  | { readonly ok: true; readonly paths: readonly string[] }
  | { readonly ok: false; readonly fault: string };

const MAX_PATH_LENGTH = 4096;
const CLIMBS = 'must not hold a part that is `..` without the variables, commands or quotes in it';
const COMMAND = 'must not hold a variable in braces or a command: write the path out';
const CONTROL = /[\0-\x1f\x7f-\x9f]/;
const FILE_URL = /^file:\/\/(?:localhost)?(\/[^?#]*)$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
/** What decoding would turn into structure: `.`, `/`, `\`, `~`, NUL, `%`; and a form that only some decode. */
const ENCODED_STRUCTURE = /%(?:2e|2f|5c|7e|00|25|u[0-9a-f]{4})/i;
const ENCODED = /%[0-9a-f]{2}/i;

/**
 * The paths that readers may take the text for; usually one. A relative one counts from directories that the caller knows. A
 * `file:` URL is a relative path, too, for a server that knows no URLs.
 *
 * @param home absolute; what `~` stands for. attacker-controlled: `text`.
 */
export function readPathForm(text: string, home: string): PathForm {
  if (!/^file:/i.test(text)) {
    const fault = findPlainFault(text) ?? findFormFault(text);
    if (fault !== undefined) return deny(fault);
    if (text === '~' || text.startsWith('~/')) {
      // and what a server looks for that does not know `~`
      return { ok: true, paths: [`${home}${text.slice(1)}`, text] };
    }
    const decoded = ENCODED.test(text) ? decode(text) : text;
    if (decoded !== undefined && climbsWhenEmpty(decoded)) return deny(CLIMBS);
    return { ok: true, paths: decoded === undefined || decoded === text ? [text] : [text, decoded] };
  }
  const [, encoded] = FILE_URL.exec(text) ?? [];
  if (encoded === undefined) return deny('must be a path, or a `file:` URL without host, query and fragment');
  if (/%(?:2f|5c)/i.test(encoded)) return deny('must not hold an encoded `/` or `\\`');
  const path = decode(encoded);
  if (path === undefined) return deny('must be encoded as UTF-8');
  const fault = findPlainFault(path);
  if (fault !== undefined) return deny(fault);
  return { ok: true, paths: [...new Set([path, text, decode(text) ?? text])] };
}

/** What no path may hold, however it was written. */
function findPlainFault(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  if (text.length > MAX_PATH_LENGTH) return `must have at most ${MAX_PATH_LENGTH} characters`;
  if (CONTROL.test(text)) return 'must not hold control characters';
  if (text.trim() !== text) return 'must not begin or end with a blank';
  if (text.includes('\\')) return 'must use `/`, not a backslash';
  if (ENCODED_STRUCTURE.test(text)) return 'must be written out, without percent-encoding';
  if (ENCODED.test(text) && decode(text) === undefined) return 'must be written out, without percent-encoding';
  // anywhere: a command may hold a slash, and print `..`
  if (/`|\$[{(]/.test(text)) return COMMAND;
  if (climbsWhenEmpty(text)) return CLIMBS;
  if (changesStructure(text)) return 'must use the plain characters `.` and `/`';
  return undefined;
}

/** What only the start of a plain text can mean to some reader. */
function findFormFault(text: string): string | undefined {
  if (/^["']/.test(text)) return 'must not be quoted';
  if (/^[[{]/.test(text) && isJson(text)) return 'must be one path, not JSON';
  if (text.startsWith('$')) return 'must not begin with a variable: write the path out, or `./` before it';
  if (/^~[^/]/.test(text)) return 'must not begin with the name of a user after `~`: write `./` before it';
  if (SCHEME.test(text)) return 'must be a path, not a URL or a drive: write `./` before a name with a colon';
  return undefined;
}

/** Whether a reader that folds compatibility forms, and drops what is invisible, sees other segments: fullwidth dots and slashes. */
function changesStructure(text: string): boolean {
  const folded = foldUnicode(text);
  if (folded === text) return false;
  if (folded.includes('\\')) return true;
  const before = text.split('/');
  const after = folded.split('/');
  return (
    before.length !== after.length ||
    after.some((part, index) => /^(?:\.\.?|~.*)$/.test(part) && part !== before[index])
  );
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function deny(fault: string): PathForm {
  return { ok: false, fault };
}
