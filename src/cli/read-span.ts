// Spans and ends of time on a command line: `15m`, `2h`, `3d`, a day, a moment. Pure: the time comes in.
import { readExpiry } from '../config/check-scopes.ts';
import { GuardError } from '../guard-error.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MOMENT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/;

/** Milliseconds; undefined where it is no span. */
function readSpan(text: string): number | undefined {
  const [, amount, unit] = /^([1-9][0-9]{0,6})([smhd])$/.exec(text) ?? [];
  return amount === undefined || unit === undefined ? undefined : Number(amount) * (UNITS_MS[unit] ?? 0);
}

/** `--for`, or another `option`, in ms. @throws GuardError usage */
export function readDuration(text: string | undefined, longestMs: number, option = '--for'): number {
  const ms = text === undefined ? undefined : readSpan(text);
  if (ms !== undefined && ms <= longestMs) return ms;
  const what =
    text === undefined
      ? `\`${option}\` is missing`
      : `\`${option} ${text}\` is ${ms === undefined ? 'no span of time' : 'too long'}`;
  throw new GuardError('usage', what, {
    hint: `write \`90s\`, \`15m\` or \`2h\`, at most ${longestMs / 3_600_000} hours`,
  });
}

/** `--expires`: a span from now, a day (to its end, UTC), or a moment. Milliseconds since the epoch. @throws GuardError usage */
export function readEnd(text: string, nowMs: number): number {
  const span = readSpan(text);
  const endMs = span === undefined ? (MOMENT.test(text) ? readExpiry(text) : undefined) : nowMs + span;
  if (endMs !== undefined && endMs > nowMs) return endMs;
  throw new GuardError('usage', `\`--expires ${text}\` ${endMs === undefined ? 'is no time' : 'is over already'}`, {
    hint: 'write `8h`, `30d`, `2026-12-31` (to the end of that day, UTC) or `2026-12-31T12:00:00Z`',
  });
}
