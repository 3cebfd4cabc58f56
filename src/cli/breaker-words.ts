// What a breaker's numbers say, in words for a person. Knows no layout. attacker-controlled texts come out inert.
import type { Evidence, Rule, SampleCounts } from '../policy/breaker/breaker-state.ts';
import { describeExits } from '../policy/breaker/exit-word.ts';
import { showDay, showDuration, showTime } from './call-line.ts';
import { makeInert } from './inert-text.ts';

const LONGEST_HOLDER = 24;
const LONGEST_TEXT = 500;
/** The last moment that a `Date` holds (ECMA-262, section 21.4.1.1). */
const LAST_MS = 8.64e15;

/** What was seen: `5 of 5 calls failed, 5 in a row`. */
export function describeEvidence(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'samples':
      return describeCounts(evidence);
    case 'fleet': {
      const there = evidence.samples === 0 ? '' : ` (${describeCounts(evidence)})`;
      return `fleet: machine ${shorten(evidence.machine, LONGEST_HOLDER)}${there}`;
    }
    case 'tools':
      return `${evidence.open} of its ${evidence.known} tools fail`;
    case 'probe': {
      const slow = evidence.slow ? ', too slow' : '';
      return `probe ${OUTCOMES[evidence.outcome]} after ${showDuration(evidence.durationMs)}${slow}`;
    }
    case 'lease':
      return `probe of ${showHolder(evidence.holder)}`;
    case 'person':
      return `${shorten(evidence.actor, LONGEST_TEXT)}: ${shorten(evidence.reason, LONGEST_TEXT)}`;
  }
}

function describeCounts({ samples, faults, toolErrors, slow, row, exits = 0, lastExit }: SampleCounts): string {
  const calls = Math.max(0, samples - exits);
  const counted = [
    { count: faults - exits, how: 'failed' },
    { count: toolErrors, how: 'answered with an error' },
    { count: slow, how: 'too slow' },
  ].filter(({ count }) => count > 0);
  const words = counted.map(({ count, how }, index) => `${count}${index === 0 ? ` of ${calls} calls` : ''} ${how}`);
  if (exits > 0) words.unshift(describeExits(exits, lastExit));
  return [...words, ...(row > 1 ? [`${row} in a row`] : [])].join(', ');
}

const OUTCOMES: Readonly<Record<Extract<Evidence, { kind: 'probe' }>['outcome'], string>> = {
  success: 'answered',
  fault: 'failed',
  tool_error: 'answered with an error',
  none: 'came to nothing',
};

/** Why it moved, where the evidence alone does not say it; '' where it does. */
export const RULE_WORDS: Readonly<Record<Rule, string>> = {
  fault_row: '',
  fault_rate: '',
  tool_error_rate: '',
  slow_rate: '',
  escalation: '',
  cool_down_over: 'cool-down over',
  next_probe: 'next',
  lease_lapsed: 'the last one lapsed',
  probes_lapsed: 'three probes lapsed',
  holder_gone: 'its guard is gone',
  probe_unused: '',
  probe_passed: '',
  probes_passed: '',
  probe_failed: '',
  person_open: 'opened by',
  person_close: 'closed by',
  person_reset: 'reset by',
  person_isolate: 'isolated by',
  isolation_kept: 'isolation kept of',
  fleet_open: '',
  fleet_close: 'closed',
};

/** A holder begins with its process id; what is not of that form is shown as it is. attacker-controlled. */
export function showHolder(holder: string): string {
  const pid = /^([0-9]{1,10}),/.exec(holder)?.[1];
  if (pid !== undefined) return `pid ${pid}`;
  return shorten(holder, LONGEST_HOLDER);
}

function shorten(text: string, longest: number): string {
  return makeInert(text.length > longest ? `${text.slice(0, longest)}…` : text);
}

/** Rounded up, so that it is never over sooner than said: `28 s`, `3 min`, `2 h`, `5 d`. */
export function showSpan(ms: number): string {
  if (ms <= 90_000) return `${Math.ceil(ms / 1_000)} s`;
  if (ms <= 5_400_000) return `${Math.ceil(ms / 60_000)} min`;
  return ms <= 172_800_000 ? `${Math.ceil(ms / 3_600_000)} h` : `${Math.ceil(ms / 86_400_000)} d`;
}

/** Local time of day, with the date where that is not the one of `nowMs`. The wall clock may hold nonsense. */
export function showMoment(wallMs: number, nowMs: number): string {
  if (!(Math.abs(wallMs) <= LAST_MS)) return 'an unknown time';
  const day = showDay(wallMs);
  return day === showDay(nowMs) ? showTime(wallMs) : `${day} ${showTime(wallMs)}`;
}
