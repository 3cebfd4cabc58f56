// The claims of one guard for the probe of the fleet: asked for, remembered, given back. Knows no protocol and no breaker.

import type { Board } from '../policy/breaker/board.ts';
import type { BreakerSettings } from '../policy/breaker/breaker-settings.ts';
import { elapsedMs, remainingMs } from '../policy/breaker/moment.ts';
import type { BreakerFleet, FleetProbe } from '../ports/breaker-fleet.ts';
import type { BreakerStore, Moment } from '../ports/breaker-store.ts';
import type { FleetExchange } from './fleet-redis.ts';

export interface FleetClaimsParts {
  readonly store: Pick<BreakerStore<Board>, 'holder' | 'isGone'>;
  readonly exchange: Pick<FleetExchange, 'claim' | 'free'>;
  readonly server: string;
  readonly member: string;
  readonly now: () => Moment;
  settingsOf(tool: string | undefined): Pick<BreakerSettings, 'maxOpenMs'>;
  readonly nonce: () => string;
  readonly between: (action: () => void) => void;
  /** It could not be asked a moment ago: who waits for it would wait in vain. */
  readonly isAway: () => boolean;
}

/** Who was refused is not asked for again so soon: a tool may be called very often while somebody else tries it out. */
const LONGEST_REFUSAL_MS = 500;
/** Between the holder and the nonce of a token: in neither of them. */
const MARK = '|';

export class FleetClaims {
  readonly #parts: FleetClaimsParts;
  readonly #tokens = new Map<string | undefined, string>();
  readonly #refused = new Map<string | undefined, { readonly at: Moment; readonly forMs: number }>();
  /** Since when each refusal has followed the one before. */
  readonly #refusedSince = new Map<string | undefined, Moment>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(parts: FleetClaimsParts) {
    this.#parts = parts;
  }

  claim(probe: FleetProbe, done: Parameters<BreakerFleet['claim']>[1]): void {
    const { between } = this.#parts;
    this.#follow(this.#ask(probe).then((mayProbe) => between(() => done(mayProbe))));
  }

  free(breaker: string | undefined): void {
    const token = this.#tokens.get(breaker);
    if (token === undefined) return;
    this.#tokens.delete(breaker);
    this.#follow(this.#parts.exchange.free(this.#parts.server, breaker, token));
  }

  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #ask({ breakers, marks, forMs }: FleetProbe): Promise<boolean> {
    const { store, exchange, server, member, nonce, isAway } = this.#parts;
    // INVARIANT: never a lock-out: who cannot ask the fleet goes by what its own machine says.
    if (isAway() || breakers.some((one) => this.#hasWaitedEnough(one))) return this.#mayGo(breakers);
    if (breakers.some((one) => this.#isRefused(one))) return false;
    const token = `${store.holder}${MARK}${nonce()}`;
    const ask = (instead: string) => exchange.claim(server, { breakers, marks, member, token, instead, forMs });
    let reply = await ask('');
    // Of this machine, and dead: its lease is free at once, as on the machine itself.
    const holder = reply.kind === 'taken' ? reply.holder : '';
    if (holder !== '' && store.isGone(holder.split(MARK)[0] ?? '')) reply = await ask(holder);
    if (reply.kind === 'away') return this.#mayGo(breakers);
    if (reply.kind === 'taken') {
      const refusal = { at: this.#parts.now(), forMs: Math.min(reply.leftMs, LONGEST_REFUSAL_MS) };
      for (const one of breakers) {
        this.#refused.set(one, refusal);
        if (!this.#refusedSince.has(one)) this.#refusedSince.set(one, refusal.at);
      }
      return false;
    }
    for (const one of breakers) this.#tokens.set(one, token);
    return this.#mayGo(breakers);
  }

  #mayGo(breakers: FleetProbe['breakers']): true {
    for (const one of breakers) this.#refusedSince.delete(one);
    return true;
  }

  /** TRUST: whoever can write to the store can hold the probe for ever, but not keep this machine from trying by itself. */
  #hasWaitedEnough(breaker: string | undefined): boolean {
    const { now, settingsOf } = this.#parts;
    const since = this.#refusedSince.get(breaker);
    return since !== undefined && elapsedMs(since, now()) >= settingsOf(breaker).maxOpenMs;
  }

  #isRefused(breaker: string | undefined): boolean {
    const refusal = this.#refused.get(breaker);
    if (refusal === undefined) return false;
    if (remainingMs(refusal.at, refusal.forMs, this.#parts.now()) > 0) return true;
    this.#refused.delete(breaker);
    return false;
  }

  #follow(work: Promise<unknown>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }
}
