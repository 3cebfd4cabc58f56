// The trail of one run: whose it is, and how much of it is kept. Puts together, decides nothing.
import { hostname } from 'node:os';
import { createJsonlSink, type JsonlSink } from '../adapters/jsonl-sink.ts';
import type { RetentionLimits } from '../adapters/retention.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Masker } from '../audit/redact/masker.ts';
import { type AuditPolicy, DEFAULTS, type Policy } from '../config/policy.ts';
import type { IsolationLevel } from '../config/restriction.ts';
import type { Log } from '../ports/log.ts';
import { VERSION } from './version.ts';

export interface RunTrailParts {
  readonly stateDir: string;
  readonly tenant: string;
  /** Undefined: a bare run. */
  readonly policy: Policy | undefined;
  /** The names of all servers of the session. */
  readonly servers: readonly string[];
  readonly log: Log;
  readonly sessionId: string;
  readonly principal: string;
  /** What no record may hold. */
  readonly masker: Masker | undefined;
  /** The level that holds: of several servers the weakest; `none` where one is not confined. */
  readonly isolation: IsolationLevel | 'none';
}

/** How long the last sync and the removal of old segments may hold up the end. */
const LAST_SYNC_MS = 300;

/** Under a quota at most half of it is kept in segments that may leave, so that the other half is room. */
export function retentionOf({ maxBytes, maxAgeDays, approvedQuotaBytes }: AuditPolicy): RetentionLimits {
  const half = Math.floor((approvedQuotaBytes ?? Number.POSITIVE_INFINITY) / 2);
  return { maxBytes: Math.min(maxBytes, half), maxAgeDays };
}

export function openTrail(parts: RunTrailParts): JsonlSink {
  const { stateDir, tenant, policy, servers, log, sessionId, principal, masker, isolation } = parts;
  const audit: AuditPolicy = policy?.audit ?? DEFAULTS.audit;
  return createJsonlSink({
    stateDir,
    tenant,
    clock: systemClock,
    log,
    masker,
    payload: audit.payload,
    sync: audit.sync,
    onFailure: audit.onFailure,
    quotaBytes: audit.quotaBytes,
    retention: retentionOf(audit),
    origin: {
      session: sessionId,
      principal,
      guard: VERSION,
      host: hostname(),
      servers,
      configDigest: policy?.source.digest ?? null,
      isolation,
    },
  });
}

/** What is written survives this process; only a power loss could take what is not synced yet. */
export async function awaitLastSync(sink: Pick<JsonlSink, 'idle'>): Promise<void> {
  await Promise.race([sink.idle(), new Promise<void>((resolve) => systemTimers.after(LAST_SYNC_MS, resolve))]);
}
