// What is on record of scopes that changed: approvals by server, locks of a config, and when guards started under another config.
// One pass over the trail, holding little. Knows no policy. attacker-controlled: whatever stands in a record.
import { showRef } from '../audit/entry.ts';
import { timeAt } from '../audit/query.ts';
import { type ApprovalRecord, readApproval } from '../policy/creep/change-record.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { type JsonObject, objectAt, stringAt } from '../wire/json.ts';
import { readForward } from './segment-reader.ts';
import { listAllSegments } from './trail-listing.ts';

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

type Asked = Extract<ApprovalRecord, { stage: 'asked' }>;

export function readScopeChanges(stateDir: string, tenant: string): ScopeChanges {
  const found = new Found();
  for (const place of listAllSegments(trailPaths(tenantDir(stateDir, tenant)))) {
    // both records of an approval stand in one segment, the asking first
    const asked = new Map<string, Asked>();
    for (const { record, ref } of readForward({ ...place, tenant })) {
      const { header } = record;
      const atMs = timeAt(header);
      if (atMs <= 0) continue;
      if (header.type === 'open') found.addOpening(header, atMs, showRef(ref));
      else if (header.type === 'event' && header.name === 'approval')
        found.addApproval(header, atMs, showRef(ref), asked);
    }
  }
  return found.all();
}

/** INVARIANT: bounded, whatever stands in the records. */
class Found {
  readonly #changes: RecordedChange[] = [];
  readonly #turns: ConfigTurn[] = [];
  readonly #digests = new Map<string, string>();
  readonly #since = new Map<string, number>();
  #hasMore = false;

  all(): ScopeChanges {
    const changes = this.#changes.sort((one, other) => one.atMs - other.atMs);
    return { changes, turns: this.#turns, since: this.#since, hasMore: this.#hasMore };
  }

  addOpening(header: JsonObject, atMs: number, record: string): void {
    for (const server of namesIn(header.servers)) {
      const oldest = this.#since.get(server);
      if (oldest === undefined && this.#since.size >= MOST_SERVERS) this.#hasMore = true;
      else this.#since.set(server, Math.min(oldest ?? atMs, atMs));
      // a bare run has none, nor has a command that writes a record of its own
      const digest = stringAt(header, 'configDigest');
      const before = this.#digests.get(server);
      if (digest === undefined || (before === undefined && this.#digests.size >= MOST_SERVERS)) continue;
      this.#digests.set(server, digest);
      if (before !== undefined && before !== digest) this.#keep(this.#turns, { atMs, server, digest, record });
    }
  }

  /** @param asked those of the same segment, by record */
  addApproval(header: JsonObject, atMs: number, record: string, asked: Map<string, Asked>): void {
    const server = stringAt(header, 'server');
    const approval = readApproval(objectAt(header, 'detail'));
    if (approval?.stage === 'asked') {
      if (asked.size < MOST_CHANGES) asked.set(record, approval);
    } else if (approval !== undefined && server !== undefined) {
      const { who = '', why = '', until = null } = asked.get(approval.asked) ?? {};
      const { before, after, gained, lost } = approval;
      this.#keep(this.#changes, { atMs, server, before, after, gained, lost, who, why, until, record });
    }
  }

  #keep<T>(list: T[], value: T): void {
    if (list.length < MOST_CHANGES) list.push(value);
    else this.#hasMore = true;
  }
}

function namesIn(servers: unknown): readonly string[] {
  return Array.isArray(servers) ? servers.filter((name): name is string => typeof name === 'string') : [];
}
