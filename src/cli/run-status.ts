// What a `run` tells `mcp-guard status`: opens its record and says who can be asked about each server. Puts together, decides nothing.
import { readOwnIdentity } from '../adapters/process-identity.ts';
import { openRunRecord, type RunRecord } from '../adapters/run-record.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Policy } from '../config/policy.ts';
import type { Session } from '../core/session.ts';
import type { Isolation, LiveServer, WordStanding } from '../ports/guard-status.ts';
import type { Log } from '../ports/log.ts';
import { VERSION } from './version.ts';

export interface RunStatusParts {
  readonly stateDir: string;
  /** As the trail calls it. */
  readonly session: string;
  readonly tenant: string;
  readonly principal: string;
  readonly servers: readonly string[];
  readonly isolationOf: (server: string) => Isolation;
  readonly standingOf?: ((server: string) => WordStanding) | undefined;
  /** Undefined: a bare run. */
  readonly policy: Policy | undefined;
  /** What of the policy in force is refused or waits, asked whenever the record is written. */
  readonly waits: () => readonly string[];
  readonly log: Log;
}

export function openRunStatus({
  policy,
  stateDir,
  servers,
  isolationOf,
  standingOf,
  waits,
  log,
  ...who
}: RunStatusParts): RunRecord {
  return openRunRecord({
    ...{ stateDir, servers, isolationOf, standingOf, waits, log, clock: systemClock, timers: systemTimers },
    holder: readOwnIdentity(),
    about: { guard: VERSION, ...who },
    policy: { config: policy?.source.path ?? null, digest: policy?.source.digest ?? null },
  });
}

/** For a person, about one server: its breaker and its limits in a word or two, and why it is not of full use, or empty. */
export interface StatusWords {
  breaker(server: string): string;
  limit(server: string): string;
  why(server: string): string;
}

/** One server of a session. */
export function liveServer(name: string, session: Session, words: StatusWords): LiveServer {
  return {
    inFlight: () =>
      session.openList.filter(
        ({ view }) => view.upstream === name && view.asked === 'client' && view.tool !== undefined,
      ).length,
    era: () => session.era,
    breaker: () => words.breaker(name),
    limit: () => words.limit(name),
    why: () => words.why(name),
  };
}
