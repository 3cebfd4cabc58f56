// A history out of the audit trail: a line each for what happened, by day; or as JSON. Knows no file, and no event: whose history it is says
// what is shown of one. Everything from a record is attacker-controlled and shown inert.
import type { FoundEvent } from '../adapters/recent-events.ts';
import { showRef } from '../audit/entry.ts';
import { timeAt } from '../audit/query.ts';
import { type JsonObject, objectAt } from '../wire/json.ts';
import { stringifyInert } from './call-json.ts';
import { showDay, showTime } from './call-line.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { readLineCount, sayAltered } from './line-count.ts';
import { makePaint, type Paint, type Tone } from './render.ts';
import { readSince } from './tail-filter.ts';
import { cutText, fitText, measureText, wrapWords } from './text-width.ts';

export interface HistoryOptions {
  readonly lines: string;
  readonly since?: string | undefined;
  readonly json?: boolean | undefined;
}

/** The last events, oldest first. @throws GuardError audit_unreadable */
export type LastEvents = (limit: number, since: number | undefined) => readonly FoundEvent[];

/** One event for a person. Made inert here. */
export interface HistoryRow {
  readonly word: string;
  readonly tone: Tone;
  /** What was asked for, or why. */
  readonly what: string;
  readonly rest: string;
}

export interface History {
  /** Undefined: it says no more than another event does. */
  readonly rowOf: (detail: JsonObject) => HistoryRow | undefined;
  readonly empty: string;
}

const WORD_WIDTH = 8;
const MOST_WHAT = 24;
const LEAST_ROOM = 20;
const MOST_LINES = 6;

/** @returns the exit code: 0 @throws GuardError usage, audit_unreadable */
export function runHistory(
  options: HistoryOptions,
  io: CliIo,
  { rowOf, empty }: History,
  lastEvents: LastEvents,
  nowMs: number,
): number {
  const count = readLineCount(options.lines);
  const since = options.since === undefined ? undefined : readSince(options.since, nowMs);
  const events = lastEvents(count, since);
  if (options.json === true) for (const event of events) io.stdout.write(`${formatJson(event)}\n`);
  else if (events.length === 0) io.stderr.write(`${empty}\n`);
  else print(events, rowOf, io);
  sayAltered(events.filter(({ fault }) => fault !== undefined).length, io);
  return 0;
}

/** One line of ASCII. `trail`: the tenant in whose record it stands, which may be another than the one that it names. */
function formatJson({ placed, fault }: FoundEvent): string {
  const { header } = placed.record;
  const head = { id: showRef(placed.ref), at: new Date(timeAt(header)).toISOString(), trail: placed.tenant };
  return stringifyInert({ ...head, name: header.name, ...detailOf(header), altered: fault });
}

function print(events: readonly FoundEvent[], rowOf: History['rowOf'], io: CliIo): void {
  const isOfMany = new Set(events.map(({ placed }) => placed.tenant)).size > 1;
  const rows = events.flatMap(({ placed: { record, tenant } }) => {
    const detail = detailOf(record.header);
    const row = rowOf(detail);
    if (row === undefined) return [];
    const whose = isOfMany && typeof detail.tenant !== 'string' ? `tenant ${tenant}; ` : '';
    return [{ at: timeAt(record.header), ...row, rest: whose + row.rest }];
  });
  const width = Math.min(MOST_WHAT, Math.max(0, ...rows.map(({ what }) => measureText(makeInert(what)))));
  const paint = makePaint(io.color);
  let shownDay = '';
  for (const { at, ...row } of rows) {
    const day = showDay(at);
    if (day !== shownDay) io.stdout.write(`${paint('quiet', `-- ${day}`)}\n`);
    shownDay = day;
    io.stdout.write(`${formatRow(showTime(at), row, width, io.columns, paint).join('\n')}\n`);
  }
}

/** What does not fit goes on below; INVARIANT: no line is wider than `columns`. */
function formatRow(time: string, row: HistoryRow, width: number, columns: number, paint: Paint): readonly string[] {
  const word = fitText(makeInert(row.word), WORD_WIDTH);
  const what = fitText(makeInert(row.what), width);
  const rest = makeInert(row.rest);
  const before = time.length + WORD_WIDTH + width + 3;
  if (columns - before < LEAST_ROOM) return [cutText(`${time} ${word} ${what} ${rest}`.trimEnd(), columns)];
  const [first = '', ...more] = wrapWords(rest, columns - before);
  const lines = [`${time} ${paint(row.tone, word)} ${what} ${first}`.trimEnd()];
  for (const line of more.slice(0, MOST_LINES - 1)) lines.push(' '.repeat(before) + line);
  if (more.length >= MOST_LINES) lines.push(`${' '.repeat(before)}…`);
  return lines;
}

function detailOf(header: JsonObject): JsonObject {
  return objectAt(header, 'detail') ?? {};
}
