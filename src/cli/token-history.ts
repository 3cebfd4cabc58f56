// `mcp-guard token history`: who was let in and who was not, with the exact reason, and what was done with tokens; out of the audit trail.
// Knows no file. Everything from a record is attacker-controlled and shown inert.
import type { FoundEvent } from '../adapters/recent-events.ts';
import { showRef } from '../audit/entry.ts';
import { timeAt } from '../audit/query.ts';
import { GuardError } from '../guard-error.ts';
import { type JsonObject, objectAt, stringAt } from '../wire/json.ts';
import { stringifyInert } from './call-json.ts';
import { showDay } from './call-line.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint, type Paint, type Tone } from './render.ts';
import { readSince } from './tail-filter.ts';
import { cutText, fitText } from './text-width.ts';

export interface TokenHistoryOptions {
  readonly lines: string;
  readonly since?: string | undefined;
  readonly json?: boolean | undefined;
}

/** The last events of `auth` and `token`, oldest first. @throws GuardError audit_unreadable */
export type LastTokenEvents = (limit: number, since: number | undefined) => readonly FoundEvent[];

const TONES: Readonly<Record<string, Tone>> = { refused: 'bad', ended: 'warn', failed: 'bad', accepted: 'good' };
const STAGE_WIDTH = 8;
const WHY_WIDTH = 17;

/** @returns the exit code @throws GuardError usage, audit_unreadable */
export function runTokenHistory(
  options: TokenHistoryOptions,
  io: CliIo,
  lastEvents: LastTokenEvents,
  nowMs: number,
): number {
  if (!/^[0-9]{1,7}$/.test(options.lines)) {
    throw new GuardError('usage', `\`-n ${options.lines}\` is no number of lines`, {
      hint: 'give a whole number from 0',
    });
  }
  const since = options.since === undefined ? undefined : readSince(options.since, nowMs);
  const events = lastEvents(Number(options.lines), since);
  const paint = makePaint(io.color);
  let day = '';
  for (const event of events) {
    const { header } = event.placed.record;
    const detail = objectAt(header, 'detail') ?? {};
    if (options.json === true) {
      const id = showRef(event.placed.ref);
      const at = new Date(timeAt(header)).toISOString();
      io.stdout.write(`${stringifyInert({ id, at, name: header.name, ...detail, altered: event.fault })}\n`);
      continue;
    }
    // that it was done says no more than that it was asked for and did not fail
    if (detail.stage === 'done') continue;
    const today = showDay(timeAt(header));
    if (today !== day) io.stdout.write(`${paint('quiet', `-- ${today}`)}\n`);
    day = today;
    io.stdout.write(`${formatEvent(timeAt(header), detail, io.columns, paint)}\n`);
  }
  if (events.length === 0 && options.json !== true)
    io.stderr.write('nobody was asked who they are, and no token was made\n');
  const altered = events.filter(({ fault }) => fault !== undefined).length;
  if (altered > 0) io.stderr.write(`${altered} of these were altered since: see \`mcp-guard audit verify\`\n`);
  return 0;
}

function formatEvent(atMs: number, detail: JsonObject, columns: number, paint: Paint): string {
  const stage = stringAt(detail, 'stage') ?? '?';
  const what = stringAt(detail, 'why') ?? stringAt(detail, 'order') ?? '';
  const words = ['token', 'principal', 'source', 'tenant', 'roles', 'until', 'actor', 'reason'].flatMap((key) => {
    const value = stringAt(detail, key);
    return value === undefined || value === '' ? [] : [makeInert(value)];
  });
  const time = new Date(atMs).toISOString().slice(11, 19);
  const room = columns - time.length - STAGE_WIDTH - WHY_WIDTH - 3;
  const word = paint(TONES[stage] ?? 'plain', fitText(makeInert(stage), STAGE_WIDTH));
  return `${time} ${word} ${fitText(makeInert(what), WHY_WIDTH)} ${cutText(words.join(' '), room)}`.trimEnd();
}
