// A small JSON document that many processes change: lowdb behind an adapter of our own, because lowdb alone writes through
// one fixed temporary name, without lock, fsync or schema (measured: lost updates, torn reads). The one importer of lowdb.
import * as fs from 'node:fs';
import { LowSync, type SyncAdapter } from 'lowdb';
import { GuardError, isGuardError } from '../guard-error.ts';
import {
  backupOf,
  type DocumentSpec,
  guardIo,
  MAX_DOCUMENT_BYTES,
  type Reading,
  readBackup,
  readDocument,
} from './document-file.ts';
import { removeDrafts, replaceFile } from './durable-file.ts';
import { withFileLock } from './locked-file.ts';
import { codeOf } from './state-paths.ts';

export interface StateDocument<T> {
  /** Without a lock: a replaced document is seen whole, old or new. */
  read(): T;
  /**
   * Reads, merges and writes under the lock; durable when it resolves. `merge` must be pure; returning the same value writes
   * nothing. Resolves with what holds now.
   */
  update(merge: (current: T) => T): Promise<T>;
}

/** A document whose lock is held by the caller: nobody else changes it. */
export interface HeldDocument<T> {
  readonly data: T;
  /** Where `data` is from. `nothing`: there was no document, or none that is worth anything. */
  readonly from: 'document' | 'backup' | 'nothing';
  /** It is to be written even where nothing has changed: what was found was no document, or one copy where two belong. */
  readonly isBroken: boolean;
  /**
   * Durable once it returns. @param sync false: it need not survive a loss of power. @throws GuardError state_unusable: what was
   * there before is there still, or the new one is whole
   */
  write(data: T, sync?: boolean): void;
}

const LOCK_TIMEOUT_MS = 5_000;
const NONE = { kind: 'absent' } as const;

/** `newer`: to be set aside, as what is corrupt; nobody else's backup takes its place. */
type Found<T> = Reading<T> | { readonly kind: 'newer'; readonly why: string };

/** @throws GuardError (both methods) state_newer, state_unusable; `update` state_locked, too */
export function openStateDocument<T extends { readonly version: number }>(spec: DocumentSpec<T>): StateDocument<T> {
  return {
    read() {
      const reading = readDocument(spec, spec.path);
      if (reading.kind === 'good') return reading.data;
      if (reading.kind === 'absent') return spec.empty;
      // only who holds the lock may set it aside; for a reader the last good one holds
      const backup = readBackup(spec);
      return backup.kind === 'good' ? backup.data : spec.empty;
    },
    update(merge) {
      return withFileLock(`${spec.path}.lock`, { timeoutMs: spec.lockTimeoutMs ?? LOCK_TIMEOUT_MS }, () => {
        const held = holdDocument(spec);
        const data = merge(held.data);
        if (data !== held.data || held.isBroken) held.write(data);
        return data;
      });
    },
  };
}

/**
 * Only for who holds the lock over `spec.path`. @param isHeld asked before each commit: a lock that somebody took over meanwhile
 * commits nothing. @throws GuardError state_newer, state_unusable
 */
export function holdDocument<T extends { readonly version: number }>(
  spec: DocumentSpec<T>,
  isHeld: () => boolean = () => true,
): HeldDocument<T> {
  guardIo(spec.path, 'clean up beside', () => {
    removeDrafts(spec.path);
    if (spec.backup === 'same') removeDrafts(backupOf(spec.path));
  });
  const found = findDocument(spec);
  const backup = found.kind === 'corrupt' || spec.backup === 'same' ? findBackup(spec, found) : NONE;
  const spare = backup.kind === 'good' ? backup.data : undefined;
  const isBad = found.kind === 'corrupt' || found.kind === 'newer';
  const isBroken = isBad || (spec.backup === 'same' && !isDoubled(found, backup));
  if (isBad) setAside(spec, found, spare !== undefined);
  else if (found.kind === 'absent' && isBroken) sayGone(spec, spare !== undefined);
  const how = { sync: true };
  const database = new LowSync<T>(makeAdapter(spec, found, spare, how, isHeld), spec.empty);
  database.read();
  return {
    data: database.data,
    from: found.kind === 'good' ? 'document' : spare === undefined ? 'nothing' : 'backup',
    isBroken,
    write(data, sync = true) {
      how.sync = sync;
      database.data = data;
      database.write();
    },
  };
}

function findDocument<T extends { readonly version: number }>(spec: DocumentSpec<T>): Found<T> {
  try {
    return readDocument(spec, spec.path);
  } catch (error) {
    if (!isNewer(error) || spec.setsNewerAside?.() !== true) throw error;
    return { kind: 'newer', why: 'was written by a newer version of mcp-guard' };
  }
}

/** Beside a good document a backup that cannot be read is as good as none: it is replaced. */
function findBackup<T extends { readonly version: number }>(spec: DocumentSpec<T>, found: Found<T>): Reading<T> {
  try {
    return readBackup(spec);
  } catch (error) {
    // What a newer version left behind, beside a document that this one would not have kept from it either.
    if (found.kind === 'good' || (isNewer(error) && spec.setsNewerAside !== undefined)) return NONE;
    throw error;
  }
}

function isNewer(error: unknown): boolean {
  return isGuardError(error) && error.code === 'state_newer';
}

/** Both there and the same, or neither. */
function isDoubled<T>(found: Found<T>, backup: Reading<T>): boolean {
  if (found.kind === 'absent') return backup.kind === 'absent';
  return found.kind === 'good' && backup.kind === 'good' && JSON.stringify(found.data) === JSON.stringify(backup.data);
}

/** INVARIANT: used only while the lock is held, so that what was found is what is replaced. */
function makeAdapter<T extends { readonly version: number }>(
  spec: DocumentSpec<T>,
  found: Found<T>,
  spare: T | undefined,
  how: { readonly sync: boolean },
  isHeld: () => boolean,
): SyncAdapter<T> {
  const atCommit = (): void => {
    if (!isHeld()) throw new Error('the lock was taken over: this process stood still for too long');
  };
  return {
    read: () => (found.kind === 'good' ? found.data : (spare ?? null)),
    write(data) {
      const text = `${JSON.stringify(data)}\n`;
      // What could not be read again would lock everybody out of it for good.
      if (spec.check(data) === undefined) throw new Error(`refusing to write a malformed document to \`${spec.path}\``);
      if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES) {
        throw new GuardError('state_unusable', `\`${spec.path}\` would be larger than ${MAX_DOCUMENT_BYTES} bytes`);
      }
      const isWorthless = found.kind === 'corrupt' || found.kind === 'newer';
      const old = isWorthless || spec.backup === 'same' ? 'drop' : 'keep';
      guardIo(spec.path, 'write', () => replaceFile(spec.path, text, old, how.sync, atCommit));
      if (spec.backup === 'same')
        guardIo(spec.path, 'write', () => replaceFile(backupOf(spec.path), text, 'drop', how.sync, atCommit));
    },
  };
}

/** Under another name; the document itself stays until a good one replaces it, so a crash here loses nothing. */
function setAside<T extends { readonly version: number }>(
  spec: DocumentSpec<T>,
  { kind, why }: { readonly kind: 'corrupt' | 'newer'; readonly why: string },
  isSpared: boolean,
): void {
  const aside = guardIo(spec.path, 'set aside', () => linkAside(spec.path, kind, spec.nowMs()));
  const back = kind === 'newer' ? '; to go on with it, move it back and use that version' : '';
  spec.say(`\`${spec.path}\` ${why}: kept as \`${aside}\`, ${thenText(isSpared)}${back}`);
}

/** INVARIANT: nothing that was set aside is ever replaced. @returns the name it has now, too */
function linkAside(path: string, kind: string, nowMs: number): string {
  for (let atMs = nowMs; ; atMs += 1) {
    const aside = `${path}.${kind}-${atMs}`;
    try {
      fs.linkSync(path, aside);
      return aside;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

function sayGone<T extends { readonly version: number }>(spec: DocumentSpec<T>, isSpared: boolean): void {
  spec.say(`\`${spec.path}\` is gone, but its backup is not: ${thenText(isSpared)}`);
}

function thenText(isSpared: boolean): string {
  return isSpared ? 'its last good version is used' : 'it starts empty';
}
