// Untyped JSON → the record of a running guard, or nothing. Knows no file. attacker-controlled: whatever a process of this user wrote.
import {
  type GuardRecord,
  type Isolation,
  type PolicyStanding,
  type ReloadAnswer,
  SERVER_WORDS,
  type ServerStanding,
} from '../ports/guard-status.ts';
import { isCount, isMoment } from '../wire/number-kinds.ts';

const MOST_SERVERS = 256;
const MOST_WAITS = 100;
/** In UTF-16 units: what is longer than a guard writes is cut. INVARIANT: nothing that is merely long hides a guard that runs. */
const LONGEST = 4_096;
const ISOLATIONS: readonly Isolation[] = ['none', 'L0', 'L1', 'L2', 'L3', 'unknown'];

type Untyped = Readonly<Record<string, unknown>>;

export function checkGuardRecord(value: unknown): GuardRecord | undefined {
  if (!isObject(value) || value.version !== 1) return undefined;
  const { startedMs } = value;
  const [guard, session, tenant] = [cutText(value.guard), cutText(value.session), cutText(value.tenant)];
  const [principal, client] = [cutText(value.principal), cutOrNull(value.client)];
  const policy = checkPolicy(value.policy);
  const servers = checkServers(value.servers);
  if (guard === undefined || session === undefined || tenant === undefined || principal === undefined) return undefined;
  if (client === undefined || !isMoment(startedMs) || policy === undefined || servers === undefined) return undefined;
  return { version: 1, guard, session, tenant, principal, client, startedMs, policy, servers };
}

function checkPolicy(value: unknown): PolicyStanding | undefined {
  if (!isObject(value)) return undefined;
  const { sinceMs } = value;
  const [config, digest] = [cutOrNull(value.config), cutOrNull(value.digest)];
  const reload = value.reload === null ? null : checkReload(value.reload);
  if (config === undefined || digest === undefined) return undefined;
  if (!isMoment(sinceMs) || reload === undefined) return undefined;
  // untyped input: what is no text says nothing, and hides no guard
  const waits = Array.isArray(value.waits)
    ? value.waits.slice(0, MOST_WAITS).flatMap((one) => cutText(one) ?? [])
    : undefined;
  return { config, digest, sinceMs, reload, ...(waits === undefined ? {} : { waits }) };
}

function checkReload(value: unknown): ReloadAnswer | undefined {
  if (!isObject(value)) return undefined;
  const { outcome, atMs } = value;
  const [token, why] = [cutOrNull(value.token), cutText(value.why)];
  if (outcome !== 'taken_over' && outcome !== 'unchanged' && outcome !== 'kept') return undefined;
  return token !== undefined && why !== undefined && isMoment(atMs) ? { token, outcome, why, atMs } : undefined;
}

function checkServers(value: unknown): readonly ServerStanding[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const servers: ServerStanding[] = [];
  // untyped input: each entry is looked at
  for (const entry of value.slice(0, MOST_SERVERS) as readonly unknown[]) {
    const server = checkServer(entry);
    if (server === undefined) return undefined;
    servers.push(server);
  }
  return servers;
}

function checkServer(value: unknown): ServerStanding | undefined {
  if (!isObject(value)) return undefined;
  const { pid, state, era, sinceMs, restarts, inFlight } = value;
  const [name, breaker, limit] = [cutText(value.name), cutText(value.breaker), cutText(value.limit)];
  const lastError = value.lastError === null ? null : checkError(value.lastError);
  if (name === undefined || breaker === undefined || limit === undefined || lastError === undefined) return undefined;
  if (state !== 'starting' && state !== 'up' && state !== 'down') return undefined;
  if (era !== 'unknown' && era !== 'legacy' && era !== 'modern') return undefined;
  if (pid !== null && !isCount(pid)) return undefined;
  if (sinceMs !== null && !isMoment(sinceMs)) return undefined;
  if (!isCount(restarts) || !isCount(inFlight)) return undefined;
  const isolation = checkIsolation(value.isolation);
  if (isolation === undefined) return undefined;
  const word = SERVER_WORDS.find((one) => one === value.word);
  if (value.word !== undefined && word === undefined) return undefined;
  const why = cutText(value.why);
  return { name, pid, state, word, why, isolation, era, sinceMs, restarts, inFlight, lastError, breaker, limit };
}

/** A guard of an older version did not say it. */
function checkIsolation(value: unknown): Isolation | undefined {
  if (value === undefined) return 'unknown';
  return ISOLATIONS.find((one) => one === value);
}

function checkError(value: unknown): ServerStanding['lastError'] | undefined {
  if (!isObject(value)) return undefined;
  const { atMs } = value;
  const text = cutText(value.text);
  return isMoment(atMs) && text !== undefined ? { atMs, text } : undefined;
}

function isObject(value: unknown): value is Untyped {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined: it is no text. */
function cutText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, LONGEST) : undefined;
}

function cutOrNull(value: unknown): string | null | undefined {
  return value === null ? null : cutText(value);
}
