// What the model reads when a breaker refuses its call: what is wrong, since when, when to try again, what still works.
// Pure; decides nothing.
import type { Moment } from '../../ports/breaker-store.ts';
import { inertName } from '../../wire/inert-text.ts';
import type { BreakerState, Evidence, SampleCounts } from './breaker-state.ts';
import { describeExits } from './exit-word.ts';
import { elapsedMs } from './moment.ts';

const MOST_NAMES = 20;

export interface Refused {
  readonly server: string;
  /** Undefined: the whole server is switched off. */
  readonly tool: string | undefined;
  readonly state: BreakerState;
  readonly now: Moment;
  /** Undefined: no time will help. */
  readonly retryAfterMs: number | undefined;
  /** Those that the client may see and that are not switched off; undefined where nobody has listed them. */
  readonly working: readonly string[] | undefined;
}

export function describeRefusal(refused: Refused): string {
  const { server, tool, state, now, retryAfterMs, working } = refused;
  const what =
    tool === undefined
      ? `the MCP server \`${inertName(server)}\``
      : `the tool \`${inertName(tool)}\` of \`${inertName(server)}\``;
  const parts = [`mcp-guard has switched off ${what}${reasonOf(state, now)}. The call was not sent.`];
  if (retryAfterMs === undefined) parts.push('Only a person can switch it on again: do not retry.');
  else parts.push(`Try again in ${seconds(retryAfterMs)}, not before.`);
  if (tool === undefined) parts.push('None of its tools can be called until then.');
  else if (working !== undefined) parts.push(listOf(server, working));
  return parts.join(' ');
}

function reasonOf(state: BreakerState, now: Moment): string {
  if (state.kind === 'isolated')
    return `${since(state.at, now)}: isolated by ${inertName(state.actor)} (${inertName(state.reason)})`;
  if (state.kind === 'closed') return '';
  const probing = state.kind === 'half_open' ? '; one call is trying it out just now' : '';
  return `${since(state.since, now)}: ${evidenceText(state.why)}${probing}`;
}

export function evidenceText(why: Evidence): string {
  switch (why.kind) {
    case 'samples':
      return countText(why);
    case 'fleet':
      return `another machine has switched it off for all${why.samples === 0 ? '' : `, because there ${countText(why)}`}`;
    case 'tools':
      return `${why.open} of its ${why.known} tools fail`;
    case 'person':
      return `opened by ${inertName(why.actor)} (${inertName(why.reason)})`;
    case 'probe':
    case 'lease':
      return 'calls that tried it out failed';
  }
}

/** An exit is a failure of the server, and no call. */
function countText({ samples, faults, toolErrors, slow, row, exits = 0, lastExit }: SampleCounts): string {
  const [calls, failed] = [Math.max(0, samples - exits), Math.max(0, faults - exits)];
  const counts = [`${failed} failed`, `${toolErrors} answered with an error`, `${slow} were too slow`];
  const bad = counts.filter((count) => !count.startsWith('0 ')).join(', ');
  const said = [
    ...(exits === 0 ? [] : [`it ${describeExits(exits, lastExit)}`]),
    ...(exits > 0 && bad === '' ? [] : [`of its last ${calls} calls ${bad}`]),
  ].join(', and ');
  return exits > 0 && bad === '' ? said : `${said}${row > 1 ? ` (the last ${row} in a row)` : ''}`;
}

function since(at: Moment, now: Moment): string {
  const ageMs = elapsedMs(at, now);
  return ` since ${timeOf(at.wallMs)}${Number.isFinite(ageMs) ? ` (${seconds(ageMs)} ago)` : ''}`;
}

/** `2026-07-28T09:00:00Z`; the wall clock may hold nonsense. */
function timeOf(wallMs: number): string {
  const date = new Date(wallMs);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : date.toISOString().replace(/\.\d+/, '');
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))} s`;
}

function listOf(server: string, working: readonly string[]): string {
  if (working.length === 0) return `No other tool of \`${inertName(server)}\` works now.`;
  const names = working.slice(0, MOST_NAMES).map((name) => `\`${inertName(name)}\``);
  const more = working.length > MOST_NAMES ? ` and ${working.length - MOST_NAMES} more` : '';
  return `These tools of \`${inertName(server)}\` still work: ${names.join(', ')}${more}.`;
}
