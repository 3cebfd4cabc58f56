// A small JSON document that many processes change: lowdb behind an adapter of our own, because lowdb alone writes through
// one fixed temporary name, without lock, fsync or schema (measured: lost updates, torn reads). The one importer of lowdb.
// TRUST: the document is what a process of this user wrote last. It proves nothing against that user.
import * as fs from 'node:fs';
import { LowSync, type SyncAdapter } from 'lowdb';
import { GuardError } from '../guard-error.ts';
import { readPrivateFile, removeDrafts, replaceFile } from './durable-file.ts';
import { withFileLock } from './locked-file.ts';

export interface DocumentSpec<T extends { readonly version: number }> {
  /** Absolute; its directory exists and is private. */
  readonly path: string;
  readonly version: T['version'];
  /** What holds where there is no document. Never changed in place: `merge` returns a new value. */
  readonly empty: T;
  /** A checked copy of an untyped value, or undefined where it is no such document. Called for our version only. */
  readonly check: (value: unknown) => T | undefined;
  /** One sentence for people, when a document had to be set aside. */
  readonly say: (text: string) => void;
  /** Milliseconds since the epoch: names what is set aside. */
  readonly nowMs: () => number;
  readonly lockTimeoutMs?: number;
}

export interface StateDocument<T> {
  /** Without a lock: a replaced document is seen whole, old or new. */
  read(): T;
  /**
   * Reads, merges and writes under the lock; durable when it resolves. `merge` must be pure; returning the same value writes
   * nothing. Resolves with what holds now.
   */
  update(merge: (current: T) => T): Promise<T>;
}

type Reading<T> =
  | { readonly kind: 'good'; readonly data: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'corrupt'; readonly why: string };

const MAX_BYTES = 4_194_304;
const LOCK_TIMEOUT_MS = 5_000;

/** @throws GuardError (both methods) state_newer, state_unusable; `update` state_locked, too */
export function openStateDocument<T extends { readonly version: number }>(spec: DocumentSpec<T>): StateDocument<T> {
  return {
    read() {
      const reading = readDocument(spec, spec.path);
      if (reading.kind === 'good') return reading.data;
      if (reading.kind === 'absent') return spec.empty;
      // only who holds the lock may set it aside; for a reader the last good one holds
      const backup = readDocument(spec, `${spec.path}.bak`);
      return backup.kind === 'good' ? backup.data : spec.empty;
    },
    update(merge) {
      return withFileLock(`${spec.path}.lock`, { timeoutMs: spec.lockTimeoutMs ?? LOCK_TIMEOUT_MS }, () => {
        guardIo(spec.path, 'clean up beside', () => removeDrafts(spec.path));
        const found = readDocument(spec, spec.path);
        const database = new LowSync<T>(makeAdapter(spec, found), spec.empty);
        database.read();
        const before = database.data;
        database.data = merge(before);
        if (database.data !== before || found.kind === 'corrupt') database.write();
        return database.data;
      });
    },
  };
}

/** INVARIANT: used only while the lock is held, so that what was found is what is replaced. */
function makeAdapter<T extends { readonly version: number }>(spec: DocumentSpec<T>, found: Reading<T>): SyncAdapter<T> {
  return {
    read() {
      if (found.kind === 'good') return found.data;
      return found.kind === 'absent' ? null : setAside(spec, found.why);
    },
    write(data) {
      if (spec.check(data) === undefined) throw new Error(`refusing to write a malformed document to \`${spec.path}\``);
      const old = found.kind === 'corrupt' ? 'drop' : 'keep';
      guardIo(spec.path, 'write', () => replaceFile(spec.path, `${JSON.stringify(data)}\n`, old));
    },
  };
}

/** Evidence under another name; the document itself stays until a good one replaces it, so a crash here loses nothing. */
function setAside<T extends { readonly version: number }>(spec: DocumentSpec<T>, why: string): T | null {
  const aside = `${spec.path}.corrupt-${spec.nowMs()}`;
  guardIo(spec.path, 'set aside', () => {
    fs.rmSync(aside, { force: true });
    fs.linkSync(spec.path, aside);
  });
  const backup = readDocument(spec, `${spec.path}.bak`);
  const then = backup.kind === 'good' ? 'its last good version is used' : 'it starts empty';
  spec.say(`\`${spec.path}\` ${why}: kept as \`${aside}\`, ${then}`);
  return backup.kind === 'good' ? backup.data : null;
}

function readDocument<T extends { readonly version: number }>(spec: DocumentSpec<T>, path: string): Reading<T> {
  const bytes = guardIo(path, 'read', () => readPrivateFile(path, MAX_BYTES));
  if (bytes === undefined) return { kind: 'absent' };
  if (bytes.length === 0) return { kind: 'corrupt', why: 'is empty' };
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { kind: 'corrupt', why: 'is not JSON' };
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (typeof version === 'number' && version > spec.version) {
    throw new GuardError(
      'state_newer',
      `\`${path}\` was written by a newer version (${version}, this one knows ${spec.version})`,
      {
        hint: 'use that version of mcp-guard, or move the file away',
      },
    );
  }
  const data = version === spec.version ? spec.check(value) : undefined;
  return data === undefined ? { kind: 'corrupt', why: 'does not have its schema' } : { kind: 'good', data };
}

function guardIo<R>(path: string, verb: string, action: () => R): R {
  try {
    return action();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GuardError('state_unusable', `cannot ${verb} \`${path}\`: ${why}`, {
      cause: error,
      hint: 'mend the owner and mode of the state directory, or set `MCP_GUARD_STATE_DIR`',
    });
  }
}
