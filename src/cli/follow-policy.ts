// How the policies of one server go over from one policy to the next: all of them between two messages, and where one of them cannot, the
// server is closed. Knows no file; what holds for a server is worked out in server-in-force.ts.
import type { ResolvedServer } from '../config/resolve-server.ts';
import type { Interceptor } from '../core/interceptor.ts';
import type { Roster } from '../policy/roster.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { PolicyFollower } from './policy-in-force.ts';
import type { RunPins } from './run-pins.ts';
import { closeServer, type HowAsked, type ServerInForce, serverAfterReload } from './server-in-force.ts';

export interface FollowParts {
  readonly server: ResolvedServer;
  readonly asked: HowAsked;
  readonly standing: { now: ServerInForce };
  readonly interceptors: readonly Interceptor[];
  readonly roster: Pick<Roster, 'beforePolicyChange'>;
  readonly pins: Pick<RunPins, 'policyIs'> | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs an action as a turn of its own. */
  readonly between: (action: () => void) => void;
}

export function followPolicy(parts: FollowParts): PolicyFollower {
  const { server, standing, log } = parts;
  return {
    prepare(next) {
      const holds = serverAfterReload(next, server, parts.asked);
      const { entry } = holds;
      return {
        notes: holds.note === undefined ? [] : [holds.note],
        commit() {
          parts.between(() => {
            try {
              const now = parts.clock.now();
              parts.roster.beforePolicyChange();
              standing.now = holds;
              const { lock } = next;
              if (entry !== undefined && lock !== undefined)
                parts.pins?.policyIs({
                  approved: lock.approvedPins,
                  document: lock.serverDocument(entry.id),
                  isObserved: entry.mode === 'observe',
                });
              for (const one of parts.interceptors) one.onPolicyChange?.(now);
            } catch (error) {
              // INVARIANT: half of a policy is none
              standing.now = closeServer(
                next,
                'a policy of the guard failed while another config was taken over',
                server,
              );
              log.write('error', `every call to \`${server.name}\` is refused from now on: ${String(error)}`);
            }
          });
        },
      };
    },
  };
}
