// One budget of one key: what was counted in calendar windows, and what is remembered of them when a clock steps. Pure arithmetic; knows
// no store and no key.
//
// Two windows are kept: the last used, and the latest of the others. Of one that was dropped its count is remembered for as long, in the
// store's own time, as a window is long: so a wall clock that steps forward and back finds no window unspent. INVARIANT: whatever the wall clock does, a window
// that lies before one that was counted in admits, within that time, no more than is left of the fullest that was dropped.
import type { BudgetCharge, Window } from '../../ports/limit-store.ts';

export interface CountedWindow extends Window {
  readonly used: number;
  /** When it was last counted in, by the store's clock. */
  readonly lastUs: number;
}

export interface BudgetRecord {
  readonly kind: 'budget';
  readonly label: string;
  readonly max: number;
  /** At most two. */
  readonly windows: readonly CountedWindow[];
  /** The highest count of those that were dropped; of no account from `untilUs` on. */
  readonly dropped: { readonly used: number; readonly untilUs: number };
}

/** The store's time: `us` of its own clock, and the wall's ms. */
interface Time {
  readonly us: number;
  readonly wallMs: number;
}

export type BudgetVerdict =
  | { readonly kind: 'pass'; readonly record: BudgetRecord; readonly mark: number }
  /** Infinity: never. */
  | { readonly kind: 'wait'; readonly waitUs: number };

const MOST_WINDOWS = 2;
/** A budget is kept so long beyond its window, for a clock that is set back. */
const KEPT_MS = 86_400_000;
const NOTHING: Pick<BudgetRecord, 'windows' | 'dropped'> = { windows: [], dropped: { used: 0, untilUs: 0 } };

export function judgeBudget(known: BudgetRecord | undefined, charge: BudgetCharge, now: Time): BudgetVerdict {
  const { cost, max, label } = charge;
  const { windows, dropped } = known ?? NOTHING;
  const window = windowAt(charge.windows, now.wallMs);
  const own = windows.find(({ startMs }) => startMs === window.startMs);
  const isBehind = own === undefined && windows.some(({ startMs }) => startMs > window.startMs);
  const doubtUs = isBehind ? Math.max(0, dropped.untilUs - now.us) : 0;
  const used = own?.used ?? (doubtUs > 0 ? dropped.used : 0);
  if (cost > max) return { kind: 'wait', waitUs: Number.POSITIVE_INFINITY };
  if (used + cost > max) {
    const endUs = Math.max(1, window.endMs - now.wallMs) * 1_000;
    return { kind: 'wait', waitUs: doubtUs > 0 ? Math.min(doubtUs, endUs) : endUs };
  }
  // INVARIANT: the latest is kept: by it the others are known to lie behind.
  const others = windows.filter((one) => one !== own).sort((one, other) => other.startMs - one.startMs);
  const all = [{ ...window, used: used + cost, lastUs: now.us }, ...others];
  const record: BudgetRecord = {
    kind: 'budget',
    label,
    max,
    windows: all.slice(0, MOST_WINDOWS),
    dropped: all.slice(MOST_WINDOWS).reduce((sum, one) => drop(sum, one, now.us), dropped),
  };
  return { kind: 'pass', record, mark: window.startMs };
}

function drop(dropped: BudgetRecord['dropped'], window: CountedWindow, us: number): BudgetRecord['dropped'] {
  const untilUs = doubtedUntil(window);
  if (dropped.untilUs <= us) return { used: window.used, untilUs };
  return { used: Math.max(dropped.used, window.used), untilUs: Math.max(dropped.untilUs, untilUs) };
}

function doubtedUntil({ startMs, endMs, lastUs }: CountedWindow): number {
  return lastUs + (endMs - startMs) * 1_000;
}

/** The one that holds `wallMs`, else the nearest. */
function windowAt(windows: readonly Window[], wallMs: number): Window {
  const [first] = windows;
  const last = windows.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('a budget names at least one window');
  if (wallMs < first.startMs) return first;
  const { startMs, endMs } = windows.find((one) => wallMs < one.endMs) ?? last;
  return { startMs, endMs };
}

/** @param mark the window in which it was counted */
export function giveBackBudget(found: BudgetRecord, mark: number, cost: number): BudgetRecord {
  const windows = found.windows.map((one) =>
    one.startMs === mark ? { ...one, used: Math.max(0, one.used - cost) } : one,
  );
  return { ...found, windows };
}

export function clearBudget(record: BudgetRecord): BudgetRecord {
  return { ...record, ...NOTHING };
}

/** Nothing is lost where it is forgotten. */
export function isFullBudget({ windows, dropped }: BudgetRecord, { us, wallMs }: Time): boolean {
  const isOver = (one: CountedWindow): boolean =>
    one.used === 0 || (one.endMs + KEPT_MS <= wallMs && doubtedUntil(one) <= us);
  return dropped.untilUs <= us && windows.every(isOver);
}
