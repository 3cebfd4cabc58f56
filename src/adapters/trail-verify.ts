// Every segment of a state directory, verified, and what they say of one another. Knows no terminal and changes nothing.
import * as fs from 'node:fs';
import { type ClaimFault, checkClaim, type LinkedClaim } from '../audit/claims.ts';
import { type SegmentReport, verifySegment } from '../audit/verify.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { judgeLiveness, type ProcessIdentity, readIdentity } from './process-identity.ts';
import { listMarkers } from './segment-markers.ts';
import { readForward, type SegmentSource } from './segment-reader.ts';
import { sha256Digest } from './sha256-digest.ts';
import { openRegular, readSmallJson } from './small-json.ts';
import { readLinesForward } from './trail-lines.ts';
import { listDays, listSegments, listTenants } from './trail-listing.ts';
import { externalChecker } from './trail-reader.ts';

export interface VerifiedSegment extends SegmentSource {
  readonly report: SegmentReport;
  /** Its guard runs: a missing seal, and a record that is just being written, are as they should be. */
  readonly isLive: boolean;
  /** What another segment says of this one that is not so; `report` then speaks only of what is left. */
  readonly contradiction: ClaimFault | undefined;
}

export interface TrailFault extends ClaimFault {
  readonly tenant: string;
  /** There is no such segment, so it is none of those that were judged. */
  readonly isGone: boolean;
}

type JudgedAlone = Omit<VerifiedSegment, 'contradiction'>;

export interface TrailReport {
  readonly segments: readonly VerifiedSegment[];
  /** Segments that are gone, cut off or rewritten by the word of others. */
  readonly faults: readonly TrailFault[];
  /** 0 intact · 1 an unclean end or a torn tail · 2 broken. */
  readonly exitCode: 0 | 1 | 2;
}

/** All tenants where none is given. `onSegment` is told of each once its whole tenant is judged. */
export function verifyTrail(
  stateDir: string,
  tenant?: string,
  onSegment?: (segment: VerifiedSegment) => void,
): TrailReport {
  const segments: VerifiedSegment[] = [];
  const faults: TrailFault[] = [];
  for (const name of tenant === undefined ? listTenants(stateDir) : [tenant]) {
    const own = verifyTenant(stateDir, name);
    const found = crossCheck(stateDir, name, own);
    faults.push(
      ...found.map((fault) => ({ ...fault, tenant: name, isGone: own.every((s) => s.segment !== fault.segment) })),
    );
    for (const segment of own) {
      const verified = { ...segment, contradiction: found.find((fault) => fault.segment === segment.segment) };
      segments.push(verified);
      onSegment?.(verified);
    }
  }
  const kinds = segments
    .filter(({ isLive, report }) => !isLive || report.verdict.kind === 'broken')
    .map((s) => s.report.verdict.kind);
  const isBroken = faults.length > 0 || kinds.includes('broken');
  return { segments, faults, exitCode: isBroken ? 2 : kinds.includes('unclean') || kinds.includes('torn') ? 1 : 0 };
}

function verifyTenant(stateDir: string, tenant: string): JudgedAlone[] {
  const paths = trailPaths(tenantDir(stateDir, tenant));
  // Read before the segments: one that is sealed meanwhile is then intact, not "unclean".
  const writers = new Map(
    listMarkers(paths).flatMap(({ segment, holder }) =>
      judgeLiveness(holder) === 'alive' ? [[segment, holder] as const] : [],
    ),
  );
  return listDays(paths).flatMap((day) =>
    listSegments(paths, day).map((place) => {
      const source = { ...place, tenant };
      const report = verifyFile(stateDir, source);
      return { ...source, report, isLive: isWriter(writers.get(place.segment), report) };
    }),
  );
}

/**
 * TRUST: anybody can leave a marker, so a living process excuses a missing seal only where the segment's own first record
 * names it. A guard that cannot be seen from here excuses nothing.
 */
function isWriter(holder: ProcessIdentity | undefined, { open }: SegmentReport): boolean {
  const writer = readIdentity(open);
  if (holder === undefined || writer === undefined) return false;
  return holder.pid === writer.pid && holder.startTime === writer.startTime && holder.bootId === writer.bootId;
}

function verifyFile(stateDir: string, source: SegmentSource): SegmentReport {
  const tools = { digest: sha256Digest, external: externalChecker(stateDir, source.tenant) };
  const opened = openRegular(source.path);
  if (opened === undefined) {
    const nothing = verifySegment(source.segment, [], tools);
    return {
      ...nothing,
      verdict: { kind: 'broken', record: 1, why: 'the segment is no regular file that can be read' },
    };
  }
  try {
    const report = verifySegment(source.segment, readLinesForward(opened.fd), tools);
    if (report.tenant === undefined || report.tenant === source.tenant) return report;
    return {
      ...report,
      verdict: { kind: 'broken', record: 1, why: `the segment belongs to tenant \`${report.tenant}\`` },
    };
  } finally {
    fs.closeSync(opened.fd);
  }
}

function crossCheck(stateDir: string, tenant: string, segments: readonly JudgedAlone[]): ClaimFault[] {
  const paths = trailPaths(tenantDir(stateDir, tenant));
  const byId = new Map(segments.map((segment) => [segment.segment, segment]));
  const faults: ClaimFault[] = [];
  for (const { segment: by, report } of segments) {
    for (const claim of report.claims) {
      const about = byId.get(claim.segment);
      if (about?.report.verdict.kind === 'broken') continue; // told already
      const left = readSmallJson(`${paths.tombstones}/${claim.segment}.json`) !== undefined;
      const fault = checkClaim(claim, by, about?.report.end, () => headAt(about, claim), left);
      if (fault !== undefined) faults.push(fault);
    }
  }
  return faults;
}

/** The hash of a record in the middle: seldom asked for, so read again. */
function headAt(source: SegmentSource | undefined, claim: LinkedClaim): string | undefined {
  if (source === undefined) return undefined;
  if (claim.seq === 0) return claim.head; // a claim about no record says nothing
  for (const placed of readForward(source)) if (placed.ref.seq === claim.seq) return placed.record.hash;
  return undefined;
}
