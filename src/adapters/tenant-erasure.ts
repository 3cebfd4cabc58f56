// Takes what a tenant's record says out of it, and leaves that it was said: payloads and salts go, headers and hashes stay, so every chain
// still verifies. Then everything else of the tenant. Knows no command; whoever calls has made sure that nobody is at work.
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { readRecord } from '../audit/record.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { replaceFile } from './durable-file.ts';
import { listNames } from './small-json.ts';
import { codeOf } from './state-paths.ts';
import { listDays, listSegments } from './trail-listing.ts';

export interface Erasure {
  readonly segments: number;
  /** Records that had a payload or a salt. */
  readonly records: number;
}

/** Beside the record, which stays, and the mark that keeps sessions out. */
const KEPT = new Set(['audit', 'suspended.json']);
/** Of the record, beside its days: what says that a segment was opened, sealed or removed. None of it holds a payload. */
const KEPT_OF_RECORD = new Set(['open', 'removed', 'last-seal.json']);
/** In place of a line that is no record: it is none either, wherever it stands. */
const NO_RECORD = '{';

/**
 * Each file is replaced whole: killed at any moment, and done again, it comes to the same.
 *
 * @throws the error of the file system; then not everything is erased, and nothing says that it was
 */
export function eraseTenant(scope: TenantScope): Erasure {
  const { trail } = scope;
  let records = 0;
  let segments = 0;
  for (const day of listDays(trail)) {
    const listed = listSegments(trail, day);
    for (const { path } of listed) {
      records += eraseSegment(path);
      segments += 1;
    }
    // drafts of writers that were killed, and whatever else nobody would read again
    const kept = new Set(listed.map(({ path }) => path));
    for (const name of listNames(trail.day(day)))
      if (!kept.has(join(trail.day(day), name))) removeTree(join(trail.day(day), name));
  }
  const days = new Set(listDays(trail));
  for (const name of listNames(trail.audit))
    if (!days.has(name) && !KEPT_OF_RECORD.has(name)) removeTree(join(trail.audit, name));
  for (const name of listNames(scope.directory)) if (!KEPT.has(name)) removeTree(scope.place(name));
  removeTree(scope.homes.directory);
  syncDirectory(dirname(trail.audit));
  return { segments, records };
}

/**
 * @returns how many records lost something. INVARIANT: nothing but headers and hashes stays: the torn end of a guard that was killed
 * holds the beginning of a payload. What is no record is still none, so `audit verify` says the same before and after.
 */
function eraseSegment(path: string): number {
  let count = 0;
  const text = fs.readFileSync(path, 'utf8');
  const erased = text.split('\n').map((line) => {
    if (line === '') return line;
    const record = readRecord(line);
    if (record === undefined) return NO_RECORD;
    if (record.payloadText !== undefined || record.salt !== undefined) count += 1;
    return `{"h":${record.headerText},"hash":"${record.hash}"}`;
  });
  const left = erased.join('\n');
  if (left !== text) replaceFile(path, left, 'drop');
  return count;
}

/** attacker-controlled: what lies in a home, which its servers may have closed against who removes it. Follows no link. */
function removeTree(path: string): void {
  try {
    fs.rmSync(path, { recursive: true, force: true });
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error;
    openDirectories(path);
    fs.rmSync(path, { recursive: true, force: true });
  }
}

/** TRUST: nobody of the tenant runs now, who could put a link in the place of a directory. */
function openDirectories(path: string): void {
  if (fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  fs.chmodSync(path, 0o700);
  for (const name of fs.readdirSync(path)) openDirectories(join(path, name));
}

function syncDirectory(path: string): void {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } catch {
    // Some file systems sync no directories; what is gone is gone for every reader.
  } finally {
    fs.closeSync(fd);
  }
}
