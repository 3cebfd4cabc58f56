// Texts that are longer than any path the system opens: the short ones that a reader may make of them by what it cuts, decodes, drops,
// folds (`//`, `/./`) and takes back (`..`). Knows no directories, and no reading of a text that is short.
import { decodeLeniently, decodeSteps, foldUnicode, peel, trimWidely } from './lenient-text.ts';
import { type Cut, dropBreaks, listEnds, listStarts } from './reader-cuts.ts';

/** Linux opens nothing longer. */
export const MAX_PATH_LENGTH = 4096;
/** More than these climb above any directory. */
const MAX_CLIMBS = 1024;
/** Ordinary long texts have one to eight. */
const MAX_FORMS = 64;
/** Characters of all forms of one text: some 5 ns each. */
const MAX_WORK = 16_777_216;
/** What is looked at first, from the end. */
const WINDOW = 16_384;
const ESCAPE = /%(?:25)*[0-9a-f]{2}/gi;
/** What some reader drops, trims, folds or takes for structure. */
const LOOSE = /[\0-\x20\x7f-\xa0/\\.%"'`@<>=()[\]{},\s]|\p{Default_Ignorable_Code_Point}/gu;
/** A part of nothing but dots and what some reader drops, decodes or folds. */
const LOOSE_PART = new RegExp(
  [
    String.raw`(?:^|[/\\\ufe68\uff0f\uff3c]|%(?:25)*[0-9a-f]{2})`,
    String.raw`((?:[\t\n\r\p{Default_Ignorable_Code_Point}]|%(?:25)*[0-9a-f]{2}|[.\u2024\u2025\ufe30\ufe52\uff0e])+)`,
    String.raw`(?=$|[/\\\ufe68\uff0f\uff3c])`,
  ].join(''),
  'giu',
);
/** What may be one dot in it, or two. */
const DOT = /%(?:25)*[0-9a-f]{2}|[.\u2024\ufe52\uff0e]/gi;
const TWO_DOTS = /[\u2025\ufe30]/;
/** What stays at the front however much is taken back: it stands for more than one part, or begins a disk. */
const ROOT = /^(?:~[^/]*|[$%`][^/]*|[A-Za-z]:)(?=\/)/;

export interface LongText {
  /** At most `MAX_PATH_LENGTH` characters each. */
  readonly texts: ReadonlySet<string>;
  /** Characters that were looked at. */
  readonly length: number;
}

/** What a reader does before it looks at `..`: each is tried on the outcome of every other. */
const CHANGES: readonly Cut[] = [
  dropBreaks,
  decodeLeniently,
  decodeSteps,
  foldUnicode,
  (text) => text.replaceAll('\\', '/'),
];

/** Undefined: there are too many. attacker-controlled: `text`. */
export function shortenLong(text: string): LongText | undefined {
  const forms = new Set<string>();
  const texts = new Set<string>();
  let length = 0;
  const spend = (read: number): void => {
    length += read;
  };
  const take = (form: string): void => {
    spend(form.length + 8 * (form.match(ESCAPE)?.length ?? 0));
    for (const start of listStarts(form)) {
      if (start.length <= MAX_PATH_LENGTH) texts.add(start);
      const squeezed = squeeze(start, spend);
      if (squeezed !== undefined) texts.add(squeezed);
    }
  };
  // these come first: they end the text elsewhere, and what stays too long does so only from its own end
  for (const read of new Set([text, readJsonText(text)])) {
    for (const end of listEnds(read)) {
      if (end.length <= MAX_PATH_LENGTH) texts.add(end);
      else if (!staysLong(end, spend)) {
        take(end);
        forms.add(peel(trimWidely(end), '"\'`@<>=([{', '"\'`>)]},'));
      }
    }
  }
  // a Set visits what is added on the way
  for (const form of forms) {
    // INVARIANT: a form that is left out would pass
    if (forms.size > MAX_FORMS || length > MAX_WORK) return undefined;
    take(form);
    for (const change of CHANGES) forms.add(change(form));
  }
  return { texts, length };
}

/** Whether the end of a text by itself is too long for every reader: nothing in it takes anything back, and too much of it stays. */
function staysLong(text: string, spend: (read: number) => void): boolean {
  const window = text.slice(-WINDOW);
  const end = foldUnicode(window);
  // what it folds to may be many times as long
  spend(end === window ? 2 * end.length : 4 * (window.length + end.length));
  if (end.replace(ESCAPE, '').replace(LOOSE, '').length <= MAX_PATH_LENGTH) return false;
  for (const [, part = ''] of trimEdges(end).matchAll(LOOSE_PART))
    if (TWO_DOTS.test(part) || (part.match(DOT)?.length ?? 0) > 1) return false;
  return true;
}

function trimEdges(text: string): string {
  return text.replace(/[\s"'`>)\]},]+$/, '');
}

/** As every system folds a path and as many readers take `..` back; undefined where it stays too long. From the end. */
function squeeze(text: string, spend: (read: number) => void): string | undefined {
  const [root = ''] = ROOT.exec(text) ?? [];
  const kept: string[] = [];
  let length = root.length;
  let back = 0;
  for (let end = text.length; end > root.length; ) {
    let start = end - 1;
    while (start >= root.length && text.charCodeAt(start) !== 0x2f) start -= 1;
    const isLong = end - start > 3;
    const part = isLong ? '' : text.slice(start + 1, end);
    if (!isLong && part === '..') back += 1;
    else if (isLong || (part !== '' && part !== '.')) {
      if (back > 0) back -= 1;
      else {
        length += end - start;
        if (length > MAX_PATH_LENGTH) {
          spend(text.length - start);
          return undefined;
        }
        kept.push(text.slice(start + 1, end));
      }
    }
    end = start;
  }
  spend(text.length);
  const climbs = '../'.repeat(Math.min(back, MAX_CLIMBS));
  const rest = kept.reverse().join('/');
  if (root !== '') return `${root}/${/^[A-Za-z]:$/.test(root) ? '' : climbs}${rest}`;
  return `${text.startsWith('/') ? '/' : climbs}${rest}`;
}

function readJsonText(text: string): string {
  const written = trimWidely(text);
  if (!written.startsWith('"') || !written.endsWith('"')) return text;
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === 'string' ? value : text;
  } catch {
    return text;
  }
}
