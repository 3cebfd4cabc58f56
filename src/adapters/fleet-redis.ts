// What the machines of a fleet say to each other of their breakers, over a redis or valkey: one script, one round trip a question. Knows
// no breaker and no protocol.
import { createHash } from 'node:crypto';
import type { RedisPlace } from '../config/redis-url.ts';
import { messageOf } from '../error-text.ts';
import type { FleetTelling } from '../policy/breaker/fleet-tell.ts';
import { fleetScript } from './fleet-script.ts';
import {
  askClaim,
  askFree,
  askSync,
  type ClaimReply,
  type ClaimWords,
  type FleetNews,
  nameFleetKey,
  readClaim,
  readNews,
} from './fleet-words.ts';
import type { OnLate, openRedisLink, RedisAnswer, RedisLink } from './redis-link.ts';
import { openRedisScript, replyOf } from './redis-script.ts';

/** Asked in vain: what was asked may have been done all the same, or be done later. */
export interface Away {
  readonly kind: 'away';
  readonly why: string;
}

/** INVARIANT: no promise of it rejects. */
export interface FleetExchange {
  /** Tells, and hears what has changed since `version`; '' for all. */
  sync(server: string, version: string, tellings: readonly FleetTelling[]): Promise<FleetNews | Away>;
  /** A claim that is granted too late is given back. */
  claim(server: string, words: ClaimWords): Promise<ClaimReply | Away>;
  free(server: string, tool: string | undefined, token: string): Promise<void>;
  close(): void;
}

export interface FleetExchangeOptions {
  readonly openLink: typeof openRedisLink;
  readonly place: () => RedisPlace;
  readonly tenant: string;
  /** This machine's name for people. */
  readonly machine: string;
  readonly connectMs?: number;
  readonly answerMs?: number;
}

const MOST_BREAKERS = 256;
const DIGEST_HEX = 32;

/** Connects when it is first asked. @throws RangeError where `tenant` is no name for one */
export function openRedisFleetExchange(options: FleetExchangeOptions): FleetExchange {
  const { openLink, place, tenant, machine, connectMs, answerMs } = options;
  nameFleetKey(tenant, '');
  const script = openRedisScript({ openLink, place, body: fleetScript(MOST_BREAKERS), connectMs, answerMs });
  // A server's name may be long, and is nobody's business there.
  const keyOf = (server: string): string =>
    nameFleetKey(tenant, createHash('sha256').update(server).digest('hex').slice(0, DIGEST_HEX));
  const run = (
    server: string,
    words: readonly string[],
    onLate?: OnLate,
    ask?: RedisLink['ask'],
  ): Promise<RedisAnswer> => script.run([keyOf(server)], words, onLate, ask);

  return {
    async sync(server, version, tellings) {
      return read(await run(server, askSync(version, tellings, machine)), readNews);
    },
    async claim(server, words) {
      const giveBack: OnLate = (_, askThere) => {
        for (const tool of words.breakers) void run(server, askFree(tool, words.token), undefined, askThere);
      };
      return read(await run(server, askClaim(words), giveBack), readClaim);
    },
    async free(server, tool, token) {
      await run(server, askFree(tool, token));
    },
    close: () => script.link.close(),
  };
}

function read<T>(answer: RedisAnswer, reader: (reply: unknown) => T): T | Away {
  try {
    return replyOf(answer, reader);
  } catch (error) {
    return { kind: 'away', why: messageOf(error) };
  }
}
