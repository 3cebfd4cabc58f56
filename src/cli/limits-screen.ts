// The counts of limits as lines that fit and as JSON: used, left, when they are full again. Labels are attacker-controlled and
// shown inert. Knows no store and no clock.
import { listFields, readLabel, type SubjectFields } from '../policy/limits/subject-label.ts';
import { showWait } from '../policy/limits/wait-words.ts';
import type { KeyState } from '../ports/limit-store.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import type { Paint, Tone } from './render.ts';
import { cutText, fitName, fitText, measureText, wrapWords } from './text-width.ts';

export interface LimitRow {
  readonly key: string;
  /** `limits[0].rate` */
  readonly limit: string;
  /** By field; empty where the limit has one count for all. Values are inert, and cut where they are long. */
  readonly subject: SubjectFields;
  readonly kind: KeyState['kind'];
  readonly used: number;
  readonly left: number;
  /** Milliseconds until it is as if nothing had been asked; undefined: nobody knows. */
  readonly resetsInMs: number | undefined;
}

/** Fullest first. */
export function limitRows(keys: readonly KeyState[], wallMs: number): readonly LimitRow[] {
  return keys.map((one) => rowOf(one, wallMs)).sort((a, b) => a.left - b.left || (labelOf(a) < labelOf(b) ? -1 : 1));
}

function rowOf(state: KeyState, wallMs: number): LimitRow {
  const head = { key: state.key, ...readLabel(state.label), kind: state.kind };
  switch (state.kind) {
    case 'rate': {
      const { backlogUs, depthUs, unitUs } = state;
      const left = Math.max(0, Math.floor((depthUs - backlogUs) / unitUs));
      return { ...head, used: Math.ceil(backlogUs / unitUs), left, resetsInMs: Math.ceil(backlogUs / 1_000) };
    }
    case 'budget':
      return {
        ...head,
        used: state.used,
        left: Math.max(0, state.max - state.used),
        resetsInMs: state.endsMs - wallMs,
      };
    case 'place':
      return { ...head, used: state.held, left: Math.max(0, state.max - state.held), resetsInMs: undefined };
  }
}

const NUMBER = 7;
const WHEN = 9;
const LIMIT = 36;
const INDENT = '  ';

/** INVARIANT: no line is wider than `columns`. */
export function formatLimits(rows: readonly LimitRow[], columns: number, paint: Paint): readonly string[] {
  const width = Math.max(10, Math.min(LIMIT, ...[Math.max(...rows.map(({ limit }) => limit.length), 10)]));
  const line = (limit: string, used: string, left: string, when: string, subject: string): readonly string[] => {
    const counts = [
      fitName(limit, width),
      fitText(used, NUMBER, 'right'),
      fitText(left, NUMBER, 'right'),
      fitText(when, WHEN, 'right'),
    ].join(' ');
    const whole = `${counts} ${subject}`;
    if (measureText(whole) <= columns) return [whole];
    // whose it is tells rows apart: below, and whole
    const below = wrapWords(subject, Math.max(1, columns - INDENT.length)).map((part) => INDENT + part);
    return [cutText(counts, columns), ...below.map((part) => cutText(part, columns))];
  };
  const [head = ''] = line('limit', 'used', 'left', 'full in', 'subject');
  const shown = rows.flatMap((row) =>
    line(
      makeInert(row.limit),
      showCount(row.used),
      showCount(row.left),
      row.resetsInMs === undefined ? 'as ended' : showWait(row.resetsInMs),
      makeInert(listFields(row.subject).join(' ') || 'all together'),
    ).map((part) => paint(toneOf(row), part)),
  );
  return [paint('quiet', head.trimEnd()), ...shown];
}

/** @param atMs when it was looked: what `--watch` prints is one stream */
export function formatLimitJson(tenant: string, row: LimitRow, atMs: number): string {
  return stringifyInert({ at: new Date(atMs).toISOString(), tenant, ...row, resetsInMs: row.resetsInMs ?? null });
}

function toneOf({ used, left }: LimitRow): Tone {
  if (left === 0) return 'bad';
  return left < used / 4 ? 'warn' : 'plain';
}

function labelOf({ limit, subject }: LimitRow): string {
  return [limit, ...listFields(subject)].join(' ');
}

/** At most 7 characters. */
function showCount(count: number): string {
  if (count < 1_000_000) return String(count);
  if (count < 1_000_000_000) return `${Math.floor(count / 100_000) / 10}M`;
  return `${Math.floor(count / 100_000_000) / 10}G`;
}
