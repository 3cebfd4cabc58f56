// How long the start of a server waits that has exited again and again, in whichever sessions. Pure; the ladder is that of restarts within
// one session (crash-window.ts), and time that has passed anyway counts.
import type { RestartSettings } from '../../core/settings.ts';
import type { Moment } from '../../ports/breaker-store.ts';
import { elapsedMs } from './moment.ts';

/** Newer ones push out older ones: more make no start wait longer. */
export const MOST_EXITS = 32;

interface StartDelay {
  readonly ms: number;
  /** That it is for. */
  readonly exits: number;
}

/** @param exits in any order. INVARIANT: never longer than `maxDelayMs` after the newest exit, whatever stands in the list */
export function startDelay(exits: readonly Moment[], restart: RestartSettings, now: Moment): StartDelay {
  const { withinMs, firstDelayMs, maxDelayMs } = restart;
  const ages = exits.map((at) => elapsedMs(at, now)).filter((ageMs) => ageMs < withinMs);
  if (ages.length === 0) return { ms: 0, exits: 0 };
  const wholeMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (ages.length - 1));
  return { ms: Math.max(0, wholeMs - Math.min(...ages)), exits: ages.length };
}

/** With one more, newest last. */
export function addExit(exits: readonly Moment[], now: Moment): readonly Moment[] {
  return [...exits, now].slice(-MOST_EXITS);
}
