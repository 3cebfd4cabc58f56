// Rates in whole microseconds: what a unit costs, what may be spent at once. Pure arithmetic; knows no limit and no key.

/** `units` each `periodUs`, both integers above 0. */
export interface Rate {
  readonly units: number;
  readonly periodUs: number;
}

const PERIODS_US: ReadonlyMap<string, number> = new Map([
  ['s', 1_000_000],
  ['min', 60_000_000],
  ['h', 3_600_000_000],
  ['day', 86_400_000_000],
]);

/** @param text `60/min`; undefined where it is none */
export function readRate(text: string): Rate | undefined {
  const [count = '', per = '', ...rest] = text.split('/');
  const periodUs = PERIODS_US.get(per);
  const units = /^[1-9][0-9]{0,8}$/.test(count) ? Number(count) : undefined;
  return periodUs === undefined || units === undefined || rest.length > 0 ? undefined : { units, periodUs };
}

/**
 * What `units` cost, at least 1 for anything. Rounded up to the whole µs, each time from the exact quotient: so nothing adds up
 * over the calls, and what is admitted never exceeds the rate; it falls short of it by less than a µs a charge.
 */
export function costUs(units: number, rate: Rate): number {
  if (units <= 0) return 0;
  const product = units * rate.periodUs;
  if (product <= Number.MAX_SAFE_INTEGER) return Math.ceil(product / rate.units);
  const exact = BigInt(units) * BigInt(rate.periodUs);
  const divisor = BigInt(rate.units);
  return Number((exact + divisor - 1n) / divisor);
}
