// Takes what a tenant's record says out of it, and leaves that it was said: payloads and salts go, headers and hashes stay, so every chain
// still verifies. Then everything else of the tenant. Knows no command; whoever calls has made sure that nobody is at work.
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { readRecord } from '../audit/record.ts';
import { isDay, isSegmentId } from '../audit/segment-id.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { replaceFile } from './durable-file.ts';
import { removeTree } from './remove-tree.ts';
import { codeOf } from './state-paths.ts';
import { ERASING } from './suspension.ts';
import { TOMBSTONE } from './tenant-tombstone.ts';

export interface Erasure {
  readonly segments: number;
  /** Records that had a payload or a salt. */
  readonly records: number;
  /** Something of it beside the record was there. */
  readonly hadMore: boolean;
}

/** The record, the marks that keep sessions out, and what an earlier erasure left to say. */
const KEPT = new Set(['audit', 'suspended.json', ERASING, TOMBSTONE]);
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
  for (const day of namesIn(trail.audit)) {
    if (KEPT_OF_RECORD.has(day)) continue;
    const place = join(trail.audit, day);
    // links lead out of the record: they go, and what they lead to stays
    if (!isDay(day) || !isDirectory(place)) {
      removeTree(place);
      continue;
    }
    for (const name of namesIn(place)) {
      const path = join(place, name);
      if (!isSegment(path, name)) {
        // a draft of a writer that was killed, or something that nobody would read again
        removeTree(path);
        continue;
      }
      records += eraseSegment(path);
      segments += 1;
    }
  }
  const others = namesIn(scope.directory).filter((name) => !KEPT.has(name));
  const hadMore = others.length > 0 || fs.existsSync(scope.homes.directory);
  for (const name of others) removeTree(scope.place(name));
  removeTree(scope.homes.directory);
  syncDirectory(dirname(trail.audit));
  return { segments, records, hadMore };
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

function isSegment(path: string, name: string): boolean {
  return name.endsWith('.jsonl') && isSegmentId(name.slice(0, -6)) && fs.lstatSync(path).isFile();
}

function isDirectory(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** INVARIANT: what cannot be looked into is an error: it is not passed over as if nothing lay there. */
function namesIn(directory: string): readonly string[] {
  try {
    if (fs.lstatSync(directory).isSymbolicLink())
      throw new Error(`\`${directory}\` is a link: nothing is erased through it`);
    return fs.readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
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
