// How the policies of one server go over from one policy to the next: all of them between two messages, and where one of them cannot, the
// server is closed. Knows no file; what holds for a server is worked out in server-in-force.ts.
import type { ServerPolicy } from '../config/policy.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import type { Interceptor } from '../core/interceptor.ts';
import { isGuardError, showError } from '../guard-error.ts';
import type { Renewal } from '../policy/renewal.ts';
import type { Roster } from '../policy/roster.ts';
import { nextExpiryMs } from '../policy/scope/narrowed-lists.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import type { HeldPolicy } from './open-policy.ts';
import type { PolicyFollower } from './policy-in-force.ts';
import type { ServerRenewal } from './renew-server.ts';
import type { RunPins } from './run-pins.ts';
import {
  closeServer,
  closeUnstartable,
  type HowAsked,
  type ServerInForce,
  serverAfterReload,
} from './server-in-force.ts';

export interface FollowParts {
  readonly server: ResolvedServer;
  readonly asked: HowAsked;
  /** The policy in force does not have it. */
  readonly hasLeft: () => boolean;
  readonly standing: { now: ServerInForce };
  readonly interceptors: readonly Interceptor[];
  readonly roster: Pick<Roster, 'beforePolicyChange' | 'grantsEnded'>;
  readonly pins: Pick<RunPins, 'policyIs'> | undefined;
  /** Undefined: nobody starts this server anew; where its command changes it is closed, and a person is told to. */
  readonly renewal: ServerRenewal | undefined;
  /** Holds calls from then on until the server is back. */
  readonly gate: Pick<Renewal, 'begin' | 'isUnderWay'>;
  /** The server will work in another place, or with other arguments. */
  readonly movesTo: (command: UpstreamCommand) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs an action as a turn of its own. */
  readonly between: (action: () => void) => void;
}

interface Stuck {
  readonly why: string;
}

const MOVED = 'another command or environment';

export function followPolicy(parts: FollowParts): PolicyFollower {
  const { server, standing, log, renewal } = parts;
  /** As it runs, or is about to. */
  let running = server;
  const take = (holds: ServerInForce, next: HeldPolicy, command: UpstreamCommand | undefined): void => {
    const { entry } = holds;
    const { lock } = next;
    parts.roster.beforePolicyChange();
    standing.now = holds;
    if (entry !== undefined && lock !== undefined) {
      const document = lock.serverDocument(entry.id);
      parts.pins?.policyIs({
        approved: lock.approvedPins,
        keyOf: lock.pinKeyOf,
        document,
        isObserved: entry.mode === 'observe',
      });
    }
    const now = parts.clock.now();
    for (const one of parts.interceptors) one.onPolicyChange?.(now);
    if (command === undefined) return;
    running = { ...running, entry };
    parts.movesTo(command);
    // what does not run yet is started by the new command: nobody would say that it is back
    if (renewal?.begin(command) === true) parts.gate.begin(server.name);
  };
  /** @param next what is read of it beside the scope */
  const close = (next: Pick<HeldPolicy, 'policy' | 'lock'>, why: string): void => {
    standing.now = closeServer(next, why, server);
    log.write('error', `every call to \`${server.name}\` is refused from now on: ${why}`);
  };
  const renewed = `\`${server.name}\` has ${MOVED}: it is started anew once nothing is in flight`;
  /** Undefined: nobody starts it so. Whatever is wrong with one of many keeps the narrowing of no other back. */
  const commandFor = async (entry: ServerPolicy, policy: HeldPolicy['policy']): Promise<UpstreamCommand | Stuck> => {
    if (renewal === undefined) return { why: `${MOVED}: start it anew` };
    try {
      return await renewal.prepare(entry, policy);
    } catch (error) {
      if (!renewal.isOneOfMany || !isGuardError(error)) throw error;
      return { why: showError(error).replace(/\s*\n\s*/g, ': ') };
    }
  };
  /** One of many that has left the config is none of the run's any more. */
  const refused = (): string | undefined => {
    const isGone = renewal?.isOneOfMany === true && parts.hasLeft();
    return isGone ? undefined : standing.now.note;
  };
  return {
    standing: () => [refused(), parts.gate.isUnderWay(server.name) ? renewed : undefined].filter(isSaid),
    grantsEndMs(nowMs) {
      const { scope } = standing.now;
      return scope === 'unscoped' ? Number.POSITIVE_INFINITY : nextExpiryMs(scope.layers, nowMs);
    },
    grantsEnded: (beforeMs, nowMs) => parts.between(() => parts.roster.grantsEnded(beforeMs, nowMs)),
    close: (why) => parts.between(() => close({ policy: undefined, lock: undefined }, why)),
    async prepare(next) {
      const found = serverAfterReload(next, running, parts.asked);
      const moved = found.isMoved ? found.entry : undefined;
      const start = moved && (await commandFor(moved, next.policy));
      const [command, stuck] = start === undefined || 'command' in start ? [start, undefined] : [undefined, start.why];
      // INVARIANT: the old process is never asked under a scope that is about the new one
      const holds =
        stuck === undefined ? found : (renewal === undefined ? closeServer : closeUnstartable)(next, stuck, server);
      // of many servers one that is refused as it was is no news of whatever else has changed
      const news = renewal?.isOneOfMany === true && holds.note === standing.now.note ? undefined : holds.note;
      return {
        notes: [news, command && renewed].filter(isSaid),
        commit: () =>
          parts.between(() => {
            try {
              take(holds, next, command);
            } catch (error) {
              // INVARIANT: half of a policy is none
              close(next, `a policy of the guard failed while another config was taken over: ${String(error)}`);
            }
          }),
      };
    },
  };
}

function isSaid(note: string | undefined): note is string {
  return note !== undefined;
}
