// The end of a long approval screen: what waits once more in a line each, above the question, and what the question is about. Judges nothing.
// attacker-controlled: names of tools; every line is made inert here.
import type { ApprovalPicture } from './approval-picture.ts';
import { type ApprovalLine, type ApprovalView, listLines } from './approval-screen.ts';
import { makeInert } from './inert-text.ts';
import type { Paint } from './render.ts';
import { cutText, measureText, wrapWords } from './text-width.ts';

/** What a terminal of 24 lines still shows above the question. */
const SHORT = 16;
const MOST = 14;
const WAITING: readonly ApprovalLine['kind'][] = [
  // first, for the end of a long list is cut: what runs here, and what it is given
  'starts',
  'possible',
  'lasts',
  'drift',
  'unpinned',
  'hidden',
  'alike',
  'ceiling',
];

/** Nothing below a screen that is short. @param text the screen; every line ended */
export function formatSummary(view: ApprovalView, text: string, columns: number, paint: Paint): string {
  if (text.split('\n').length <= SHORT) return '';
  const lines = listLines(view.picture).filter(({ kind }) => WAITING.includes(kind));
  const ordered = WAITING.flatMap((kind) => lines.filter((line) => line.kind === kind));
  const rows: string[] = [];
  let told = 0;
  for (const { kind, server, text: about } of ordered) {
    const lines = shorten(makeInert(`${server === undefined ? '' : `${server}: `}${about}`), columns - 14);
    if (rows.length + lines.length > MOST) break;
    rows.push(...lines.map((line, at) => `  ${at === 0 ? paint('warn', kind.padEnd(10)) : ' '.repeat(10)}${line}\n`));
    told += 1;
  }
  if (rows.length === 0) return '';
  const more = ordered.length > told ? `  and ${ordered.length - told} more lines as these above\n` : '';
  return `\n${paint('strong', 'in short')}\n${rows.join('')}${more}`;
}

const ARROW = ' → ';
/** So much of what is the same on both sides still stands before what is not. */
const CONTEXT = 16;

/** A line; of a change that does not fit, what it comes to in a second one. INVARIANT: what is cut is marked. Each at most `room` + 2 columns */
function shorten(text: string, room: number): readonly string[] {
  const at = text.indexOf(ARROW);
  const head = shortenHead(at < 0 ? text : text.slice(0, at), room);
  if (at < 0 || measureText(text) <= room) return [at < 0 ? head : text];
  return [head, `→ ${cutSame(text.slice(0, at), text.slice(at + ARROW.length), room)}`];
}

/** A hostile name that has no blank to break at must not push itself out of its own line. */
function shortenHead(text: string, room: number): string {
  const [first = '', ...rest] = wrapWords(text, room);
  if (rest.length === 0) return first;
  return measureText(first) < room / 2 ? cutText(text, room) : `${first} …`;
}

/** What is new in `after`, from a little before it on. */
function cutSame(before: string, after: string, room: number): string {
  if (measureText(after) <= room) return after;
  let [same, differs] = [0, after.length + 1];
  while (differs - same > 1) {
    const middle = Math.floor((same + differs) / 2);
    if (before.includes(after.slice(0, middle))) same = middle;
    else differs = middle;
  }
  // no half of a character
  const rest = after.slice(Math.max(0, same - CONTEXT)).replace(/^[\udc00-\udfff]/, '');
  return cutText(rest === after ? rest : `…${rest}`, room);
}

/** Definitions, and instructions, that would be pinned in place of what was approved. */
export function countDrift({ servers }: ApprovalPicture): number {
  return servers.reduce((sum, { drift }) => {
    if (drift === undefined) return sum;
    const { changed, added, removed, instructions } = drift;
    return sum + changed.length + added.length + removed.length + (instructions === undefined ? 0 : 1);
  }, 0);
}

/** @param hasPolicy something else waits beside the definitions */
export function askAbout(drifted: number, hasPolicy: boolean): { readonly note: string; readonly question: string } {
  if (drifted === 0) return { note: '', question: 'approve this' };
  const what = drifted === 1 ? '1 definition' : `${drifted} definitions`;
  if (!hasPolicy) return { note: '', question: `approve ${what} as changed` };
  return {
    note: 'what drifted is approved with it; `--policy-only` leaves that out\n',
    question: `approve this, and ${what} as changed`,
  };
}
