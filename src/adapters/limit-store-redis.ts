// Limits that a fleet of machines counts together, in a redis or valkey: the port over one script, one round trip a call. Time is the
// server's. Knows no limit and no protocol. Loaded only where a config names a redis.
import type { RedisPlace } from '../config/redis-url.ts';
import { messageOf } from '../error-text.ts';
import type { Charge, KeyState, LimitStore, Take } from '../ports/limit-store.ts';
import { limitScript } from './limit-redis-script.ts';
import {
  askAbout,
  askRenew,
  askSettle,
  askTake,
  listOf,
  moveCharges,
  nameKeys,
  numberOf,
  type Question,
  readElsewhere,
  readStates,
  readTake,
} from './limit-redis-words.ts';
import { createEvictionLook } from './redis-eviction.ts';
import { type OnLate, openRedisLink, type RedisAnswer, type RedisLink } from './redis-link.ts';
import { openRedisScript, replyOf } from './redis-script.ts';

// For the breakers of a fleet: the client is in one chunk with this file.
export { openRedisLink };

export interface RedisLimitStoreOptions {
  readonly place: () => RedisPlace;
  readonly tenant: string;
  readonly mostKeys?: number;
  readonly connectMs?: number;
  readonly answerMs?: number;
  /** Of what somebody should mend there; absent: nobody is told. */
  readonly say?: (text: string) => void;
}

const MOST_KEYS = 16_384;
/** A server answers nobody else meanwhile. */
const KEYS_AT_ONCE = 256;

/** Connects when it is first asked. @throws RangeError where `tenant` is no name for one */
export function openRedisLimitStore(options: RedisLimitStoreOptions): LimitStore {
  const { place, tenant, mostKeys = MOST_KEYS, connectMs, answerMs, say } = options;
  const names = nameKeys(tenant);
  const body = limitScript(mostKeys);
  const script = openRedisScript({ openLink: openRedisLink, place, body, connectMs, answerMs });
  const underWay = new Set<Promise<unknown>>();
  /** What its clock was ahead of this machine's, where that was too far for the windows of a budget; ms. */
  let aheadMs = 0;
  const lookAtEviction = say && createEvictionLook(script.link.ask, say);

  const run = ({ keys, words }: Question, onLate?: OnLate, ask?: RedisLink['ask']): Promise<RedisAnswer> =>
    script.run(keys, words, onLate, ask);
  const forget = (question: Question | undefined, ask?: RedisLink['ask']): void => {
    if (question === undefined) return;
    const one = run(question, undefined, ask).finally(() => underWay.delete(one));
    underWay.add(one);
  };
  /** The keys of the tenant that the index knows. */
  const known = async (): Promise<readonly string[]> =>
    replyOf(await script.link.ask(['ZRANGEBYSCORE', names.index, '-inf', '+inf']), listOf).filter(
      (key) => typeof key === 'string',
    );
  const aboutAll = async <T>(
    what: 'list' | 'reset',
    keys: readonly string[] | undefined,
    read: (reply: unknown) => T,
  ): Promise<readonly T[]> => {
    const all = keys ?? (await known());
    const parts: T[] = [];
    for (let at = 0; at < all.length; at += KEYS_AT_ONCE)
      parts.push(replyOf(await run(askAbout(names, what, all.slice(at, at + KEYS_AT_ONCE))), read));
    return parts;
  };

  const ask = async (charges: readonly Charge[]): Promise<RedisAnswer> => {
    // Nobody waits for it any more, so it never was.
    const giveBack: OnLate = (reply, askThere) => {
      const late = orUnavailable(() => readTake(reply, charges, mostKeys));
      if (late.kind === 'taken') forget(askSettle(names, late.receipt, { reached: false, postPaid: [] }), askThere);
    };
    const answer = await run(askTake(names, charges), giveBack);
    if (answer.kind === 'reply') lookAtEviction?.();
    return answer;
  };
  const judge = (answer: RedisAnswer, charges: readonly Charge[]): Take =>
    orUnavailable(() => replyOf(answer, (reply) => readTake(reply, charges, mostKeys)));

  return {
    async take(asked, { wallMs }): Promise<Take> {
      const first = aheadMs === 0 ? asked : moveCharges(asked, wallMs + aheadMs);
      const answer = await ask(first);
      const serverMs = answer.kind === 'reply' ? readElsewhere(answer.reply) : undefined;
      if (serverMs === undefined) return judge(answer, first);
      aheadMs = serverMs - wallMs;
      const charges = moveCharges(asked, serverMs);
      return judge(await ask(charges), charges);
    },
    settle(receipt, end) {
      forget(askSettle(names, receipt, end));
    },
    renew(receipts) {
      forget(askRenew(names, receipts));
    },
    async list() {
      try {
        const keys: readonly KeyState[] = (await aboutAll('list', undefined, readStates)).flat();
        return { kind: 'listed', keys };
      } catch (error) {
        return unavailable(error);
      }
    },
    async reset(keys) {
      try {
        const counts = await aboutAll('reset', keys, numberOf);
        return { kind: 'reset', count: counts.reduce((sum, count) => sum + count, 0) };
      } catch (error) {
        return unavailable(error);
      }
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close: () => script.link.close(),
  };
}

function orUnavailable(read: () => Take): Take {
  try {
    return read();
  } catch (error) {
    return unavailable(error);
  }
}

function unavailable(error: unknown): { readonly kind: 'unavailable'; readonly why: string } {
  return { kind: 'unavailable', why: messageOf(error) };
}
