// Passages on a screen: inert, wrapped, each line marked so that no text can pass for a line of the guard; bounded, and what is left out
// is counted. Knows nothing of what they say. attacker-controlled: labels and texts.
import type { Passage } from './definition-passages.ts';
import { makeInert } from './inert-text.ts';
import { wrapWords } from './text-width.ts';

export interface Room {
  /** Characters of one passage, of all together, and lines of one: where more is left out. */
  readonly each: number;
  readonly lines: number;
  left: number;
  /** Characters that were left out. */
  missing: number;
}

const LONGEST_LABEL = 160;
/** What a reader needs of the text before a difference. */
const LEAD = 200;

/** @param isFull nothing is left out */
export function makeRoom(isFull: boolean): Room {
  if (isFull) return { each: Infinity, lines: Infinity, left: Infinity, missing: 0 };
  return { each: 4_096, lines: 100, left: 65_536, missing: 0 };
}

/** Lines without their ends. */
export function showPassages(
  passages: readonly Passage[],
  columns: number,
  indent: string,
  room: Room,
): readonly string[] {
  return passages.flatMap(({ label, text }, index) => {
    const shown = makeInert(label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL)}…` : label);
    const head = wrapWords(`${shown}:`, columns - indent.length).map((line) => indent + line);
    const lines = cut(text, sideOf(passages, index), room).flatMap((line) =>
      wrapWords(makeInert(line), columns - indent.length - 2).map((part) => `${indent}| ${part}`.trimEnd()),
    );
    return [...head, ...lines];
  });
}

/** The other side of a change: `… was` and `… now` stand beside each other. */
function sideOf(passages: readonly Passage[], index: number): string | undefined {
  const label = passages[index]?.label ?? '';
  const nameOf = (one: string): string => one.replace(/(^| )(was|now)$/, '');
  if (!/(^| )(was|now)$/.test(label)) return undefined;
  return [passages[index - 1], passages[index + 1]].find(
    (one) => one !== undefined && one.label !== label && nameOf(one.label) === nameOf(label),
  )?.text;
}

/** INVARIANT: of a text that is cut, the place where it differs from the other side is shown. */
function cut(text: string, other: string | undefined, room: Room): readonly string[] {
  const most = Math.max(0, Math.min(room.each, room.left));
  const same = other === undefined || text.length <= most ? 0 : commonStart(text, other);
  const from = same > LEAD ? same - LEAD : 0;
  const rest = text.slice(from);
  const kept = firstLines(rest.slice(0, most), room.lines);
  room.left -= kept.length;
  room.missing += text.length - kept.length;
  const after = rest.length - kept.length;
  return [
    ...(from > 0 ? [`… ${from} characters that are the same on both sides: \`--full\``] : []),
    ...(kept === '' && after > 0 ? [] : kept.split(/\r\n|\r|\n/)),
    ...(after > 0 ? [`… ${after} more characters: \`--full\``] : []),
  ];
}

function firstLines(text: string, most: number): string {
  let at = -1;
  for (let line = 0; line < most; line += 1) {
    at = text.indexOf('\n', at + 1);
    if (at === -1) return text;
  }
  return text.slice(0, at);
}

function commonStart(left: string, right: string): number {
  let at = 0;
  while (at < left.length && at < right.length && left[at] === right[at]) at += 1;
  return at;
}
