// The place of one run in its fleet: for each server whose breakers are shared, as the policy in force says. Everything else is loaded once
// a session has begun, and only where something is shared. Knows no redis and no breaker.
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import type { BreakerLookup } from '../config/breaker-lookup.ts';
import type { LimitStorePolicy } from '../config/limits-policy.ts';
import type { Board, BoardTransition } from '../policy/breaker/board.ts';
import type { BreakerFleet } from '../ports/breaker-fleet.ts';
import type { BreakerStore } from '../ports/breaker-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import type { FleetLane, RunFleet } from './run-fleet.ts';

export interface FleetHubParts {
  readonly stateDir: string;
  readonly tenant: string;
  readonly inForce: PolicyInForce;
  readonly log: Log;
  readonly clock: Clock;
}

/** The session of one server. */
export interface FleetLink {
  readonly server: string;
  readonly store: BreakerStore<Board>;
  readonly lookup: () => BreakerLookup;
  /** Runs an action as a turn of its own. */
  readonly between: (action: () => void) => void;
  /** For the record; between two turns. */
  readonly onTransition: (transition: BoardTransition) => void;
  readonly onTurn: (why: string | undefined) => void;
}

export interface FleetSeat extends BreakerFleet {
  /** A session has begun. */
  begin(): void;
  moved(transition: BoardTransition): void;
  /** The session is over: what is untold is told, for a moment. Another one may begin. */
  end(): Promise<void>;
}

export interface FleetHub {
  join(link: FleetLink): FleetSeat;
}

/** The server's first answers come first. */
const BEGIN_AFTER_MS = 200;
/** A host waits so long, and not much longer, for a session to end. */
const LAST_WORD_MS = 300;

export function createFleetHub(parts: FleetHubParts): FleetHub {
  const { inForce, log } = parts;
  const settles = new Set<() => void>();
  let fleet: Promise<RunFleet> | undefined;
  const load = (): Promise<RunFleet> => {
    fleet ??= import('./run-fleet.ts').then(({ openRunFleet }) => openRunFleet(parts));
    return fleet;
  };
  inForce.follow({
    prepare: () => ({
      notes: [],
      // once every other follower has taken the policy over
      commit: () => void systemTimers.after(0, () => [...settles].map((settle) => settle())),
    }),
  });

  return {
    join(link) {
      const { server, between } = link;
      let lane: FleetLane | undefined;
      let isBegun = false;
      let cancel = (): void => {};
      const place = (): LimitStorePolicy | undefined => {
        const store = inForce.held.policy?.limits.store;
        return isBegun && store?.kind === 'redis' && link.lookup().mayShare(server) ? store : undefined;
      };
      const settle = (): void => {
        const wanted = place();
        if (lane !== undefined && lane.url !== wanted?.url) {
          lane.close();
          lane = undefined;
        }
        if (wanted === undefined || lane !== undefined) return;
        load().then(
          (loaded) => {
            if (lane === undefined && place()?.url === wanted.url) lane = loaded.open(link, wanted.url ?? '');
          },
          (error: unknown) => log.write('error', `openings are shared with no other machine: ${String(error)}`),
        );
      };
      return {
        begin() {
          isBegun = true;
          settles.add(settle);
          cancel = systemTimers.after(BEGIN_AFTER_MS, settle);
        },
        claim(probe, done) {
          if (lane !== undefined) lane.claim(probe, done);
          else void Promise.resolve().then(() => between(() => done(true)));
        },
        free: (name, breaker) => lane?.free(name, breaker),
        moved: (transition) => lane?.moved(transition),
        async end() {
          isBegun = false;
          settles.delete(settle);
          cancel();
          const ended = lane;
          lane = undefined;
          if (ended === undefined) return;
          await Promise.race([
            ended.idle(),
            new Promise<void>((resolve) => {
              cancel = systemTimers.after(LAST_WORD_MS, resolve);
            }),
          ]);
          cancel();
          ended.close();
        },
      };
    },
  };
}
