// What else a URI may mean to the server that opens it: patterns compare text, a server decodes, folds and resolves first.
// Opens nothing and decides nothing; of the schemes it knows only how `file:` leaves its host out.
import { LONGEST_NAME } from '../target-index.ts';

export interface UriReading {
  /**
   * It means what it says: no dot segment, backslash or control character in any reading, nothing that cannot be decoded. What
   * is not plain, no wildcard grants: `file:///data/../etc` begins as `file:///data/*` does.
   */
  readonly isPlain: boolean;
  /** Other spellings that may open the same thing, for denials. */
  readonly others: readonly string[];
}

/** Decodings of decodings: `%252e` is `%2e` is `.`. What needs more is not plain. */
const MOST_DECODINGS = 3;

/** attacker-controlled: `uri`. */
export function readUri(uri: string): UriReading {
  if (uri.length > LONGEST_NAME) return { isPlain: false, others: [] };
  const spellings = new Set<string>();
  let isPlain = true;
  let text = uri;
  for (let round = 0; ; round += 1) {
    isPlain &&= !isEvasive(text);
    addSpellings(text, spellings);
    // full-width forms and other look-alikes of `.`, `/` and `\` fold to them
    const folded = isAscii(text) ? text : text.normalize('NFKC');
    if (folded !== text) {
      isPlain &&= !isEvasive(folded);
      addSpellings(folded, spellings);
    }
    const decoded = decode(folded);
    if (decoded === folded) break;
    if (decoded === undefined || round === MOST_DECODINGS) {
      // `100%25` is `100%`, and that is all
      isPlain &&= decoded === undefined && round > 0;
      break;
    }
    text = decoded;
  }
  spellings.delete(uri);
  return { isPlain, others: [...spellings] };
}

/** Undefined where an escape is malformed or no UTF-8. */
function decode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}

/** Parsers drop tabs and line breaks, trim spaces, turn `\` into `/`, and resolve dots (on Windows also with dots and spaces behind). */
function isEvasive(text: string): boolean {
  if (/[\p{Cc}\\]/u.test(text) || text.startsWith(' ') || text.endsWith(' ')) return true;
  return text.includes('.') && text.split(/[/?#&=;:]/).some((segment) => segment !== '' && /^[. ]+$/.test(segment));
}

function addSpellings(text: string, to: Set<string>): void {
  const whole = canonical(text);
  to.add(text);
  to.add(whole);
  // a query or fragment may not matter to who opens it, nor a slash, dot or space at the end
  const bare = whole.slice(0, endAt(whole, /[?#]/, 0));
  to.add(bare);
  to.add(trimEnd(bare));
}

/** Where what follows `from` first matches, or the end. */
function endAt(text: string, mark: RegExp, from: number): number {
  const found = text.slice(from).search(mark);
  return found === -1 ? text.length : from + found;
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && '/. '.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Scheme and host in lower case, slashes for backslashes, each once in the path, no host for the local one of `file:`. */
function canonical(text: string): string {
  const slashed = text.replaceAll('\\', '/');
  const colon = slashed.indexOf(':');
  if (colon === -1) return slashed.replace(/\/{2,}/g, '/');
  const scheme = slashed.slice(0, colon).trim().toLowerCase();
  const rest = slashed.slice(colon + 1);
  const hasHost = rest.startsWith('//');
  const hostEnd = hasHost ? endAt(rest, /[/?#]/, 2) : 0;
  let host = rest.slice(Math.min(2, hostEnd), hostEnd).toLowerCase();
  if (scheme === 'file' && (host === 'localhost' || host === '127.0.0.1')) host = '';
  const path = rest.slice(hostEnd).replace(/\/{2,}/g, '/');
  const isRooted = hasHost || (scheme === 'file' && path.startsWith('/'));
  return `${scheme}:${isRooted ? '//' : ''}${host}${path}`;
}
