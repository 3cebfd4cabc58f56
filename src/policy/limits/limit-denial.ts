// What the model reads when a limit refuses its call: which limit, why, when to try again. Decides nothing.
import type { Deny } from '../../core/interceptor.ts';
import { LONGEST_SEARCHED } from './applies.ts';
import type { Limit } from './limit.ts';
import type { Bill } from './limit-set.ts';
import type { Rate } from './rate.ts';
import { PART_WORDS } from './subject-key.ts';
import { showWait, showWaitUntil } from './wait-words.ts';

interface Why {
  readonly reason: string;
  readonly what: string;
  /** Where no wait helps, or none is known. */
  readonly otherwise: string;
}

/** @param by index of the item that refused @param retryAfterMs exact; undefined: never, or nobody knows @param wallMs now */
export function limitDenial({ items }: Bill, by: number, retryAfterMs: number | undefined, wallMs: number): Deny {
  const item = items[by];
  if (item === undefined) return storeDenial();
  const { reason, what, otherwise } = whyOf(item);
  const when = retryAfterMs === undefined ? otherwise : `Try again in ${showWaitUntil(retryAfterMs, wallMs)}.`;
  const text = `${what} This call was not sent. ${when}`;
  return { kind: 'deny', reason, rule: `${item.limit.rule}.${PART_WORDS[item.part]}`, text, retryAfterMs };
}

function whyOf({ limit, part, cost }: Bill['items'][number]): Why {
  const of = limit.key.length === 0 ? '' : ` for each ${limit.key.join(' and ')}`;
  switch (part) {
    case 'places':
      return {
        reason: 'concurrency_limited',
        what:
          limit.concurrency === 1
            ? `Only one such call may be under way at a time here${of}, and one is.`
            : `At most ${limit.concurrency} such calls may be under way at once here${of}, and they are.`,
        otherwise: `Wait until ${limit.concurrency === 1 ? 'it' : 'one of them'} has ended, then try again.`,
      };
    case 'budget':
      return {
        reason: 'budget_spent',
        what: budgetText(limit.budget, cost, of),
        otherwise: (limit.budget?.calls ?? 0) < cost ? NEVER : LATER,
      };
    case 'rate':
      return {
        reason: 'rate_limited',
        what: `Calls come faster than is allowed here: ${paceOf(limit.rate)}${of}.`,
        otherwise:
          (limit.rate?.burst ?? 0) < cost
            ? `It costs ${cost}, more than may be spent at once: do something else.`
            : LATER,
      };
    default: {
      const isIn = part === 'bytes_in';
      return {
        reason: 'rate_limited',
        what: `More bytes ${isIn ? 'are sent' : 'come back'} than is allowed here: ${paceOf(isIn ? limit.bytesIn : limit.bytesOut)}${of}.`,
        otherwise: isIn
          ? `It is larger than all that may be sent in that time (${limit.bytesIn?.units} bytes): make it smaller, no wait helps.`
          : LATER,
      };
    }
  }
}

const NEVER = 'That is more than there ever is: do something else.';
/** Nobody knows when: another of the call's limits waits for calls to end. */
const LATER = 'Try again later.';

/** Where one call costs one, what is less than that is nothing. */
function budgetText(budget: Limit['budget'], cost: number, of: string): string {
  const whole = `the budget of ${budget?.calls} ${budget?.calls === 1 ? 'call' : 'calls'} a ${budget?.per}${of}`;
  return cost === 1
    ? `T${whole.slice(1)} is spent.`
    : `This call costs ${cost}, which is more than is left of ${whole}.`;
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

/** The store did not decide. INVARIANT: then the call is not sent, and why is told to who runs the guard alone: it names hosts and files. */
export function storeDenial(): Deny {
  return {
    kind: 'deny',
    reason: 'limit_store_down',
    rule: 'limitStore.onStoreError',
    text: `mcp-guard could not count this call against its limits, so it was not sent. The guard's log says why; try again in ${showWait(RETRY_STORE_MS)}.`,
    retryAfterMs: RETRY_STORE_MS,
  };
}

/** It has no room for this call's count. @param why the guard's own words */
export function fullDenial(why: string): Deny {
  return {
    kind: 'deny',
    reason: 'limit_store_full',
    rule: 'limitStore',
    text: `There is no room to count this call against its limits (${why}), so it was not sent. A tool that was called of late still has its count; for another, try again in ${showWait(RETRY_FULL_MS)}, when some counts may be full again.`,
    retryAfterMs: RETRY_FULL_MS,
  };
}

const RETRY_STORE_MS = 5_000;
/** Counts make room once their time is over, which nobody knows of those of others. */
const RETRY_FULL_MS = 60_000;

function showPeriod(periodUs: number | undefined): string {
  const words: Readonly<Record<number, string>> = {
    1000000: 'second',
    60000000: 'minute',
    3600000000: 'hour',
    86400000000: 'day',
  };
  return words[periodUs ?? 0] ?? 'period';
}
