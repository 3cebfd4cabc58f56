// Which segments leave by age or size, and the tombstone each leaves behind. Never an open one. Knows no sink; safe beside
// other guards.

import * as sync from 'node:fs';
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { countAt, readRecord } from '../audit/record.ts';
import type { TrailPaths } from '../tenant/trail-paths.ts';
import { stringAt } from '../wire/json.ts';
import { type Evictable, orderEviction } from './eviction-order.ts';
import { readLastSeal } from './last-seal.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { judgeLiveness, readIdentity } from './process-identity.ts';
import { readOpen } from './segment-reader.ts';
import { openRegular, readSmallJson } from './small-json.ts';
import { codeOf } from './state-paths.ts';
import { blocksOf, readLinesBackward } from './trail-lines.ts';
import { listDays, listSegments, type SegmentPlace } from './trail-listing.ts';

const DAY_MS = 86_400_000;

export interface RetentionLimits {
  /** Segments and payloads of one tenant together, but for those still open and the one sealed last. */
  readonly maxBytes: number;
  readonly maxAgeDays: number;
}

export interface RetentionOptions {
  readonly paths: TrailPaths;
  readonly limits: RetentionLimits;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly holder: ProcessIdentity;
}

type Owner = Pick<Evictable, 'server' | 'session'>;

interface Candidate extends SegmentPlace {
  readonly bytes: number;
  readonly mtimeMs: number;
}

/** Returns the segments that left, oldest first; none where another guard is at it. Rejects with the file system's error. */
export async function enforceRetention(options: RetentionOptions): Promise<string[]> {
  const lock = join(options.paths.audit, 'retention.lock');
  if (!(await takeLock(lock, options))) return [];
  try {
    return await removeOldest(options);
  } finally {
    await fs.rm(lock, { force: true });
  }
}

async function removeOldest({ paths, limits, now, holder }: RetentionOptions): Promise<string[]> {
  const sealedLast = readLastSeal(paths)?.segment;
  const removed = new Set<string>();
  const rest: Candidate[] = [];
  let total = 0;
  for (const day of listDays(paths)) {
    const isOld = Date.parse(`${day}T00:00:00Z`) + DAY_MS * (limits.maxAgeDays + 1) <= now;
    const why = `older than ${limits.maxAgeDays} days`;
    for (const place of listSegments(paths, day)) {
      const candidate = { ...place, ...(await measure(paths, place)) };
      if (isOld && (await remove(paths, candidate, { why, at: now, pid: holder.pid }))) removed.add(candidate.segment);
      // INVARIANT: what may not leave pushes nothing else out, however large: no open segment, nor the one sealed last.
      else if (place.segment !== sealedLast && !sync.existsSync(paths.marker(place.segment))) {
        rest.push(candidate);
        total += candidate.bytes;
      }
    }
  }
  if (total <= limits.maxBytes) return [...removed];
  const why = `more than ${limits.maxBytes} bytes`;
  const owned: (Candidate & Owner)[] = [];
  for (const candidate of rest) {
    owned.push({ ...candidate, ...readOwner(candidate) });
    await setImmediate(); // there may be thousands, and calls are waiting
  }
  const order = orderEviction(owned);
  while (total > limits.maxBytes) {
    const candidate = order.next();
    if (candidate === undefined) break;
    if (await remove(paths, candidate, { why, at: now, pid: holder.pid })) removed.add(candidate.segment);
    total -= candidate.bytes; // where it may not leave either, it no longer counts
  }
  return [...removed].sort();
}

/** TRUST: a server has no say in what its guard calls it; who edits the `open` could as well remove the segment. */
function readOwner(place: SegmentPlace): Owner {
  const open = readOpen({ ...place, tenant: '' }); // which tenant it is changes nothing
  return { server: JSON.stringify(open?.servers ?? ''), session: stringAt(open, 'session') ?? '' };
}

async function measure(paths: TrailPaths, place: SegmentPlace): Promise<{ bytes: number; mtimeMs: number }> {
  const stat = await fs.lstat(place.path).catch(() => undefined);
  let bytes = stat?.size ?? 0;
  const directory = paths.payloads(place.segment);
  for (const name of await fs.readdir(directory).catch(() => [])) {
    bytes += (await fs.lstat(join(directory, name)).catch(() => undefined))?.size ?? 0;
  }
  return { bytes, mtimeMs: stat?.mtimeMs ?? 0 };
}

/**
 * INVARIANT: the tombstone is on disk before anything of the segment goes; each step can be repeated, and be done by two
 * guards at once. False where the segment is open, or may be.
 */
async function remove(
  paths: TrailPaths,
  candidate: Candidate,
  said: { why: string; at: number; pid: number },
): Promise<boolean> {
  const { segment, day, bytes } = candidate;
  if (sync.existsSync(paths.marker(segment))) return false;
  const end = readEnd(candidate.path);
  // Without a marker and without a seal it was recovered by another guard; a day without a write makes that sure.
  if (end === undefined || (!end.sealed && candidate.mtimeMs > said.at - DAY_MS)) return false;
  await fs.mkdir(paths.tombstones, { mode: 0o700 }).catch(ignore('EEXIST'));
  const tombstone = JSON.stringify({ v: 1, segment, day, bytes, ...end, ...said });
  await writeNew(join(paths.tombstones, `${segment}.json`), `${tombstone}\n`).catch(ignore('EEXIST'));
  await fs.rm(paths.payloads(segment), { recursive: true, force: true });
  await fs.rm(candidate.path, { force: true });
  await fs.rmdir(paths.day(day)).catch(ignore('ENOTEMPTY', 'EEXIST', 'ENOENT'));
  return true;
}

/**
 * Count and head of the last whole line, where that is a record; undefined where the file is no segment. Looks no further:
 * a file of anything else is not searched to its front.
 */
function readEnd(path: string): { count: number; head: string; sealed: boolean } | undefined {
  const opened = openRegular(path);
  if (opened === undefined) return undefined;
  try {
    for (const line of readLinesBackward(blocksOf(opened.fd), opened.stat.size)) {
      if (!line.ended) continue;
      const record = line.text === undefined ? undefined : readRecord(line.text);
      const count = countAt(record?.header, 'seq');
      if (record === undefined || count === undefined) break;
      return { count, head: record.hash, sealed: stringAt(record.header, 'type') === 'seal' };
    }
    return { count: 0, head: '', sealed: false };
  } finally {
    sync.closeSync(opened.fd);
  }
}

/**
 * One guard at a time, to save work: what is done under the lock is safe without it. That is why a dead holder's lock
 * may be taken over in the simple way, which two guards can do at once.
 */
async function takeLock(path: string, { holder, now }: RetentionOptions): Promise<boolean> {
  const text = JSON.stringify({ v: 1, at: now, ...holder });
  for (const attempt of [1, 2]) {
    try {
      await writeNew(path, text);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const other = readIdentity(readSmallJson(path));
      const isLeft = other === undefined ? await isOlder(path, now) : judgeLiveness(other) === 'dead';
      if (attempt === 2 || !isLeft) return false;
      await fs.rm(path, { force: true });
    }
  }
  return false;
}

async function isOlder(path: string, now: number): Promise<boolean> {
  const stat = await fs.lstat(path).catch(() => undefined);
  return stat !== undefined && stat.mtimeMs < now - DAY_MS;
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await fs.open(path, 'wx', 0o600); // O_EXCL follows no link
  try {
    const { bytesWritten } = await file.write(text);
    if (bytesWritten !== Buffer.byteLength(text))
      throw new Error(`\`${path}\` was only written in part: the disk is full`);
    await file.datasync();
  } catch (error) {
    await fs.rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

const ignore =
  (...codes: string[]) =>
  (error: unknown): void => {
    if (!codes.includes(codeOf(error) ?? '')) throw error;
  };
