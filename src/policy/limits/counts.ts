// What a store keeps for a key, and one step over it for each kind of charge: judged first, taken only where all pass. Pure, for
// every store that computes here itself; where the records lie is the store's business.
import {
  type Charge,
  GIVE_BACK_WITHIN_MS,
  type PlaceCharge,
  type PostPaid,
  type RateCharge,
  type Receipt,
} from '../../ports/limit-store.ts';
import { type BudgetRecord, giveBackBudget, isFullBudget, judgeBudget } from './budget.ts';
import { judgeRate, payUs, refundUs } from './gcra.ts';

export interface RateRecord {
  readonly kind: 'rate';
  readonly label: string;
  readonly tatUs: number;
  /** What was given back while a receipt may remember more: see `refundUs`. 0 again once `forgottenUs` has come. */
  readonly givenUs: number;
  readonly depthUs: number;
  readonly unitUs: number;
}
export interface PlaceRecord {
  readonly kind: 'place';
  readonly label: string;
  readonly max: number;
  readonly leases: readonly { readonly lease: string; readonly untilUs: number }[];
}
export type CountRecord = RateRecord | BudgetRecord | PlaceRecord;

/** The store's time: `us` of its own clock, and the wall's ms. */
export interface StoreTime {
  readonly us: number;
  readonly wallMs: number;
}

/** Where records lie while one step is under way. */
export interface Shelf {
  /** Undefined: a key in its first state. */
  find(key: string): CountRecord | undefined;
  put(key: string, record: CountRecord): void;
}

export type Verdict =
  | { readonly kind: 'pass'; readonly record: CountRecord; readonly mark: number }
  /** Infinity: never; undefined: nobody knows. */
  | { readonly kind: 'wait'; readonly waitUs: number | undefined };

/** A record of another kind under the same key cannot be: then the key is in its first state. */
function ofKind<K extends CountRecord['kind']>(record: CountRecord | undefined, kind: K) {
  return record?.kind === kind ? (record as Extract<CountRecord, { kind: K }>) : undefined; // its kind says so
}

/** What one charge would do. Changes nothing. */
export function judgeCharge(found: CountRecord | undefined, charge: Charge, now: StoreTime): Verdict {
  if (charge.kind === 'rate') return judgeRateCharge(found, charge, now);
  return charge.kind === 'budget' ? judgeBudget(ofKind(found, 'budget'), charge, now) : judgePlace(found, charge, now);
}

function judgeRateCharge(found: CountRecord | undefined, charge: RateCharge, { us }: StoreTime): Verdict {
  const known = ofKind(found, 'rate');
  const verdict = judgeRate(known?.tatUs ?? us, charge, us);
  if (verdict.kind === 'wait') return verdict;
  const { label, depthUs, unitUs } = charge;
  const { tatUs } = verdict;
  const givenUs = givenOf(known, us);
  return { kind: 'pass', record: { kind: 'rate', label, tatUs, givenUs, depthUs, unitUs }, mark: tatUs + givenUs };
}

function givenOf(known: RateRecord | undefined, us: number): number {
  return known === undefined || forgottenUs(known) <= us ? 0 : known.givenUs;
}

/**
 * When nothing is left to remember. No receipt has a mark above `tatUs + givenUs`, and none is given back a day after it was
 * taken, thus not a day after `tatUs`, either: whoever has every call given back must not keep a key for longer.
 */
function forgottenUs({ tatUs, givenUs }: RateRecord): number {
  return tatUs + Math.min(givenUs, GIVE_BACK_WITHIN_MS * 1_000);
}

function judgePlace(found: CountRecord | undefined, charge: PlaceCharge, { us }: StoreTime): Verdict {
  const { label, max, lease, ttlMs } = charge;
  const alive = (ofKind(found, 'place')?.leases ?? []).filter(({ untilUs }) => untilUs > us);
  if (alive.length >= max) return { kind: 'wait', waitUs: undefined };
  const leases = [...alive, { lease, untilUs: us + ttlMs * 1_000 }];
  return { kind: 'pass', record: { kind: 'place', label, max, leases }, mark: 0 };
}

/** The record once the call has ended; the same reference where nothing changes. */
export function settleCharge(
  found: CountRecord | undefined,
  { charges, marks }: Receipt,
  index: number,
  reached: boolean,
  { us }: StoreTime,
): CountRecord | undefined {
  const charge = charges[index];
  const mark = marks[index];
  if (charge?.kind === 'place' && found?.kind === 'place')
    return { ...found, leases: found.leases.filter(({ lease, untilUs }) => lease !== charge.lease && untilUs > us) };
  if (reached || mark === undefined) return found;
  if (charge?.kind === 'rate' && found?.kind === 'rate') {
    const refund = refundUs(mark, found.givenUs, charge.spendUs, us);
    return refund === 0 ? found : { ...found, tatUs: found.tatUs - refund, givenUs: found.givenUs + refund };
  }
  return charge?.kind === 'budget' && found?.kind === 'budget' ? giveBackBudget(found, mark, charge.cost) : found;
}

export function payCharge(found: CountRecord | undefined, paid: PostPaid, { us }: StoreTime): CountRecord {
  const { label, depthUs, unitUs } = paid;
  const known = ofKind(found, 'rate');
  const tatUs = payUs(known?.tatUs ?? us, paid, us);
  return { kind: 'rate', label, depthUs, unitUs, tatUs, givenUs: givenOf(known, us) };
}

/** Its place is still in use. */
export function renewPlace(
  found: CountRecord | undefined,
  { label, max, lease, ttlMs }: PlaceCharge,
  { us }: StoreTime,
): CountRecord {
  const others = (ofKind(found, 'place')?.leases ?? []).filter((one) => one.lease !== lease && one.untilUs > us);
  return { kind: 'place', label, max, leases: [...others, { lease, untilUs: us + ttlMs * 1_000 }] };
}

/** Nothing is lost where it is forgotten. */
export function isFirstState(record: CountRecord, now: StoreTime): boolean {
  if (record.kind === 'rate') return forgottenUs(record) <= now.us;
  if (record.kind === 'place') return record.leases.every(({ untilUs }) => untilUs <= now.us);
  return isFullBudget(record, now);
}
