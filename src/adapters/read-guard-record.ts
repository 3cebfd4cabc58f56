// Untyped JSON → the record of a running guard, or nothing. Knows no file. attacker-controlled: whatever a process of this user wrote.
import {
  type GuardRecord,
  type Isolation,
  type PolicyStanding,
  type ReloadAnswer,
  SERVER_WORDS,
  type ServerStanding,
} from '../ports/guard-status.ts';

const MOST_SERVERS = 256;
/** In UTF-16 units: longer texts than a guard writes are no record of one. */
const LONGEST = 4_096;
const ISOLATIONS: readonly Isolation[] = ['none', 'L0', 'L1', 'L2', 'L3', 'unknown'];

type Untyped = Readonly<Record<string, unknown>>;

export function checkGuardRecord(value: unknown): GuardRecord | undefined {
  if (!isObject(value) || value.version !== 1) return undefined;
  const { guard, session, tenant, principal, client, startedMs } = value;
  const policy = checkPolicy(value.policy);
  const servers = checkServers(value.servers);
  if (!isText(guard) || !isText(session) || !isText(tenant) || !isText(principal)) return undefined;
  if (client !== null && !isText(client)) return undefined;
  if (!isMoment(startedMs) || policy === undefined || servers === undefined) return undefined;
  return { version: 1, guard, session, tenant, principal, client, startedMs, policy, servers };
}

function checkPolicy(value: unknown): PolicyStanding | undefined {
  if (!isObject(value)) return undefined;
  const { config, digest, sinceMs } = value;
  const reload = value.reload === null ? null : checkReload(value.reload);
  if (config !== null && !isText(config)) return undefined;
  if (digest !== null && !isText(digest)) return undefined;
  return !isMoment(sinceMs) || reload === undefined ? undefined : { config, digest, sinceMs, reload };
}

function checkReload(value: unknown): ReloadAnswer | undefined {
  if (!isObject(value)) return undefined;
  const { token, outcome, why, atMs } = value;
  if (token !== null && !isText(token)) return undefined;
  if (outcome !== 'taken_over' && outcome !== 'unchanged' && outcome !== 'kept') return undefined;
  return isText(why) && isMoment(atMs) ? { token, outcome, why, atMs } : undefined;
}

function checkServers(value: unknown): readonly ServerStanding[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_SERVERS) return undefined;
  const servers: ServerStanding[] = [];
  // untyped input: each entry is looked at
  for (const entry of value as readonly unknown[]) {
    const server = checkServer(entry);
    if (server === undefined) return undefined;
    servers.push(server);
  }
  return servers;
}

function checkServer(value: unknown): ServerStanding | undefined {
  if (!isObject(value)) return undefined;
  const { name, pid, state, era, sinceMs, restarts, inFlight, breaker, limit } = value;
  const lastError = value.lastError === null ? null : checkError(value.lastError);
  if (!isText(name) || !isText(breaker) || !isText(limit) || lastError === undefined) return undefined;
  if (state !== 'starting' && state !== 'up' && state !== 'down') return undefined;
  if (era !== 'unknown' && era !== 'legacy' && era !== 'modern') return undefined;
  if (pid !== null && !isCount(pid)) return undefined;
  if (sinceMs !== null && !isMoment(sinceMs)) return undefined;
  if (!isCount(restarts) || !isCount(inFlight)) return undefined;
  const isolation = checkIsolation(value.isolation);
  if (isolation === undefined) return undefined;
  const word = SERVER_WORDS.find((one) => one === value.word);
  if (value.word !== undefined && word === undefined) return undefined;
  return { name, pid, state, word, isolation, era, sinceMs, restarts, inFlight, lastError, breaker, limit };
}

/** A guard of an older version did not say it. */
function checkIsolation(value: unknown): Isolation | undefined {
  if (value === undefined) return 'unknown';
  return ISOLATIONS.find((one) => one === value);
}

function checkError(value: unknown): ServerStanding['lastError'] | undefined {
  if (!isObject(value)) return undefined;
  const { atMs, text } = value;
  return isMoment(atMs) && isText(text) ? { atMs, text } : undefined;
}

function isObject(value: unknown): value is Untyped {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Within what a `Date` holds. */
function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}
