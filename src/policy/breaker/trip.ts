// The window of a closed breaker: what counts in it, and whether it is enough to open. Pure; three separate questions stay
// separate: what a failure is stands in outcome-class.ts, how long to stay open in breaker-reducer.ts.
import type { Moment } from '../../ports/breaker-store.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { Cause, Evidence, Rule, Sample, TimedSample } from './breaker-state.ts';
import { elapsedMs } from './moment.ts';

export interface Trip {
  readonly rule: Rule;
  readonly cause: Cause;
  readonly evidence: Evidence;
}

export function isSlow(durationMs: number, settings: BreakerSettings): boolean {
  return settings.slowCall !== undefined && durationMs > settings.slowCall.afterMs;
}

export function isBad(sample: Sample, settings: BreakerSettings): boolean {
  return sample === 'fault' || (sample === 'tool_error' && settings.countToolErrors === 'always');
}

export function appendSample(
  window: readonly TimedSample[],
  added: TimedSample,
  settings: BreakerSettings,
): readonly TimedSample[] {
  const kept = window.slice(Math.max(0, window.length + 1 - settings.samples));
  kept.push(added);
  return kept;
}

/**
 * Both windows as one: oldest first, the newest `samples` of them. Ordered by age and not by the wall clock, which may have been
 * set between two samples; of the same age (one turn of a session settles many calls) they keep the order that they came in.
 */
export function joinWindows(
  one: readonly TimedSample[],
  other: readonly TimedSample[],
  now: Moment,
  settings: BreakerSettings,
): readonly TimedSample[] {
  return [...one, ...other]
    .map((sample) => ({ sample, ageMs: elapsedMs(sample.at, now) }))
    .filter(({ ageMs }) => ageMs <= settings.maxAgeMs)
    .sort((a, b) => b.ageMs - a.ageMs)
    .slice(-settings.samples)
    .map(({ sample }) => sample);
}

/**
 * The first rule that this window meets, if it meets one. INVARIANT: a sample older than `maxAgeMs` is no evidence.
 * @param window at most `settings.samples` of them, as `appendSample` and `joinWindows` make it
 */
export function findTrip(window: readonly TimedSample[], now: Moment, settings: BreakerSettings): Trip | undefined {
  let samples = 0;
  let faults = 0;
  let toolErrors = 0;
  let slow = 0;
  let row = 0;
  let exits = 0;
  let lastExit = '';
  for (const one of window) {
    if (elapsedMs(one.at, now) > settings.maxAgeMs) continue;
    samples += 1;
    if (one.slow) slow += 1;
    if (one.exit !== undefined) [exits, lastExit] = [exits + 1, one.exit];
    if (isBad(one.sample, settings)) {
      faults += 1;
      row += 1;
    } else {
      row = 0;
      if (one.sample === 'tool_error') toolErrors += 1;
    }
  }
  // A quotient is rounded as the literal of the setting was: 11/20 is 0.55 exactly, where 0.55 × 20 is above 11.
  const share = (count: number) => count / samples;
  const counts = { samples, faults, toolErrors, slow, row, ...(exits === 0 ? {} : { exits, lastExit }) };
  const evidence: Evidence = { kind: 'samples', ...counts };
  if (row >= settings.consecutiveFaults) return { rule: 'fault_row', cause: 'faults', evidence };
  if (samples >= settings.minimum && share(faults) >= settings.faultRate)
    return { rule: 'fault_rate', cause: 'faults', evidence };
  if (
    settings.countToolErrors === 'rate' &&
    samples >= settings.toolErrorMinimum &&
    // Faults do not make it better: else a tool that fails now in this way, now in that, need never open.
    toolErrors > 0 &&
    share(faults + toolErrors) >= settings.toolErrorRate
  )
    return { rule: 'tool_error_rate', cause: 'tool_errors', evidence };
  const { slowCall } = settings;
  if (slowCall !== undefined && samples >= settings.minimum && share(slow) >= slowCall.rate)
    return { rule: 'slow_rate', cause: 'slow', evidence };
  return undefined;
}
