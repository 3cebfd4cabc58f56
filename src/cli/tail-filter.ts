// From the options of `audit tail` to a filter over calls. Pure: the time comes in.
import type { CallFilter } from '../audit/call-filter.ts';
import { GuardError } from '../guard-error.ts';
import { isOutcomeWord, OUTCOME_TONES } from './outcome-word.ts';

export interface FilterOptions {
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly tenant?: string | undefined;
  readonly outcome?: string | undefined;
  /** `pass`, `deny` or `observe`. */
  readonly decision?: string | undefined;
  /** `90s`, `15m`, `2h`, `3d`, or a date as `2026-11-22` or `2026-11-22T10:00:00Z`. */
  readonly since?: string | undefined;
  /** Other requests, too, not only `tools/call` and denials. */
  readonly all?: boolean | undefined;
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws GuardError usage */
export function readFilter(options: FilterOptions, nowMs: number): CallFilter {
  return {
    server: options.server,
    tool: options.tool,
    tenant: options.tenant,
    outcome: options.outcome === undefined ? undefined : readOutcome(options.outcome),
    decision: options.decision === undefined ? undefined : readDecision(options.decision),
    since: options.since === undefined ? undefined : readSince(options.since, nowMs),
    callsOnly: options.all !== true,
  };
}

/** Milliseconds since the epoch. @throws GuardError usage */
export function readSince(text: string, nowMs: number): number {
  const [, amount, unit] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return nowMs - Number(amount) * (UNITS_MS[unit] ?? 0);
  const at = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new GuardError('usage', `\`--since ${text}\` is neither an age nor a date`, {
    hint: 'write `90s`, `15m`, `2h`, `3d`, `2026-11-22` or `2026-11-22T10:00:00Z`',
  });
}

function readDecision(word: string): CallFilter['decision'] {
  if (word === 'pass' || word === 'deny' || word === 'observe') return word;
  throw new GuardError('usage', `\`--decision ${word}\` is no decision`, {
    hint: 'use one of `pass`, `deny`, `observe` (would be denied, and passed)',
  });
}

function readOutcome(word: string): CallFilter['outcome'] {
  if (isOutcomeWord(word)) return word;
  const words = Object.keys(OUTCOME_TONES).map((known) => `\`${known}\``);
  throw new GuardError('usage', `\`--outcome ${word}\` is no outcome`, { hint: `use one of ${words.join(', ')}` });
}
