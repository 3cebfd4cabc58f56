// Days and months of a time zone as stretches of the epoch, whatever the zone does at midnight. Pure: the zone's rules are those
// that the engine was built with. Knows no budget.
import type { Window } from '../../ports/limit-store.ts';

export interface Calendar {
  /** The window before the one that holds `wallMs`, that one, and the one after it: ascending, without gaps. */
  around(wallMs: number): readonly [Window, Window, Window];
}

const DAY_MS = 86_400_000;
/** No zone is further from UTC than 14 h, and none ever skipped more than a day. */
const REACH_MS = 3 * DAY_MS;

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Asked often about the same window it works once. @throws RangeError where there is no such zone */
export function createCalendar(per: 'day' | 'month', timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, calendar: 'gregory', numberingSystem: 'latn', era: 'short' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
  });

  /** The local date as a number that only grows: days are their UTC midnight, months are counted. */
  const ordinalOf = (ms: number): number => {
    const part = (wanted: string): number =>
      Number(format.formatToParts(ms).find(({ type }) => type === wanted)?.value ?? Number.NaN);
    const [year, month, day] = [part('year'), part('month'), part('day')];
    return per === 'day' ? Date.UTC(year, month - 1, day) / DAY_MS : year * 12 + month - 1;
  };
  /** Roughly: its first day, as if the zone were UTC. */
  const guessOf = (ordinal: number): number =>
    per === 'day' ? ordinal * DAY_MS : Date.UTC(Math.floor(ordinal / 12), ordinal % 12, 1);

  /** The first ms whose local date is `ordinal` or later. Where midnight does not exist it is what comes instead. */
  const startOf = (ordinal: number): number => {
    let before = guessOf(ordinal) - REACH_MS;
    let after = guessOf(ordinal) + REACH_MS;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (ordinalOf(middle) < ordinal) before = middle;
      else after = middle;
    }
    return after;
  };

  let known: readonly [Window, Window, Window] | undefined;
  return {
    around(wallMs) {
      const current = known?.[1];
      if (known !== undefined && current !== undefined && wallMs >= current.startMs && wallMs < current.endMs)
        return known;
      let ordinal = ordinalOf(wallMs);
      // A zone that falls back across midnight shows a date twice: the window is the stretch, not the date on the wall.
      while (startOf(ordinal) > wallMs) ordinal -= 1;
      while (startOf(ordinal + 1) <= wallMs) ordinal += 1;
      const at = [ordinal - 1, ordinal, ordinal + 1, ordinal + 2].map(startOf);
      const window = (index: number): Window => ({ startMs: at[index] ?? 0, endMs: at[index + 1] ?? 0 });
      known = [window(0), window(1), window(2)];
      return known;
    },
  };
}
