// The trail of one run: whose it is, and how much of it is kept. Puts together, decides nothing.
import { hostname } from 'node:os';
import { createJsonlSink, type JsonlSink } from '../adapters/jsonl-sink.ts';
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
    retention: { maxBytes: audit.maxBytes, maxAgeDays: audit.maxAgeDays },
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
