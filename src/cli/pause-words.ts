// A pause in words, the same on every screen that shows what holds. Pure. Who and why are a person's text, shown inert.
import type { Pause } from '../policy/pause.ts';
import { makeInert } from './inert-text.ts';

/** `PAUSED until 2026-07-28T09:15:00.000Z by ada (the release waits)` */
export function describePause({ untilMs, actor, reason }: Pause): string {
  return `PAUSED until ${new Date(untilMs).toISOString()} by ${makeInert(actor)} (${makeInert(reason)})`;
}

/** For a script; null where it is not paused. */
export function pauseJson(
  pause: Pause | undefined,
): { readonly since: string; readonly until: string; readonly actor: string; readonly reason: string } | null {
  if (pause === undefined) return null;
  const { sinceMs, untilMs, actor, reason } = pause;
  return { since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString(), actor, reason };
}
