// One call on one line that never wraps: time, server, tool, outcome, duration, model, a short form of the input.
// Everything that comes from a record is attacker-controlled and goes through `makeInert` here.

import { showRef } from '../audit/entry.ts';
import type { Call } from '../audit/query.ts';
import { makeInert } from './inert-text.ts';
import { listMembers, memberText } from './json-text.ts';
import { OUTCOME_WORDS } from './outcome-word.ts';
import type { Paint } from './render.ts';
import { cutText, fitText } from './text-width.ts';

interface Layout {
  readonly server: number;
  readonly tool: number;
  readonly model: number;
  /** Zero where there is no room for the id. */
  readonly ref: number;
}

const TIME = 8;
const OUTCOME = 9;
const DURATION = 6;
const REF = 24;
/** Longer lines are not parsed only to show their beginning. */
const MAX_SHOWN_BYTES = 65_536;

/** @param columns the width that no line exceeds; below 40 the line is cut */
export function formatCall(call: Call, columns: number, paint: Paint): string {
  const layout = planLayout(columns);
  const outcome = OUTCOME_WORDS[call.state];
  const durationMs = call.outcomes.at(-1)?.durationMs;
  const cells = [
    paint('quiet', showTime(call.at)),
    paint('accent', fitText(makeInert(call.server), layout.server)),
    paint(
      'strong',
      fitText(makeInert(call.method === 'tools/call' ? (call.subject ?? '?') : call.method), layout.tool),
    ),
    paint(outcome.tone, fitText(outcome.word, OUTCOME)),
    fitText(durationMs === undefined ? '-' : showDuration(durationMs), DURATION, 'right'),
  ];
  if (layout.model > 0) cells.push(paint('quiet', fitText(makeInert(call.model ?? '-'), layout.model)));
  if (layout.ref > 0) cells.push(paint('quiet', fitText(showRef(call.ref), layout.ref)));
  const used = TIME + layout.server + layout.tool + OUTCOME + DURATION + layout.model + layout.ref + cells.length;
  const rest = columns - used;
  if (rest < 0)
    return cutText(
      `${showTime(call.at)} ${outcome.word} ${makeInert(call.server)} ${makeInert(call.subject ?? call.method)}`,
      columns,
    );
  return [...cells, cutText(shortenInput(call), rest)].join(' ').trimEnd();
}

/** Local time of day, `HH:MM:SS`. */
export function showTime(wallMs: number): string {
  const date = new Date(wallMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Local date, `YYYY-MM-DD`. */
export function showDay(wallMs: number): string {
  const date = new Date(wallMs);
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part, index) => String(part).padStart(index === 0 ? 4 : 2, '0')).join('-');
}

/** At most six columns: `12ms`, `1.5s`, `3.2min`, `>99h`. */
export function showDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)}s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(0)}min`;
  return ms < 360_000_000 ? `${(ms / 3_600_000).toFixed(1)}h` : '>99h';
}

/** The arguments of a call as `name=value …`, its reason where it was denied, the subject of any other request. */
function shortenInput(call: Call): string {
  if (call.state === 'denied' && call.reason !== undefined) return makeInert(call.reason);
  if (call.method !== 'tools/call') return makeInert(call.subject ?? '');
  const { input } = call;
  if (input === undefined) return '';
  if (input.text === undefined || input.text.length > MAX_SHOWN_BYTES)
    return `(${input.form}, ${call.bytes ?? '?'} bytes)`;
  return makeInert(showArguments(input.text));
}

function showArguments(line: string): string {
  const given = memberText(memberText(line, 'params') ?? '', 'arguments') ?? '';
  return listMembers(given)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function planLayout(columns: number): Layout {
  if (columns < 60) return { server: 6, tool: 10, model: 0, ref: 0 };
  const spare = Math.max(0, columns - 80);
  return {
    server: 9 + Math.min(7, Math.floor(spare / 8)),
    tool: 18 + Math.min(14, Math.floor(spare / 4)),
    model: 8 + Math.min(12, Math.floor(spare / 6)),
    ref: columns >= 132 ? REF : 0,
  };
}
