// What the model reads when a limit refuses its call: which limit, why, when to try again. Decides nothing.
import type { Deny } from '../../core/interceptor.ts';
import type { Bill } from './limit-set.ts';

/** @param by index of the item that refused @param retryAfterMs exact; undefined: never, or nobody knows */
export function limitDenial({ items }: Bill, by: number, retryAfterMs: number | undefined): Deny {
  const item = items[by];
  if (item === undefined) return storeDenial('its answer names no limit');
  const { limit, part, cost } = item;
  const deny = (reason: string, name: string, what: string, never: string): Deny => {
    const when = retryAfterMs === undefined ? never : `It was not sent. Try again in ${showWait(retryAfterMs)}.`;
    return { kind: 'deny', reason, rule: `${limit.rule}.${name}`, text: `${what} ${when}`, retryAfterMs };
  };
  const too = (what: string): string =>
    `This call ${what} than the limit ever admits at once, so it can never be sent: make it smaller.`;
  const of = limit.key.length === 0 ? '' : ` for each ${limit.key.join(' and ')}`;
  if (part === 'places')
    return deny(
      'concurrency_limited',
      'concurrency',
      `Only ${limit.concurrency} such calls may be under way at once${of} (a limit of this installation), and they are.`,
      'It was not sent. Wait for one of them to end, then try again.',
    );
  if (part === 'budget')
    return deny(
      'budget_spent',
      'budget',
      `The budget of ${limit.budget?.calls} calls a ${limit.budget?.per}${of} (a limit of this installation) is spent, or this call costs more than is left.`,
      too(`costs more (${cost})`),
    );
  if (part === 'rate') {
    const rate = `${limit.rate?.units} per ${showPeriod(limit.rate?.periodUs)}`;
    return deny(
      'rate_limited',
      'rate',
      `Calls come faster than this installation allows: ${rate}${of}.`,
      too(`costs more (${cost})`),
    );
  }
  const bytes = part === 'bytes_in' ? limit.bytesIn : limit.bytesOut;
  return deny(
    'rate_limited',
    part === 'bytes_in' ? 'bytes.in' : 'bytes.out',
    `More bytes ${part === 'bytes_in' ? 'are sent' : 'come back'} than this installation allows: ${bytes?.units} per ${showPeriod(bytes?.periodUs)}${of}.`,
    too('is larger'),
  );
}

/** The store did not decide. INVARIANT: then the call is not sent. */
export function storeDenial(why: string): Deny {
  return {
    kind: 'deny',
    reason: 'limit_store_down',
    rule: 'limitStore.onStoreError',
    text: `mcp-guard could not count this call against its limits, so it was not sent: ${why}. The guard's log says more; try again in ${showWait(RETRY_STORE_MS)}.`,
    retryAfterMs: RETRY_STORE_MS,
  };
}

const RETRY_STORE_MS = 5_000;

/** Rounded up, so that who waits so long has waited long enough. */
export function showWait(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  const seconds = Math.ceil(ms / 100) / 10;
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.ceil(ms / 3_600_000)} h`;
}

function showPeriod(periodUs: number | undefined): string {
  const words: Readonly<Record<number, string>> = {
    1000000: 'second',
    60000000: 'minute',
    3600000000: 'hour',
    86400000000: 'day',
  };
  return words[periodUs ?? 0] ?? 'period';
}
