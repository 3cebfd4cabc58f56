// Takes what a tenant's record says out of it, and leaves that it was said: payloads and salts go, headers and hashes stay, so every chain
// still verifies. Then everything else of the tenant. Knows no command; whoever calls has made sure that nobody is at work.
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { readRecord } from '../audit/record.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { replaceFile } from './durable-file.ts';
import { listNames } from './small-json.ts';
import { listDays, listSegments } from './trail-listing.ts';

export interface Erasure {
  readonly segments: number;
  /** Records that had a payload or a salt. */
  readonly records: number;
}

/** Beside the record, which stays, and the mark that keeps sessions out. */
const KEPT = new Set(['audit', 'suspended.json']);

/**
 * Each file is replaced whole: killed at any moment, and done again, it comes to the same.
 *
 * @throws the error of the file system; then not everything is erased, and nothing says that it was
 */
export function eraseTenant(scope: TenantScope): Erasure {
  const { trail } = scope;
  let records = 0;
  let segments = 0;
  for (const { path } of listDays(trail).flatMap((day) => listSegments(trail, day))) {
    records += eraseSegment(path);
    segments += 1;
  }
  fs.rmSync(trail.payload, { recursive: true, force: true });
  for (const name of listNames(scope.directory)) {
    if (!KEPT.has(name)) fs.rmSync(scope.place(name), { recursive: true, force: true });
  }
  fs.rmSync(scope.homes.directory, { recursive: true, force: true });
  syncDirectory(dirname(trail.audit));
  return { segments, records };
}

/** @returns how many records lost something. What is no record stays as it is: `audit verify` says so before and after. */
function eraseSegment(path: string): number {
  let count = 0;
  const lines = fs.readFileSync(path, 'utf8').split('\n');
  const erased = lines.map((line) => {
    const record = readRecord(line);
    if (record === undefined || (record.payloadText === undefined && record.salt === undefined)) return line;
    count += 1;
    return `{"h":${record.headerText},"hash":"${record.hash}"}`;
  });
  if (count > 0) replaceFile(path, erased.join('\n'), 'drop');
  return count;
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
