// A changed value in a few words: what stood there, what stands there, cut around the first place where they differ. Pure.
// attacker-controlled: both texts; what comes out is inert and bounded.
import { showInert } from '../../wire/inert-text.ts';
import type { Json } from '../../wire/json.ts';
import { sortedJson } from '../../wire/sorted-json.ts';

export interface Excerpt {
  /** Undefined: the field was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Characters of each side, before what is invisible is spelled out. */
const WIDTH = 60;
const LEAD = 15;

export function excerptChange(before: Json | undefined, after: Json | undefined): Excerpt {
  const [old, fresh] = [textOf(before), textOf(after)];
  const from = old === undefined || fresh === undefined ? 0 : Math.max(0, commonStart(old, fresh) - LEAD);
  return { before: cutAt(old, from), after: cutAt(fresh, from) };
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : sortedJson(value);
}

/** How many characters both begin with. */
export function commonStart(left: string, right: string): number {
  let at = 0;
  while (at < left.length && at < right.length && left[at] === right[at]) at += 1;
  return at;
}

function cutAt(text: string | undefined, from: number): string | undefined {
  if (text === undefined) return undefined;
  const end = from + WIDTH;
  return `${from > 0 ? '…' : ''}${showInert(text.slice(from, end))}${end < text.length ? '…' : ''}`;
}
