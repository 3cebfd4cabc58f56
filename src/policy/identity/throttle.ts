// How long an attempt waits before it is judged, after how many wrong ones on this machine. Pure; knows no file and no clock.
//
// It slows guessing down and shuts nobody out: who has the right token waits too, and never longer than `LONGEST_WAIT_MS`, because an
// attacker who could make that wait endless would have a switch to turn every session of this machine off.
import { isJsonObject, type Json } from '../../wire/json.ts';

export interface Failures {
  readonly version: 1;
  /** Milliseconds since the epoch, oldest first. */
  readonly atMs: readonly number[];
}

export const NO_FAILURES: Failures = { version: 1, atMs: [] };
export const LONGEST_WAIT_MS = 2_000;
const WINDOW_MS = 60_000;
/** Slips of the hand cost nothing. */
const FREE = 5;
const FIRST_WAIT_MS = 125;
const MOST_KEPT = 64;

/** @param failures undefined: it is not known how many there were, so that it counts as many */
export function waitBefore(failures: Failures | undefined, nowMs: number): number {
  if (failures === undefined) return LONGEST_WAIT_MS;
  const recent = recentOf(failures, nowMs).length;
  if (recent < FREE) return 0;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (recent - FREE));
}

export function addFailure(failures: Failures, nowMs: number): Failures {
  return { version: 1, atMs: [...recentOf(failures, nowMs), nowMs].slice(-MOST_KEPT) };
}

/** One of the future, which a clock that was set back leaves behind, counts as of now: it leaves within the window, too. */
function recentOf({ atMs }: Failures, nowMs: number): readonly number[] {
  return atMs.map((at) => Math.min(at, nowMs)).filter((at) => at > nowMs - WINDOW_MS);
}

/** Undefined for whatever is not exactly such a document. */
export function readFailures(value: unknown): Failures | undefined {
  // untyped input enters here: what came out of `JSON.parse` is JSON
  const json = value as Json | undefined;
  if (!isJsonObject(json) || json.version !== 1 || !Array.isArray(json.atMs)) return undefined;
  const entries: readonly Json[] = json.atMs;
  const atMs = entries.filter((one): one is number => typeof one === 'number' && Number.isFinite(one));
  return atMs.length === entries.length && atMs.length <= MOST_KEPT ? { version: 1, atMs } : undefined;
}
