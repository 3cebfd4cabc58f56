// What readers cut off before and behind a path: schemes, hosts, queries. One list for texts of any length, so that no length has a
// reading of its own. Knows no directories, and not what is left of `..`.
/** What stays of a text; the same text where there is nothing to cut. attacker-controlled. */
export type Cut = (text: string) => string;

/** What a reader opens as a file, if anything: `sqlite:`, `jdbc:sqlite:`; not the first word of a sentence. */
const SCHEME = /^(?!(?:https?|wss?):)[a-z][a-z0-9+.-]*:(?=[/\\.~$%]|[a-z][a-z0-9+.-]*:[/\\]|\S+$)/i;
/** Any scheme with a `file` in it: `file+x:`, `vscode-file:`. In two steps, since one would go back over the name again and again. */
const ANY_SCHEME = /^([a-z0-9+.-]*):/i;
const OF_FILES = /(?:^|[+-])file(?:$|[+-])/i;
/** Of a URL with or without a scheme; readers that are given a base count any number of slashes. */
const HOST = /^[/\\]{2,}[^/\\?#\s]*(?=[/\\])/;
/** As Python; by itself, since comments of code begin so, too. */
const LOOSE_HOST = /^\s*[/\\]{2,}[^/\\?#]*(?=[/\\])/;
/** URL readers drop these wherever they stand, in the scheme, too. */
const DROPPED = /[\t\n\r]+/g;
const HAS_DROPPED = /[\t\n\r]/;
const HAS_END = /[\0?#;%]|^\s*[/\\]{2}/;
/** Where a reader that decodes first would cut. */
const ENCODED_END = /%(?:25)*(?:3f|23|3b|00)/i;
/** No file, whatever follows. */
const OF_WEB = /^\s*(?:https?|wss?):/i;
const NAME = /^[\w.-]+=(?=["'`]?[/\\~.%$])/;

export const dropBreaks: Cut = (text) => (HAS_DROPPED.test(text) ? text.replace(DROPPED, '') : text);

const cutName: Cut = (text) => text.replace(NAME, '');
const cutScheme: Cut = (text) => text.replace(SCHEME, '');
const cutHost: Cut = (text) => text.replace(HOST, '');

/** INVARIANT: what is left begins with its slash, so that no `..` in it can take back more than there is. */
export const HEADS: readonly Cut[] = [cutName, cutScheme, cutFileScheme, cutHost];
/** `jdbc:sqlite:` is two. */
const STARTS: readonly Cut[] = [cutName, cutScheme, cutScheme, cutFileScheme, cutHost];

/**
 * At NUL; and query, fragment and parameters, by every subset of them that readers know. INVARIANT: who cuts the latter drops line
 * breaks, too.
 */
const ENDS: readonly Cut[] = [
  (text) => (text.includes('\0') ? text.slice(0, text.indexOf('\0')) : text),
  (text) => cutAt(text, text.indexOf('?')),
  (text) => cutAt(text, text.indexOf('#')),
  (text) => cutAt(text, text.indexOf(';')),
  // as Python: of the last part
  (text) => (text.includes(';') ? cutAt(text, text.indexOf(';', text.lastIndexOf('/') + 1)) : text),
  (text) => (text.includes('%') ? cutAt(text, text.search(ENCODED_END)) : text),
];

/** The text itself, and whatever a reader leaves of it that cuts its end. These come before all else, so that none is judged too long. */
export function listEnds(text: string): ReadonlySet<string> | readonly [string] {
  if (!HAS_END.test(text) || OF_WEB.test(text)) return [text];
  // once: `//a//a` has as many hosts as slashes
  const ends = new Set([text, text.replace(LOOSE_HOST, '')]);
  // a Set visits what is added on the way; each is the beginning of another, so these are few
  for (const end of ends) for (const cut of ENDS) ends.add(cut(end));
  return ends;
}

/** The text itself, and what stays of it without what may stand before a path: each once, in this order. */
export function listStarts(text: string): ReadonlySet<string> {
  const starts = new Set([text]);
  for (const cut of STARTS) for (const start of [...starts]) starts.add(cut(start));
  return starts;
}

function cutAt(text: string, at: number): string {
  return at === -1 ? text : dropBreaks(text.slice(0, at));
}

function cutFileScheme(text: string): string {
  const [start, scheme] = ANY_SCHEME.exec(text) ?? [];
  return start === undefined || scheme === undefined || !OF_FILES.test(scheme) ? text : text.slice(start.length);
}
