// One record by its id, the call that it belongs to, and a payload that stands outside. Knows no chain: `verify` judges.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { CheckExternal } from '../audit/check-payload.ts';
import type { RecordRef } from '../audit/entry.ts';
import {
  announcesTask,
  type Call,
  intentOf,
  type OutcomeView,
  type PlacedRecord,
  viewCall,
  viewOutcome,
  type Witness,
} from '../audit/query.ts';
import { readWithheld, type Withheld } from '../audit/withheld.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { objectAt, stringAt } from '../wire/json.ts';
import { readForward, readOpen, type SegmentSource } from './segment-reader.ts';
import { openRegular } from './small-json.ts';
import { findSegment, listDays, listSegments, listTenants } from './trail-listing.ts';
import { createWitness } from './trail-witness.ts';

/** Larger payloads are not read into memory: 64 MiB is the longest line that the guard takes by default. */
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

export type FoundRecord =
  | {
      readonly kind: 'call';
      readonly call: Call;
      /** How the server ended, as its guard recorded it, where that ended the call: `code 1`. attacker-controlled. */
      readonly serverEnd: string | undefined;
    }
  /** An event, a gap, or another record that belongs to no call; an outcome whose intent is not there. */
  | { readonly kind: 'record'; readonly placed: PlacedRecord; readonly fault: string | undefined };

/** Looks through all tenants where none is given. Undefined where there is no such record. */
export function findRecord(stateDir: string, ref: RecordRef, tenant?: string): FoundRecord | undefined {
  for (const name of tenant === undefined ? listTenants(stateDir) : [tenant]) {
    const witness = createWitness(stateDir, externalChecker(stateDir, name));
    const placed = readAt(stateDir, name, ref);
    if (placed === undefined) continue;
    const intentRef = placed.record.header.type === 'outcome' ? intentOf(placed.record) : undefined;
    const intent = intentRef === undefined ? placed : readAt(stateDir, name, intentRef);
    if (intent?.record.header.type !== 'intent') return { kind: 'record', placed, fault: witness.faultOf(placed) };
    const { outcomes, withheld } = endOf(stateDir, name, intent.ref, witness);
    const call = viewCall(intent, outcomes, witness, withheld);
    return { kind: 'call', call, serverEnd: serverEndOf(stateDir, call) };
  }
  return undefined;
}

function sourceOf(stateDir: string, tenant: string, segment: string): SegmentSource | undefined {
  const place = findSegment(trailPaths(tenantDir(stateDir, tenant)), segment);
  return place === undefined ? undefined : { ...place, tenant };
}

function readAt(stateDir: string, tenant: string, ref: RecordRef): PlacedRecord | undefined {
  const source = sourceOf(stateDir, tenant, ref.segment);
  if (source === undefined) return undefined;
  for (const placed of readForward(source)) if (placed.ref.seq === ref.seq) return placed;
  return undefined;
}

interface CallEnd {
  readonly outcomes: readonly OutcomeView[];
  readonly withheld: Withheld | undefined;
}

/** In the intent's own segment, else in those by which its guard continued it. */
function endOf(stateDir: string, tenant: string, intent: RecordRef, witness: Witness): CallEnd {
  const isOf = (ref: RecordRef | undefined) => ref?.segment === intent.segment && ref.seq === intent.seq;
  const outcomes: OutcomeView[] = [];
  let withheld: Withheld | undefined;
  let source = sourceOf(stateDir, tenant, intent.segment);
  for (const seen = new Set<string>(); source !== undefined && !seen.has(source.segment); ) {
    seen.add(source.segment);
    for (const placed of readForward(source)) {
      const held = readWithheld(placed.record);
      if (isOf(held?.intent)) withheld = held;
      if (placed.record.header.type === 'outcome' && isOf(intentOf(placed.record)))
        outcomes.push(viewOutcome(placed, witness));
    }
    const last = outcomes.at(-1);
    // what announced a task is not the end of it
    if (last !== undefined && !announcesTask(last)) break;
    source = successorOf(stateDir, tenant, source);
  }
  return { outcomes, withheld };
}

/** The end of the call's server that stands nearest to the outcome, in its segment. */
function serverEndOf(stateDir: string, call: Call): string | undefined {
  const outcome = call.outcomes.find(({ settlement }) => settlement === 'upstream_exit');
  const source = outcome === undefined ? undefined : sourceOf(stateDir, call.tenant, outcome.ref.segment);
  if (outcome === undefined || source === undefined) return undefined;
  let nearest: string | undefined;
  for (const { ref, record } of readForward(source)) {
    const { header } = record;
    // The event comes first; what follows the outcome tells of it only where nothing came before.
    if (ref.seq > outcome.ref.seq && nearest !== undefined) break;
    const isEnd = header.name === 'server_exited' && header.type === 'event' && header.server === call.server;
    if (isEnd) nearest = stringAt(objectAt(header, 'detail'), 'how') ?? nearest;
  }
  return nearest;
}

function successorOf(stateDir: string, tenant: string, source: SegmentSource): SegmentSource | undefined {
  const paths = trailPaths(tenantDir(stateDir, tenant));
  for (const day of listDays(paths).filter((name) => name >= source.day)) {
    for (const place of listSegments(paths, day)) {
      const candidate = { ...place, tenant };
      const after = place.segment > source.segment ? objectAt(readOpen(candidate), 'after') : undefined;
      if (stringAt(after, 'segment') === source.segment) return candidate;
    }
  }
  return undefined;
}

export type ExternalPayload =
  | { readonly kind: 'ok'; readonly bytes: Buffer }
  | { readonly kind: 'missing' }
  /** It is not what the record commits to, or too long to be read. */
  | { readonly kind: 'mismatch' };

/** The bytes that stand outside of record `segment:…`. TRUST: the path comes from checked parts, never from the record's `p`. */
export function loadExternal(
  stateDir: string,
  tenant: string,
  segment: string,
  digest: string,
  salt: string,
): ExternalPayload {
  const opened = openExternal(stateDir, tenant, segment, digest);
  if (opened === undefined) return { kind: 'missing' };
  try {
    if (opened.stat.size > MAX_PAYLOAD_BYTES) return { kind: 'mismatch' };
    const bytes = fs.readFileSync(opened.fd);
    const hash = createHash('sha256').update(salt).update(bytes).digest('hex');
    return hash === digest ? { kind: 'ok', bytes } : { kind: 'mismatch' };
  } finally {
    fs.closeSync(opened.fd);
  }
}

/** For `verify`: hashes in blocks, whatever the size. */
export function externalChecker(stateDir: string, tenant: string): CheckExternal {
  return (segment, digest, salt) => {
    const opened = openExternal(stateDir, tenant, segment, digest);
    if (opened === undefined) return 'missing';
    try {
      const hash = createHash('sha256').update(salt);
      const block = Buffer.alloc(1 << 20);
      for (let taken = 1; taken > 0; ) {
        taken = fs.readSync(opened.fd, block, 0, block.length, null);
        hash.update(block.subarray(0, taken));
      }
      return hash.digest('hex') === digest ? 'ok' : 'mismatch';
    } finally {
      fs.closeSync(opened.fd);
    }
  };
}

function openExternal(stateDir: string, tenant: string, segment: string, digest: string) {
  if (!/^[0-9a-f]{64}$/.test(digest)) return undefined;
  return openRegular(join(trailPaths(tenantDir(stateDir, tenant)).payloads(segment), digest));
}
