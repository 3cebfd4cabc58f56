// Changes the breakers of one server under the machine-wide lock. Loaded with the first change (it brings lowdb), never by a
// guard whose tools are well. Knows no queue and no session.

import type { Board } from '../policy/breaker/board.ts';
import type { Moment } from '../ports/breaker-store.ts';
import { tenantSteps } from '../tenant/tenant-scope.ts';
import {
  type BreakerSpecs,
  type IsolationRecord,
  isolateAll,
  joinBoard,
  lostReason,
  recordOf,
  type StoredBoard,
} from './breaker-documents.ts';
import { BREAKERS } from './breaker-paths.ts';
import { backupOf, type DocumentSpec, readDocument } from './document-file.ts';
import { syncReplaced } from './durable-file.ts';
import { withFileLock } from './locked-file.ts';
import { type HeldDocument, holdDocument } from './state-document.ts';
import { makePrivateDir } from './state-paths.ts';

/**
 * A lock of another machine, or of a container that is gone: held for milliseconds, so that one of a minute has no holder any
 * more. It costs one probe half a second; left alone it would keep the breakers of its server from being shared for ever. A third of
 * the time that a probe waits: who breaks it may have to break the lock of the lock, too.
 */
const UNKNOWN_HOLDER = { olderThanMs: 60_000, seenForMs: 500 };

export interface BoardPlace {
  readonly stateDir: string;
  readonly tenant: string;
  /** The server's. */
  readonly name: string;
  readonly specs: BreakerSpecs;
  readonly lock: string;
  readonly lockTimeoutMs: number;
}

export interface ChangedBoard {
  readonly board: Board;
  /** Never rejects. */
  readonly synced: Promise<void>;
}

interface Change {
  readonly board: Board;
  /** A transition that only the cache of the disk has. */
  readonly isUnsynced: boolean;
}

/** Both documents, where something in them is to change. */
interface Writing {
  readonly specs: BreakerSpecs;
  readonly record: HeldDocument<IsolationRecord>;
  readonly stored: HeldDocument<StoredBoard>;
  readonly nextRecord: IsolationRecord | undefined;
  readonly nextStored: StoredBoard | undefined;
}

/**
 * Resolves with what holds now; each isolation is durable then, each transition once `synced` has settled, samples alone survive
 * only processes. Rejects where it cannot be locked, read or written: then nothing has changed.
 * A process that is killed between the two documents leaves an isolation in force: one that was being made already, one that was
 * being lifted still.
 */
export async function changeBoard(
  place: BoardPlace,
  change: (current: Board, now: Moment) => Board,
  moment: () => Moment,
): Promise<ChangedBoard> {
  makePrivateDir(place.stateDir, tenantSteps(place.tenant, BREAKERS));
  let written: Change | undefined;
  try {
    const { lock, lockTimeoutMs: timeoutMs } = place;
    await withFileLock(lock, { timeoutMs, unknown: UNKNOWN_HOLDER }, (isHeld) => {
      written = changeHeld(place, change, moment(), isHeld);
    });
  } catch (error) {
    // Else only the lock could not be given back.
    if (written === undefined) throw error;
  }
  // INVARIANT: `withFileLock` has called its action where it did not throw
  if (written === undefined) throw new Error('the lock was given without an action');
  const { board, isUnsynced } = written;
  return { board, synced: isUnsynced ? syncBehind(place.specs.board.path) : Promise.resolve() };
}

/**
 * Waiting for the disk stops no call of the session, nor does it keep the lock from the others, who see the transition already. A
 * disk that does not keep its word takes nothing back: the transition has happened.
 */
async function syncBehind(path: string): Promise<void> {
  try {
    await syncReplaced(path);
  } catch {
    // a loss of power now costs what is closed again by then, or the version before
  }
}

/** INVARIANT: called under the lock only. */
function changeHeld(
  place: BoardPlace,
  change: (current: Board, now: Moment) => Board,
  now: Moment,
  isHeld: () => boolean,
): Change {
  const { name, specs } = place;
  const record = holdDocument(specs.isolations, isHeld);
  const stored = holdDocument(specs.board, isHeld);
  let current = joinBoard(stored.data.board, record.data);
  // TRUST: an isolation is a person's decision. Where it cannot be read it may be any.
  if (record.isBroken && record.from === 'nothing') current = isolateAll(current, lostReason(name, 'corrupt'), now);
  const board = change(current, now);
  const nextRecord = recordOf(name, board);
  const isRecordNew = record.isBroken || !isSame(nextRecord, record.data);
  const isBoardNew = stored.isBroken || board !== stored.data.board;
  write({
    specs,
    record,
    stored,
    nextRecord: isRecordNew ? nextRecord : undefined,
    nextStored: isBoardNew ? { version: 1, name, board } : undefined,
  });
  return { board, isUnsynced: isBoardNew && !isRecordNew && hasMoved(stored.data.board, board) };
}

// INVARIANT: the isolations first (breaker-documents.ts).
function write(writing: Writing): void {
  const { record, stored, nextRecord, nextStored } = writing;
  try {
    if (nextRecord !== undefined) record.write(nextRecord);
    // A person's order is forced out before it counts; everything else of a board is behind it (syncBehind), or not at all.
    if (nextStored !== undefined) stored.write(nextStored, nextRecord !== undefined);
  } catch (error) {
    // Both are in place, and only the disk's word that they stay was missing: what everybody reads now has happened.
    if (isInPlace(writing)) return;
    if (nextRecord !== undefined && record.from !== 'nothing') takeBack(record);
    throw error;
  }
}

/**
 * Whether any breaker is in another epoch. Samples alone are not worth waiting for the disk, which stops every call of the session
 * (measured: milliseconds): a loss of power costs a few of them, or takes the version before, which was forced out when it moved.
 */
function hasMoved(before: Board, after: Board): boolean {
  const epochs = new Map(before.tools.map(({ tool, state }) => [tool, state.epoch]));
  return (
    before.server.epoch !== after.server.epoch ||
    after.tools.some(({ tool, state }) => state.epoch !== (epochs.get(tool) ?? 0))
  );
}

function isInPlace({ specs, nextRecord, nextStored }: Writing): boolean {
  return (
    (nextRecord === undefined || holds(specs.isolations, nextRecord)) &&
    (nextStored === undefined || holds(specs.board, nextStored))
  );
}

function holds<T extends { readonly version: number }>(spec: DocumentSpec<T>, written: T): boolean {
  try {
    const paths = spec.backup === 'same' ? [spec.path, backupOf(spec.path)] : [spec.path];
    return paths.every((path) => {
      const reading = readDocument(spec, path);
      return reading.kind === 'good' && isSame(reading.data, written);
    });
  } catch {
    return false;
  }
}

/** What was asked has failed, so the record says what it said before. Where that fails, too, an isolation stays in force. */
function takeBack(record: HeldDocument<IsolationRecord>): void {
  try {
    record.write(record.data);
  } catch {
    // said by who called
  }
}

/** As JSON: what a document holds. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
