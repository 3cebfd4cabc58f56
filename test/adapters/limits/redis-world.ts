// A real redis with one tenant for each test. Time is the server's, so it really passes. Asserts nothing.
import { setTimeout as delay } from 'node:timers/promises';
import { openRedisLimitStore } from '../../../src/adapters/limit-store-redis.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { type RedisPlace, readRedisUrl } from '../../../src/config/redis-url.ts';
import type { LimitStore } from '../../../src/ports/limit-store.ts';
import type { LimitWorld } from './contract.ts';

export interface OpenOptions {
  readonly mostKeys?: number;
  readonly connectMs?: number;
  readonly answerMs?: number;
}

let count = 0;

export function placeOf(url: string): RedisPlace {
  const reading = readRedisUrl(url);
  if (!reading.ok) throw new Error(reading.why);
  return reading.place;
}

export class RedisWorld implements LimitWorld {
  /** Turns of a busy machine. */
  readonly slackMs = 60;
  readonly tenant: string;
  readonly #url: string;
  readonly #stores: LimitStore[] = [];

  constructor(url: string) {
    this.#url = url;
    count += 1;
    this.tenant = `t${process.pid}-${count}`;
  }

  open(options: OpenOptions = {}, url = this.#url): LimitStore {
    const store = openRedisLimitStore({ place: () => placeOf(url), tenant: this.tenant, ...options });
    this.#stores.push(store);
    return store;
  }

  now() {
    return systemClock.now();
  }

  readonly pass = (ms: number): Promise<void> => delay(ms);

  async close(): Promise<void> {
    for (const store of this.#stores) {
      await store.idle();
      store.close();
    }
  }
}
