// `mcp-guard audit tail`: the last calls of all guards, one line each, and the new ones as they come. Knows no file.
import type { CallFilter } from '../audit/call-filter.ts';
import { showRef } from '../audit/entry.ts';
import { type Call, faultOf } from '../audit/query.ts';
import { GuardError } from '../guard-error.ts';
import { formatCallJson } from './call-json.ts';
import { type Needs, widerOf } from './call-layout.ts';
import { formatCall, measureCall, showDay } from './call-line.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { sayAltered } from './line-count.ts';
import { makePaint } from './render.ts';
import { type FilterOptions, readFilter } from './tail-filter.ts';
import type { Trail } from './trail.ts';

export interface AuditTailOptions extends FilterOptions {
  readonly follow?: boolean | undefined;
  /** `-n`; 20 where it is not given. */
  readonly lines?: number | undefined;
  readonly json?: boolean | undefined;
}

const DEFAULT_LINES = 20;

/** @param signal ends `-f` @returns the exit code @throws GuardError */
export async function runAuditTail(
  options: AuditTailOptions,
  io: CliIo,
  trail: Trail,
  nowMs: number,
  signal: AbortSignal,
): Promise<number> {
  const count = options.lines ?? DEFAULT_LINES;
  if (!Number.isInteger(count) || count < 0) {
    throw new GuardError('usage', `\`-n ${count}\` is no number of lines`, { hint: 'give a whole number from 0' });
  }
  const filter = readFilter(options, nowMs);
  const print = options.json === true ? printJson(io) : printLines(io, filter.tenant !== undefined);
  const shown = new Set<string>();
  if (options.follow === true) {
    // before the look back, so that nothing falls between the two; what both see is shown once
    const onNew = (call: Call, isOverdue: boolean): void => {
      if (!isWorthALine(call, filter, isOverdue) || shown.has(keyOf(call))) return;
      print([call]);
    };
    trail.follow(filter, onNew, signal);
  }
  const calls = count === 0 ? [] : trail.lastCalls(count, filter);
  for (const call of calls) shown.add(keyOf(call));
  print(calls);
  sayAltered(calls.filter((call) => faultOf(call) !== undefined).length, io);
  if (options.follow === true) await aborted(signal);
  else if (calls.length === 0 && count > 0) io.stderr.write(`${describeNothing(trail, filter)}\n`);
  return 0;
}

function describeNothing(trail: Trail, filter: CallFilter): string {
  const place = `below \`${makeInert(trail.directory)}\``;
  if (!trail.hasSegments(filter.tenant)) return `nothing is on record ${place}`;
  return `no call on record ${place} matches${describeOwnName(trail, filter)}`;
}

/** Behind a gateway a client sees another name than the record has. */
function describeOwnName(trail: Trail, filter: CallFilter): string {
  const [, own] = /^.*?__(.+)$/.exec(filter.tool ?? '') ?? [];
  const [call] = own === undefined ? [] : trail.lastCalls(1, { ...filter, tool: own });
  if (own === undefined || call === undefined) return '';
  const how = `--server ${makeInert(call.server)} --tool ${makeInert(own)}`;
  return `: a tool is on record by its server's own name, without the prefix of a gateway: \`${how}\``;
}

/** While following, one line a call: when it is settled, denied or overdue, or at once where pending ones were asked for. */
function isWorthALine(call: Call, filter: CallFilter, isOverdue: boolean): boolean {
  if (call.state !== 'pending') return true;
  return isOverdue !== (filter.outcome === 'pending');
}

function keyOf(call: Call): string {
  return `${showRef(call.ref)} ${call.outcomes.length} ${call.state}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function printJson(io: CliIo): (calls: readonly Call[]) => void {
  return (calls) => {
    for (const call of calls) io.stdout.write(`${formatCallJson(call)}\n`);
  };
}

/** A line with the date stands before the first call of each day. Columns are as wide as the calls so far need. */
function printLines(io: CliIo, isOfOne: boolean): (calls: readonly Call[]) => void {
  const paint = makePaint(io.color);
  let shownDay = '';
  let needs: Needs = { tenant: 0, server: 0, tool: 0, model: 0, ref: 0 };
  return (calls) => {
    needs = calls.map(measureCall).reduce(widerOf, needs);
    // who asked for one tenant's knows whose they are
    if (isOfOne) needs = { ...needs, tenant: 0 };
    for (const call of calls) {
      const day = showDay(call.at);
      if (day !== shownDay) io.stdout.write(`${paint('quiet', `-- ${day}`)}\n`);
      shownDay = day;
      io.stdout.write(`${formatCall(call, needs, io.columns, paint)}\n`);
    }
  };
}
