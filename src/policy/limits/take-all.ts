// All charges of a call or none, over a shelf of records: the algorithm that the stores which compute here have in common. Pure;
// that nobody else changes a record meanwhile is the store's business.
import type { CallEnd, Charge, KeyState, Receipt, Take } from '../../ports/limit-store.ts';
import { clearBudget } from './budget.ts';
import {
  type CountRecord,
  judgeCharge,
  payCharge,
  renewPlace,
  type Shelf,
  type StoreTime,
  settleCharge,
} from './counts.ts';

/** INVARIANT: writes nothing where any charge has to wait. */
export function takeAll(shelf: Shelf, charges: readonly Charge[], now: StoreTime): Take {
  const records: CountRecord[] = [];
  const marks: number[] = [];
  let by = -1;
  let longestUs = -1;
  let known = true;
  for (const [index, charge] of charges.entries()) {
    const verdict = judgeCharge(shelf.find(charge.key), charge, now);
    if (verdict.kind === 'pass') {
      records.push(verdict.record);
      marks.push(verdict.mark);
      continue;
    }
    const waitUs = verdict.waitUs ?? 0;
    if (verdict.waitUs === undefined || waitUs === Number.POSITIVE_INFINITY) known = false;
    if (waitUs <= longestUs) continue;
    longestUs = waitUs;
    by = index;
  }
  if (by >= 0) return { kind: 'denied', by, retryAfterMs: known ? Math.ceil(longestUs / 1_000) : undefined };
  for (const [index, record] of records.entries()) {
    const charge = charges[index];
    if (charge !== undefined) shelf.put(charge.key, record);
  }
  return { kind: 'taken', receipt: { charges, marks } };
}

export function settleAll(shelf: Shelf, receipt: Receipt, end: CallEnd, now: StoreTime): void {
  for (const [index, { key, kind }] of receipt.charges.entries()) {
    // What was spent stays spent: nothing to look for.
    if (end.reached && kind !== 'place') continue;
    const found = shelf.find(key);
    const settled = settleCharge(found, receipt, index, end.reached, now);
    if (settled !== undefined && settled !== found) shelf.put(key, settled);
  }
  for (const paid of end.postPaid)
    if (paid.spendUs > 0) shelf.put(paid.key, payCharge(shelf.find(paid.key), paid, now));
}

export function renewAll(shelf: Shelf, receipts: readonly Receipt[], now: StoreTime): void {
  for (const { charges } of receipts)
    for (const charge of charges)
      if (charge.kind === 'place') shelf.put(charge.key, renewPlace(shelf.find(charge.key), charge, now));
}

/** For a person; undefined where there is nothing to say. */
export function stateOf(key: string, record: CountRecord, now: StoreTime): KeyState | undefined {
  const { label } = record;
  if (record.kind === 'rate') {
    const { depthUs, unitUs } = record;
    const backlogUs = Math.max(0, record.tatUs - now.us);
    return backlogUs === 0 ? undefined : { key, label, kind: 'rate', backlogUs, depthUs, unitUs };
  }
  if (record.kind === 'place') {
    const held = record.leases.filter(({ untilUs }) => untilUs > now.us).length;
    return held === 0 ? undefined : { key, label, kind: 'place', held, max: record.max };
  }
  const { wallMs } = now;
  const window = record.windows.find(({ startMs, endMs }) => wallMs >= startMs && wallMs < endMs);
  if (window === undefined || window.used === 0) return undefined;
  return { key, label, kind: 'budget', used: window.used, max: record.max, endsMs: window.endMs };
}

/** The record in its first state. A place keeps those who are in it; what was full is remembered as given back. */
export function clearRecord(record: CountRecord, { us }: StoreTime): CountRecord {
  if (record.kind === 'place') return record;
  if (record.kind === 'budget') return clearBudget(record);
  const refund = Math.max(0, record.tatUs - us);
  return { ...record, tatUs: record.tatUs - refund, givenUs: record.givenUs + refund };
}
