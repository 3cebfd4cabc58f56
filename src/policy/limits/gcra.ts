// One rate of one key, as the port's contract says: the whole of GCRA in integers. Knows no store, no key and no clock.
import type { RateCharge } from '../../ports/limit-store.ts';

export type RateVerdict =
  | { readonly kind: 'pass'; readonly tatUs: number }
  /** `waitUs`: after so long it passes; Infinity: never. */
  | { readonly kind: 'wait'; readonly waitUs: number };

type Amounts = Pick<RateCharge, 'spendUs' | 'depthUs' | 'mostUs'>;

/** Where the bucket stands: never before now, never further ahead than it can have come. */
function standingUs(tatUs: number, mostUs: number, nowUs: number): number {
  return Math.min(Math.max(tatUs, nowUs), nowUs + mostUs);
}

/** @param tatUs of the key; anything up to `nowUs` is full */
export function judgeRate(tatUs: number, { spendUs, depthUs, mostUs }: Amounts, nowUs: number): RateVerdict {
  if (spendUs > depthUs) return { kind: 'wait', waitUs: Number.POSITIVE_INFINITY };
  const next = standingUs(tatUs, mostUs, nowUs) + spendUs;
  const waitUs = next - depthUs - nowUs;
  return waitUs > 0 ? { kind: 'wait', waitUs } : { kind: 'pass', tatUs: next };
}

/**
 * How much of a spend a call that never left gives back. INVARIANT: at any later time the key admits no more than if the call
 * had never been. Since the take it has stood at `markUs - givenUs` or later (only giving back ever lowers it), so at every take
 * in between that much backlog was left: so much of the spend still stands there unrefilled, whatever others have taken since;
 * the rest may have run off, and been granted, by time alone.
 *
 * @param markUs TAT after the take plus what had been given back by then @param givenUs what has been given back by now
 */
export function refundUs(markUs: number, givenUs: number, spendUs: number, nowUs: number): number {
  return Math.min(spendUs, Math.max(0, markUs - givenUs - nowUs));
}

/** The TAT after something that nobody was asked about. */
export function payUs(tatUs: number, { spendUs, mostUs }: Omit<Amounts, 'depthUs'>, nowUs: number): number {
  return Math.min(standingUs(tatUs, mostUs, nowUs) + spendUs, nowUs + mostUs);
}
