// One call on one line that never wraps: time, server, tool, outcome, duration, model, a short form of the input, its id.
// Everything that comes from a record is attacker-controlled and goes through `makeInert` here.

import { showRef } from '../audit/entry.ts';
import { type Call, faultOf, isUnread, toolOf } from '../audit/query.ts';
import { DEFAULT_TENANT } from './bare-run.ts';
import { DURATION, type Needs, OUTCOME, planLayout } from './call-layout.ts';
import { makeInert } from './inert-text.ts';
import { listMembers, memberText } from './json-text.ts';
import { OUTCOME_TONES } from './outcome-word.ts';
import type { Paint } from './render.ts';
import { cutText, fitName, fitText, measureText } from './text-width.ts';

/** Longer lines are not parsed only to show their beginning. */
const MAX_SHOWN_BYTES = 65_536;
/** Stands before the input of a call whose record is not what its hash or its commitment says. */
const ALTERED = '(altered)';
/** A rule denied it, and its server was only observed. */
const WOULD = '(would deny)';
/** What came back was not handed on. */
const heldBack = ({ withheld }: Call) => (withheld === undefined ? [] : [`(${makeInert(withheld.reason)})`]);

/** What the columns of this call would need, uncut. */
export function measureCall(call: Call): Needs {
  return {
    tenant: call.tenant === DEFAULT_TENANT ? 0 : measureText(makeInert(call.tenant)),
    server: measureText(makeInert(call.server)),
    tool: measureText(showTool(call)),
    model: measureText(showModel(call)),
    ref: measureText(showRef(call.ref)),
  };
}

/** @param columns the width that no line exceeds; below 40 the line is cut. Infinity: nothing is cut */
export function formatCall(call: Call, needs: Needs, columns: number, paint: Paint): string {
  const layout = planLayout(needs, columns);
  if (layout === undefined) {
    const tenant = needs.tenant === 0 ? [] : [makeInert(call.tenant)];
    const words = [showTime(call.at), call.state, ...tenant, makeInert(call.server), showTool(call)];
    const marks = [...(faultOf(call) === undefined ? [] : [ALTERED]), ...(call.decision === 'observe' ? [WOULD] : [])];
    return cutText([...marks, ...words].join(' '), columns);
  }
  const durationMs = call.outcomes.at(-1)?.durationMs;
  const cells = [
    paint('quiet', showTime(call.at)),
    ...(layout.tenant > 0 ? [fitName(makeInert(call.tenant), layout.tenant)] : []),
    paint('accent', fitName(makeInert(call.server), layout.server)),
    paint('strong', fitName(showTool(call), layout.tool)),
    paint(OUTCOME_TONES[call.state], fitText(call.state, OUTCOME)),
    fitText(durationMs === undefined ? '-' : showDuration(durationMs), DURATION, 'right'),
  ];
  if (layout.model > 0) cells.push(paint('quiet', fitName(showModel(call), layout.model)));
  cells.push(...showInput(call, layout.input, layout.ref > 0, paint));
  if (layout.ref > 0) cells.push(paint('quiet', showRef(call.ref)));
  return cells.join(' ').trimEnd();
}

/** Cut to `room`, and filled up to it where something follows; nothing where there is no room. */
function showInput(call: Call, room: number, isFollowed: boolean, paint: Paint): string[] {
  const isAltered = faultOf(call) !== undefined;
  const wouldBe = call.decision === 'observe' ? [wouldDeny(call)] : [];
  const marks = [...(isAltered ? [ALTERED] : []), ...heldBack(call), ...wouldBe];
  const text = cutText([...marks, shortenInput(call)].join(' ').trimEnd(), room);
  const blanks = isFollowed && Number.isFinite(room) ? ' '.repeat(Math.max(0, room - measureText(text))) : '';
  if (text === '' && blanks === '') return [];
  return [(isAltered ? paint('bad', text) : marks.length > 0 ? paint('warn', text) : text) + blanks];
}

/** What was asked for; `<-` where the server asked. */
function showTool(call: Call): string {
  const name = isUnread(call) ? '(refused)' : makeInert(toolOf(call) ?? call.method);
  return call.asked === 'server' ? `<- ${name}` : name;
}

const showModel = (call: Call) => makeInert(call.model ?? '-');

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

/** With the reason, as a denial would show it. */
function wouldDeny({ reason }: Call): string {
  return reason === undefined ? WOULD : `(would deny: ${makeInert(reason)})`;
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
