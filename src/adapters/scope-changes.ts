// What is on record of scopes that changed: approvals by server, locks of a config, and when guards started under another config.
// One pass over the trail, holding little. Knows no policy. attacker-controlled: whatever stands in a record.
import { showRef } from '../audit/entry.ts';
import { timeAt } from '../audit/query.ts';
import { type ApprovalRecord, readApproval } from '../policy/creep/change-record.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { objectAt, stringAt } from '../wire/json.ts';
import { readForward } from './segment-reader.ts';
import { listDays, listSegments } from './trail-listing.ts';

export interface RecordedChange {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly server: string;
  /** Tools that could be called before and after; undefined where it was not known then what the server offers. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly gained: number;
  readonly lost: number;
  readonly who: string;
  readonly why: string;
  /** When it ends by itself (ISO 8601); null: does not. */
  readonly until: string | null;
  /** `<segment>:<seq>` */
  readonly record: string;
}

/** The first session of a server under a config that it had not run under just before. */
export interface ConfigTurn {
  readonly atMs: number;
  readonly server: string;
  /** SHA-256 of the config. */
  readonly digest: string;
  readonly record: string;
}

export interface ScopeChanges {
  /** Oldest first. */
  readonly changes: readonly RecordedChange[];
  readonly turns: readonly ConfigTurn[];
  /** The oldest record of each server. */
  readonly since: ReadonlyMap<string, number>;
  /** More than is kept. */
  readonly hasMore: boolean;
}

const MOST_CHANGES = 10_000;
const MOST_SERVERS = 1_000;

export function readScopeChanges(stateDir: string, tenant: string): ScopeChanges {
  const paths = trailPaths(tenantDir(stateDir, tenant));
  const changes: RecordedChange[] = [];
  const turns: ConfigTurn[] = [];
  const digests = new Map<string, string>();
  const since = new Map<string, number>();
  let hasMore = false;
  const keep = <T>(list: T[], value: T): void => {
    if (list.length < MOST_CHANGES) list.push(value);
    else hasMore = true;
  };
  for (const day of listDays(paths)) {
    for (const place of listSegments(paths, day)) {
      const asked = new Map<string, Extract<ApprovalRecord, { stage: 'asked' }>>();
      for (const { record: read, ref } of readForward({ ...place, tenant })) {
        const { header } = read;
        const atMs = timeAt(header);
        if (atMs <= 0) continue;
        if (header.type === 'open') {
          for (const server of namesIn(header.servers)) {
            const oldest = since.get(server);
            if (oldest === undefined && since.size >= MOST_SERVERS) hasMore = true;
            else since.set(server, Math.min(oldest ?? atMs, atMs));
            // a bare run has none, nor has a command that writes a record of its own
            const digest = stringAt(header, 'configDigest');
            const before = digests.get(server);
            if (digest === undefined || (before === undefined && digests.size >= MOST_SERVERS)) continue;
            digests.set(server, digest);
            if (before !== undefined && before !== digest) keep(turns, { atMs, server, digest, record: showRef(ref) });
          }
          continue;
        }
        const server = stringAt(header, 'server');
        if (header.type !== 'event' || header.name !== 'approval') continue;
        const record = showRef(ref);
        const approval = readApproval(objectAt(header, 'detail'));
        // both stand in one segment, the asking first
        if (approval?.stage === 'asked') {
          if (asked.size < MOST_CHANGES) asked.set(record, approval);
        } else if (approval !== undefined && server !== undefined) {
          const { who = '', why = '', until = null } = asked.get(approval.asked) ?? {};
          const { before, after, gained, lost } = approval;
          keep(changes, { atMs, server, before, after, gained, lost, who, why, until, record });
        }
      }
    }
  }
  changes.sort((one, other) => one.atMs - other.atMs);
  return { changes, turns, since, hasMore };
}

function namesIn(servers: unknown): readonly string[] {
  return Array.isArray(servers) ? servers.filter((name): name is string => typeof name === 'string') : [];
}
