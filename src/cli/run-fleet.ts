// The connection of one run to its fleet, and what is said of it. Loaded only where a breaker is shared. Puts together, decides nothing.
import { randomBytes } from 'node:crypto';
import { type FleetBreakers, openFleetBreakers } from '../adapters/fleet-breakers.ts';
import { nameFleetMember } from '../adapters/fleet-member.ts';
import { type FleetExchange, openRedisFleetExchange } from '../adapters/fleet-redis.ts';
import { readOwnIdentity } from '../adapters/process-identity.ts';
import { readRedisPlace } from '../adapters/redis-place.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import type { FleetHubParts, FleetLink } from './fleet-hub.ts';

export interface FleetLane extends FleetBreakers {
  readonly url: string;
}

export interface RunFleet {
  open(link: FleetLink, url: string): FleetLane;
}

interface Line {
  readonly exchange: FleetExchange;
  lanes: number;
}

/** Between two outages that are told: one that comes and goes must not flood log and record. */
const TELL_AGAIN_MS = 10_000;

export async function openRunFleet({ stateDir, tenant, log, clock }: FleetHubParts): Promise<RunFleet> {
  // one copy of the client for both
  const { openRedisLink } = await import('../adapters/limit-store-redis.ts');
  const { bootId } = readOwnIdentity();
  const { member, machine } = nameFleetMember(stateDir, bootId);
  const sources = { env: process.env, uid: process.getuid?.() };
  const lines = new Map<string, Line>();
  const away = new Set<FleetLane>();
  /** INVARIANT: a return is told iff its outage was. */
  let isTold = false;
  let tellAgainMs = Number.NEGATIVE_INFINITY;

  const lineOf = (url: string): Line => {
    const known = lines.get(url);
    if (known !== undefined) return known;
    const place = () => readRedisPlace(url, sources);
    const line = { exchange: openRedisFleetExchange({ openLink: openRedisLink, place, tenant, machine }), lanes: 0 };
    lines.set(url, line);
    return line;
  };
  /** All servers of a run lose it together: one of them says so. */
  const turn = (lane: FleetLane, link: FleetLink, why: string | undefined): void => {
    if (why === undefined) away.delete(lane);
    else away.add(lane);
    const nowMs = clock.now().monoMs;
    if (why === undefined ? !isTold || away.size > 0 : isTold || nowMs < tellAgainMs) return;
    isTold = why !== undefined;
    tellAgainMs = nowMs + TELL_AGAIN_MS;
    log.write('warn', describeTurn(why));
    link.onTurn(why);
  };

  return {
    open(link, url) {
      const line = lineOf(url);
      line.lanes += 1;
      let isOpen = true;
      const { server, store, between, onTransition } = link;
      const breakers = openFleetBreakers({
        ...{ store, server, between, onTransition, member, machine },
        exchange: line.exchange,
        timers: systemTimers,
        now: () => store.moment(clock.now()),
        nonce: () => randomBytes(8).toString('hex'),
        settingsOf: (tool) => link.lookup().settingsOf(server, tool),
        onTurn: (why) => turn(lane, link, why),
        onFull: () =>
          log.write('warn', `the fleet has no room for more openings of \`${server}\`: what else opens stays here`),
      });
      const lane: FleetLane = {
        ...breakers,
        url,
        close() {
          if (!isOpen) return;
          isOpen = false;
          breakers.close();
          away.delete(lane);
          line.lanes -= 1;
          if (line.lanes > 0) return;
          lines.delete(url);
          line.exchange.close();
        },
      };
      return lane;
    },
  };
}

function describeTurn(why: string | undefined): string {
  return why === undefined
    ? 'openings of breakers are shared with the fleet again'
    : `openings of breakers cannot be shared with the fleet, so each machine goes by its own until they can: ${why}`;
}
