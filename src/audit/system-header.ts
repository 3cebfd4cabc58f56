// Headers of the records that are not about one call: open, event, gap, recover, seal. Knows no hash, no file.
import type { Instant } from '../ports/clock.ts';
import type { JsonObject } from '../wire/json.ts';
import { canonicalText } from './canonical.ts';
import type { ChainHead, ChainLink } from './chain.ts';
import type { EventEntry } from './entry.ts';
import { cleanDetail, cleanValue } from './header-text.ts';

/** What stands once for a whole segment, in its first record. */
export interface SegmentOrigin {
  readonly tenant: string;
  readonly session: string;
  /** The local user, as the guard knows them. */
  readonly principal: string;
  readonly guard: string;
  readonly pid: number;
  /** Start of the process as the system counts it; null where it cannot be had. */
  readonly startTime: string | null;
  readonly bootId: string | null;
  readonly host: string;
  readonly servers: readonly string[];
  /** SHA-256 of the policy in force, null for a bare run. */
  readonly configDigest: string | null;
  /** The isolation level that is active: `L0`, or `none`. */
  readonly isolation: string;
}

/** A statement about another segment: its record `seq` has the hash `head`. `sealed`: and it is the last one. */
export interface SegmentClaim extends ChainHead {
  readonly sealed: boolean;
}

/** Why a segment was followed by another one of the same guard. */
export type Succession = 'rotated_size' | 'rotated_day' | 'sync_failed' | 'write_failed';

export type SystemRecord =
  | {
      readonly type: 'open';
      readonly segment: string;
      readonly origin: SegmentOrigin;
      /** The guard's own former segment. */
      readonly after: (SegmentClaim & { readonly why: Succession }) | null;
      /** The tenant's last sealed segment, whoever wrote it, where known. */
      readonly link: SegmentClaim | null;
    }
  /** `lost` entries could not be written since `since`; what the failure policy then did with their calls. */
  | {
      readonly type: 'gap';
      readonly lost: number;
      readonly since: number;
      readonly policy: 'deny' | 'allow-and-count';
      readonly why: string;
    }
  /** What an unclean end of another guard left: its last whole record, and the torn bytes after that. */
  | {
      readonly type: 'recover';
      readonly claim: SegmentClaim;
      readonly day: string;
      readonly pid: number;
      readonly tailBytes: number;
      readonly tailHash: string | null;
    }
  | { readonly type: 'seal'; readonly reason: string };

function header(link: ChainLink, at: Instant, rest: JsonObject): string {
  const stamp = { at: at.wallMs, mono: Math.round(at.monoMs * 1000) / 1000, prev: link.prev, seq: link.seq };
  const text = canonicalText({ ...rest, ...stamp });
  // Cannot happen: every string above went through `cleanValue`. A record without a header must never be written.
  if (text === undefined) throw new Error('header has no canonical form');
  return text;
}

export function eventHeader(e: EventEntry, link: ChainLink): string {
  const server = e.server === undefined ? undefined : cleanValue(e.server);
  return header(link, e.at, { detail: cleanDetail(e.detail), name: e.name, server, type: 'event' });
}

const claimJson = (claim: SegmentClaim) => ({
  head: claim.head,
  sealed: claim.sealed,
  segment: claim.segment,
  seq: claim.seq,
});

export function systemHeader(record: SystemRecord, link: ChainLink, at: Instant): string {
  switch (record.type) {
    case 'open': {
      const { servers, ...origin } = record.origin;
      return header(link, at, {
        ...cleanDetail(origin),
        after: record.after === null ? null : { ...claimJson(record.after), why: record.after.why },
        link: record.link === null ? null : claimJson(record.link),
        segment: record.segment,
        servers: servers.slice(0, 256).map(cleanValue),
        type: 'open',
        v: 1,
      });
    }
    case 'gap':
      return header(link, at, cleanDetail({ ...record }));
    case 'recover': {
      const { claim, ...rest } = record;
      return header(link, at, { ...rest, claim: claimJson(claim) });
    }
    case 'seal':
      return header(link, at, { count: link.seq, head: link.prev, reason: cleanValue(record.reason), type: 'seal' });
  }
}
