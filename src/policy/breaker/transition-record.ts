// One transition as the flat detail of its audit record, and back. Pure; knows neither the trail nor how a breaker moves.
import type { JsonScalar } from '../../wire/json.ts';
import { isCount } from '../../wire/number-kinds.ts';
import type { BoardTransition } from './board.ts';
import { LONGEST_TOOL } from './board.ts';
import type { BreakerState, Rule } from './breaker-state.ts';
import { readEvidence, readMoment } from './read-board.ts';

const KINDS: Readonly<Record<BreakerState['kind'], true>> = {
  closed: true,
  open: true,
  half_open: true,
  isolated: true,
};

const RULES: Readonly<Record<Rule, true>> = {
  fault_row: true,
  fault_rate: true,
  tool_error_rate: true,
  slow_rate: true,
  escalation: true,
  cool_down_over: true,
  next_probe: true,
  lease_lapsed: true,
  probes_lapsed: true,
  holder_gone: true,
  probe_unused: true,
  probe_passed: true,
  probes_passed: true,
  probe_failed: true,
  person_open: true,
  person_close: true,
  person_reset: true,
  person_isolate: true,
  isolation_kept: true,
  fleet_open: true,
  fleet_close: true,
};

/**
 * `tool` is null for the server itself, `openMs` where `to` is not `open`. `evidence` is the kind of the evidence, whose members
 * stand beside it under their own names. `wallMs`, `monoMs` and `bootId` are the moment under the lock.
 */
export function recordTransition({ tool, transition }: BoardTransition): Readonly<Record<string, JsonScalar>> {
  const { from, to, epoch, rule, evidence, at, openMs, round } = transition;
  const { kind, ...members } = evidence;
  return {
    tool: tool ?? null,
    from,
    to,
    epoch,
    rule,
    openMs: openMs ?? null,
    round,
    evidence: kind,
    ...known(members),
    ...at,
  };
}

/** What is not known of it has no member. */
function known(members: Readonly<Record<string, JsonScalar | undefined>>): Readonly<Record<string, JsonScalar>> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Undefined where it is no transition that this version knows. attacker-controlled: others may edit the trail. */
export function readTransition(detail: Readonly<Record<string, unknown>>): BoardTransition | undefined {
  const { tool, from, to, epoch, rule, openMs, round } = detail;
  if (tool !== null && (typeof tool !== 'string' || tool.length > LONGEST_TOOL)) return undefined;
  if (!isWordOf(KINDS, from) || !isWordOf(KINDS, to) || !isWordOf(RULES, rule)) return undefined;
  if (!isCount(epoch) || !isCount(round) || (openMs !== null && !isCount(openMs))) return undefined;
  const evidence = readEvidence({ ...detail, kind: detail.evidence });
  const at = readMoment(detail);
  if (evidence === undefined || at === undefined) return undefined;
  return {
    tool: tool ?? undefined,
    transition: { from, to, epoch, rule, evidence, at, openMs: openMs ?? undefined, round },
  };
}

function isWordOf<Word extends string>(words: Readonly<Record<Word, true>>, value: unknown): value is Word {
  return typeof value === 'string' && Object.hasOwn(words, value);
}
