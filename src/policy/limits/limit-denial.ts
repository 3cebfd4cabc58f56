// What the model reads when a limit refuses its call: which limit, why, when to try again. Decides nothing.
import type { Deny } from '../../core/interceptor.ts';
import { LONGEST_SEARCHED } from './applies.ts';
import type { Bill } from './limit-set.ts';
import type { Rate } from './rate.ts';

interface Why {
  readonly reason: string;
  /** The key of the limit that refused. */
  readonly name: string;
  readonly what: string;
  /** Where no wait helps, or none is known. */
  readonly otherwise: string;
}

/** @param by index of the item that refused @param retryAfterMs exact; undefined: never, or nobody knows */
export function limitDenial({ items }: Bill, by: number, retryAfterMs: number | undefined): Deny {
  const item = items[by];
  if (item === undefined) return storeDenial('its answer names no limit');
  const { reason, name, what, otherwise } = whyOf(item);
  const when = retryAfterMs === undefined ? otherwise : `Try again in ${showWait(retryAfterMs)}.`;
  const text = `${what} This call was not sent. ${when}`;
  return { kind: 'deny', reason, rule: `${item.limit.rule}.${name}`, text, retryAfterMs };
}

function whyOf({ limit, part, cost }: Bill['items'][number]): Why {
  const of = limit.key.length === 0 ? '' : ` for each ${limit.key.join(' and ')}`;
  switch (part) {
    case 'places':
      return {
        reason: 'concurrency_limited',
        name: 'concurrency',
        what: `At most ${limit.concurrency} such calls may be under way at once here${of}, and they are.`,
        otherwise: 'Wait until one of them has ended, then try again.',
      };
    case 'budget':
      return {
        reason: 'budget_spent',
        name: 'budget',
        what: `What is left of the budget of ${limit.budget?.calls} calls a ${limit.budget?.per}${of} is less than this one costs.`,
        otherwise: `It costs ${cost}, more than there ever is: do something else.`,
      };
    case 'rate':
      return {
        reason: 'rate_limited',
        name: 'rate',
        what: `Calls come faster than is allowed here: ${paceOf(limit.rate)}${of}.`,
        otherwise: `It costs ${cost}, more than may be spent at once: do something else.`,
      };
    default: {
      const isIn = part === 'bytes_in';
      return {
        reason: 'rate_limited',
        name: isIn ? 'bytes.in' : 'bytes.out',
        what: `More bytes ${isIn ? 'are sent' : 'come back'} than is allowed here: ${paceOf(isIn ? limit.bytesIn : limit.bytesOut)}${of}.`,
        otherwise: 'It is larger than may be sent at once: make it smaller.',
      };
    }
  }
}

function paceOf(rate: Rate | undefined): string {
  return `${rate?.units} per ${showPeriod(rate?.periodUs)}`;
}

/** INVARIANT: a name that is too long to be searched is neither cheaper nor freer than any other: it is not sent. */
export function nameDenial(length: number): Deny {
  return {
    kind: 'deny',
    reason: 'name_too_long',
    rule: 'limits',
    text: `The name of this tool has ${length} characters, of at most ${LONGEST_SEARCHED} that limits are matched with, so this call was not sent. Call a tool by its name in the list of tools.`,
    retryAfterMs: undefined,
  };
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
