// Passages on a screen: inert, wrapped, each line marked so that no text can pass for a line of the guard; bounded, and what is left out
// is counted. Knows nothing of what they say. attacker-controlled: labels and texts.
import { commonStart } from '../policy/pins/excerpt.ts';
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
/** Columns: what is deeper is not moved further. */
const LONGEST_LEAD = 24;
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
    const { skipped, lines, missing } = cut(text, sideOf(passages, index), room);
    const body = lines.flatMap((line) => {
      // wrapping drops the blanks before a line, which is how JSON shows what belongs to what
      const lead = ' '.repeat(Math.min(LONGEST_LEAD, line.search(/[^ ]|$/)));
      const width = columns - indent.length - 2 - lead.length;
      return wrapWords(makeInert(line), width).map((part) => `${indent}| ${lead}${part}`.trimEnd());
    });
    return [
      ...head,
      ...(skipped > 0 ? [`${indent}… ${skipped} characters as on the other side: \`--full\``] : []),
      ...body,
      ...(missing > 0 ? [`${indent}… ${missing} more characters: \`--full\``] : []),
    ];
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
function cut(
  given: string,
  other: string | undefined,
  room: Room,
): { readonly skipped: number; readonly lines: readonly string[]; readonly missing: number } {
  const text = given.replace(/\r\n?/g, '\n');
  const most = Math.max(0, Math.min(room.each, room.left));
  const same = other === undefined || text.length <= most ? 0 : commonStart(text, other.replace(/\r\n?/g, '\n'));
  const from = same > LEAD ? same - LEAD : 0;
  const rest = text.slice(from);
  const kept = firstLines(rest.slice(0, most), room.lines);
  room.left -= kept.length;
  room.missing += text.length - kept.length;
  const missing = rest.length - kept.length;
  return { skipped: from, lines: kept === '' && missing > 0 ? [] : kept.split('\n'), missing };
}

function firstLines(text: string, most: number): string {
  let at = -1;
  for (let line = 0; line < most; line += 1) {
    at = text.indexOf('\n', at + 1);
    if (at === -1) return text;
  }
  return text.slice(0, at);
}
