// How long until something is possible again, as people and models read it: on a screen and in a denial the same. Pure.

const HOUR_MS = 3_600_000;

/** `750 ms`, `2.5 s`, `7 min`, `8 h`, `8 d 7 h`. Rounded up, so that who waits so long has waited long enough. */
export function showWait(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  const seconds = Math.ceil(ms / 100) / 10;
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.ceil(ms / HOUR_MS);
  if (hours < 48) return `${hours} h`;
  const [days, rest] = [Math.floor(hours / 24), hours % 24];
  return rest === 0 ? `${days} d` : `${days} d ${rest} h`;
}

/** An end by the calendar may be told a moment late, as waits are in whole ms and what is asked for takes its time: not a minute late. */
const GRACE_MS = 1_000;

/** As `showWait`; a wait that is told in hours or days says its end, too, to the minute. @param wallMs when it begins */
export function showWaitUntil(ms: number, wallMs: number): string {
  const until = new Date(Math.ceil((wallMs + ms - GRACE_MS) / 60_000) * 60_000);
  if (ms <= 2 * HOUR_MS || Number.isNaN(until.getTime())) return showWait(ms);
  return `${showWait(ms)} (${until.toISOString().slice(0, 16).replace('T', ' ')} UTC)`;
}
