// Keeps the breakers of this machine and those of the fleet together: every half second, and at once where a breaker has moved here. No
// call waits for it but one that is about to be a probe. Knows neither a protocol nor what an opening means.
import type { Board, BoardTransition } from '../policy/breaker/board.ts';
import type { BreakerSettings } from '../policy/breaker/breaker-settings.ts';
import { applyFleet } from '../policy/breaker/fleet-merge.ts';
import { type FleetView, NO_FLEET_BREAKERS } from '../policy/breaker/fleet-opening.ts';
import { planTellings } from '../policy/breaker/fleet-tell.ts';
import type { BreakerFleet } from '../ports/breaker-fleet.ts';
import type { BreakerStore, Moment } from '../ports/breaker-store.ts';
import { FleetClaims } from './fleet-claims.ts';
import type { FleetMember } from './fleet-member.ts';
import type { FleetExchange } from './fleet-redis.ts';
import type { Timers } from './shutdown-ladder.ts';

export interface FleetBreakersParts extends FleetMember {
  /** This machine's own. */
  readonly store: BreakerStore<Board>;
  readonly exchange: FleetExchange;
  readonly server: string;
  readonly timers: Timers;
  readonly lookEveryMs?: number;
  /** The time now. Must cost no system call. */
  readonly now: () => Moment;
  /** Something random for each claim. */
  readonly nonce: () => string;
  settingsOf(tool: string | undefined): BreakerSettings;
  /** Runs an action between two turns of the session, once. */
  readonly between: (action: () => void) => void;
  /** Once for each, when it holds for every guard of this machine: between two turns. */
  readonly onTransition: (transition: BoardTransition) => void;
  /** The fleet cannot be asked (`why`), or can again (undefined): each as it turns. */
  readonly onTurn: (why: string | undefined) => void;
  /** There is no room for what this machine has found. */
  readonly onFull: () => void;
}

export interface FleetBreakers extends BreakerFleet {
  /** A breaker of this machine has moved. */
  moved(transition: BoardTransition): void;
  /** Tells what is still untold, at most once more. Never rejects. */
  idle(): Promise<void>;
  /** Ends all of it but the exchange. */
  close(): void;
}

/** Of a second, in which an opening has to reach the others, half: the rest is for the way. */
const LOOK_EVERY_MS = 500;
/** By these a probe of this guard ends. */
const ENDS: readonly string[] = ['probe_unused', 'probe_passed', 'probes_passed', 'probe_failed', 'probes_lapsed'];

/** Begins at once. */
export function openFleetBreakers(parts: FleetBreakersParts): FleetBreakers {
  const { store, exchange, server, timers, member, machine, settingsOf, between } = parts;
  let view: FleetView = { at: parts.now(), breakers: NO_FLEET_BREAKERS };
  let version = '';
  let isAway = false;
  let isFull = false;
  let isClosed = false;
  let isAgain = false;
  let underWay: Promise<void> | undefined;
  let cancel = (): void => {};
  const claims = new FleetClaims({ ...parts, isAway: () => isAway });

  /** Under the lock, and only where it changes anything. */
  const follow = (): Promise<void> => {
    const circumstances = (now: Moment) => ({ now, member, settingsOf });
    if (applyFleet(store.read(server), view, circumstances(parts.now())).transitions.length === 0)
      return Promise.resolve();
    return new Promise((resolve) => {
      let transitions: readonly BoardTransition[] = [];
      store.update(
        server,
        (current, now) => {
          const reduction = applyFleet(current, view, circumstances(now));
          transitions = reduction.transitions;
          return reduction.board;
        },
        (board) => {
          // Where it could not be written nothing was taken over: the next look tries again.
          if (board !== undefined) for (const transition of transitions) parts.onTransition(transition);
          resolve();
        },
      );
    });
  };

  const look = async (): Promise<void> => {
    const tellings = planTellings(store.read(server), view, { now: parts.now(), member, machine, settingsOf });
    const news = await exchange.sync(server, version, tellings);
    const why = 'kind' in news ? news.why : undefined;
    if (isAway !== (why !== undefined)) {
      isAway = why !== undefined;
      between(() => parts.onTurn(why));
    }
    if ('kind' in news) return;
    if (news.isFull && !isFull) between(parts.onFull);
    isFull = news.isFull;
    version = news.version;
    if (news.breakers !== undefined) view = { at: parts.now(), breakers: news.breakers };
    if (!isClosed) await follow();
  };

  const lookNow = (): void => {
    cancel();
    if (underWay !== undefined) {
      isAgain = true;
      return;
    }
    underWay = look().finally(() => {
      underWay = undefined;
      if (isClosed) return;
      if (isAgain) {
        isAgain = false;
        lookNow();
      } else cancel = timers.after(parts.lookEveryMs ?? LOOK_EVERY_MS, lookNow);
    });
  };
  lookNow();

  return {
    claim: (probe, done) => claims.claim(probe, done),
    free: (_, breaker) => claims.free(breaker),
    moved({ tool, transition }) {
      if (ENDS.includes(transition.rule)) claims.free(tool);
      if (!isClosed) lookNow();
    },
    async idle() {
      // one that has ended may have begun the next
      while (underWay !== undefined) await underWay;
      await claims.idle();
    },
    close() {
      isClosed = true;
      cancel();
    },
  };
}
