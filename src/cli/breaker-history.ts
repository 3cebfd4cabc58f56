// `mcp-guard breaker history`: how the breakers moved, newest last, out of the audit trail. Knows no file. Everything from a
// record is attacker-controlled and shown inert.
import type { FoundEvent } from '../adapters/recent-events.ts';
import { showRef } from '../audit/entry.ts';
import type { PlacedRecord } from '../audit/query.ts';
import { timeAt } from '../audit/query.ts';
import { readTransition } from '../policy/breaker/transition-record.ts';
import { objectAt, stringAt } from '../wire/json.ts';
import { formatMove, type Move, measureMove } from './breaker-move.ts';
import { readTarget, type Target } from './breaker-target.ts';
import { stringifyInert } from './call-json.ts';
import { showDay } from './call-line.ts';
import type { CliIo } from './io.ts';
import { readLineCount, sayAltered } from './line-count.ts';
import { makePaint } from './render.ts';
import { readSince } from './tail-filter.ts';

export interface BreakerHistoryOptions {
  readonly target?: string | undefined;
  readonly lines: string;
  readonly since?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface BreakerTrail {
  /** For splitting a target. */
  servers(): readonly string[];
  /** The last events that a breaker is about, oldest first. @throws GuardError audit_unreadable */
  lastEvents(limit: number, since: number | undefined, wants: (placed: PlacedRecord) => boolean): readonly FoundEvent[];
}

/** @returns the exit code @throws GuardError usage, audit_unreadable */
export function runBreakerHistory(
  options: BreakerHistoryOptions,
  io: CliIo,
  trail: BreakerTrail,
  nowMs: number,
): number {
  const count = readLineCount(options.lines);
  const since = options.since === undefined ? undefined : readSince(options.since, nowMs);
  const target = options.target === undefined ? undefined : readTarget(options.target, trail.servers());
  const moves = trail.lastEvents(count, since, (placed) => isOf(placed, target)).map(readMove);
  if (options.json === true) for (const move of moves) io.stdout.write(`${formatMoveJson(move)}\n`);
  else if (moves.length === 0) io.stderr.write('no breaker that was asked for has moved\n');
  else print(moves, io);
  sayAltered(moves.filter(({ fault }) => fault !== undefined).length, io);
  return 0;
}

/** A transition, or an order that failed: that it was given says nothing yet. */
function isOf({ record: { header } }: PlacedRecord, target: Target | undefined): boolean {
  const detail = objectAt(header, 'detail');
  if (header.name === 'breaker_order' && stringAt(detail, 'stage') !== 'failed') return false;
  if (target === undefined) return true;
  const isServer = stringAt(header, 'server') === target.server;
  return isServer && (target.tool === undefined || stringAt(detail, 'tool') === target.tool);
}

function readMove({ placed, fault }: FoundEvent): Move {
  const { ref, tenant, record } = placed;
  const { header } = record;
  const detail = objectAt(header, 'detail') ?? {};
  const isOrder = header.name === 'breaker_order';
  return {
    ref: showRef(ref),
    at: timeAt(header),
    tenant,
    server: stringAt(header, 'server') ?? '',
    tool: stringAt(detail, 'tool'),
    transition: isOrder ? undefined : readTransition(detail)?.transition,
    failed: isOrder
      ? {
          order: stringAt(detail, 'order') ?? '?',
          actor: stringAt(detail, 'actor') ?? '?',
          reason: stringAt(detail, 'reason') ?? '',
          why: stringAt(detail, 'why') ?? '',
        }
      : undefined,
    fault,
  };
}

function print(moves: readonly Move[], io: CliIo): void {
  const paint = makePaint(io.color);
  const needs = moves.map(measureMove).reduce((a, b) => ({
    name: Math.max(a.name, b.name),
    step: Math.max(a.step, b.step),
  }));
  let shownDay = '';
  for (const move of moves) {
    const day = showDay(move.at);
    if (day !== shownDay) io.stdout.write(`${paint('quiet', `-- ${day}`)}\n`);
    shownDay = day;
    io.stdout.write(`${formatMove(move, needs, io.columns, paint)}\n`);
  }
}

/** One line of ASCII; keys stand in docs/breaker.md. */
function formatMoveJson({ ref, at, tenant, server, tool, transition, failed, fault }: Move): string {
  const { from, to, epoch, rule, openMs, round, evidence } = transition ?? {};
  return stringifyInert({
    id: ref,
    at: new Date(at).toISOString(),
    tenant,
    server,
    tool: tool ?? null,
    from,
    to,
    epoch,
    rule,
    openMs,
    round,
    evidence,
    failed,
    altered: fault,
  });
}
