// The end of a long approval screen: what waits once more in a line each, above the question, and what the question is about. Judges nothing.
// attacker-controlled: names of tools; every line is made inert here.
import type { ApprovalPicture } from './approval-picture.ts';
import { type ApprovalLine, type ApprovalView, listLines } from './approval-screen.ts';
import { makeInert } from './inert-text.ts';
import type { Paint } from './render.ts';
import { wrapWords } from './text-width.ts';

/** What a terminal of 24 lines still shows above the question. */
const SHORT = 16;
const MOST = 14;
const WAITING: readonly ApprovalLine['kind'][] = [
  'possible',
  'starts',
  'lasts',
  'drift',
  'unpinned',
  'hidden',
  'alike',
  'ceiling',
];

/** Nothing below a screen that is short. @param text the screen; every line ended */
export function formatSummary({ picture }: ApprovalView, text: string, columns: number, paint: Paint): string {
  if (text.split('\n').length <= SHORT) return '';
  const lines = listLines(picture).filter(({ kind }) => WAITING.includes(kind));
  const ordered = WAITING.flatMap((kind) => lines.filter((line) => line.kind === kind));
  const rows = ordered.slice(0, MOST).map(({ kind, server, text: about }) => {
    const whose = server === undefined ? '' : `${makeInert(server)}: `;
    const [first = '', ...rest] = wrapWords(makeInert(whose + about), columns - 14);
    return `  ${paint('warn', kind.padEnd(10))}${first}${rest.length > 0 ? ' …' : ''}\n`;
  });
  if (rows.length === 0) return '';
  const more = ordered.length > MOST ? `  and ${ordered.length - MOST} more lines as these above\n` : '';
  return `\n${paint('strong', 'in short')}\n${rows.join('')}${more}`;
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
