// The breakers of one server as the disk shows them, looked at now and then. Writes nothing, makes no directory, loads no lowdb.
import * as fs from 'node:fs';
import { isGuardError } from '../guard-error.ts';
import { type Board, EMPTY_BOARD } from '../policy/breaker/board.ts';
import type { Moment } from '../ports/breaker-store.ts';
import {
  type BreakerSpecs,
  type IsolationRecord,
  isolateAll,
  joinBoard,
  type Loss,
  lostReason,
  type StoredBoard,
} from './breaker-documents.ts';
import { type DocumentSpec, readBackup, readDocument } from './document-file.ts';
import { codeOf } from './state-paths.ts';

/** How old a board may be that a call is judged by: what the others write is seen within this. */
const LOOK_EVERY_MS = 200;
/** A file that was changed so short a time before it was read may change again under the same time stamp. */
const SETTLED_MS = 100;

interface LookParts {
  readonly name: string;
  readonly specs: BreakerSpecs;
  /** Each complaint once, until all is well again. */
  readonly say: (text: string) => void;
}

export class BreakerLook {
  readonly #parts: LookParts;
  #board: Board = EMPTY_BOARD;
  /** The last board that could be read, and the last record of isolations. */
  #good: Board | undefined;
  #record: IsolationRecord | undefined;
  /** Undefined: whatever the files look like, they are to be read. */
  #signature: string | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Since when nobody can say what is isolated. */
  #lostAt: Moment | undefined;
  #complaint = '';

  constructor(parts: LookParts) {
    this.#parts = parts;
  }

  /** The same reference until another process has written. Never throws. @param monoMs the session's clock */
  read(monoMs: number, moment: () => Moment): Board {
    if (monoMs - this.#lookedAtMs < LOOK_EVERY_MS) return this.#board;
    this.#lookedAtMs = monoMs;
    // Before reading: what is replaced meanwhile is read again next time.
    const signature = this.#sign();
    if (signature === undefined || signature !== this.#signature) {
      this.#signature = signature;
      const board = this.#load(moment);
      if (JSON.stringify(board) !== JSON.stringify(this.#board)) this.#board = board;
    }
    return this.#board;
  }

  /** This process has just had the lock, and knows better than the last look. */
  adopt(board: Board): void {
    this.#board = board;
    this.#good = board;
    this.#signature = undefined;
  }

  // INVARIANT: the board is read before the isolations (breaker-documents.ts).
  #load(moment: () => Moment): Board {
    const { name, specs } = this.#parts;
    const stored = find<StoredBoard>(specs.board);
    if (stored.kind === 'absent') this.#good = undefined;
    // The last good one of this process is newer than a backup.
    if (stored.kind === 'good' && (stored.why === undefined || this.#good === undefined))
      this.#good = stored.data.board;
    const record = find<IsolationRecord>(specs.isolations);
    if (record.kind !== 'unreadable') this.#record = record.kind === 'good' ? record.data : undefined;
    const known = this.#good ?? EMPTY_BOARD;
    const board = this.#record === undefined ? known : joinBoard(known, this.#record);
    this.#complain([stored, record]);
    if (record.kind !== 'unreadable') {
      this.#lostAt = undefined;
      return board;
    }
    // TRUST: an isolation is a person's decision. Where it cannot be read it may be any.
    this.#lostAt ??= moment();
    return isolateAll(board, lostReason(name, record.how), this.#lostAt);
  }

  #complain(found: readonly Found<unknown>[]): void {
    const complaint = found
      .flatMap((one) => (one.kind === 'absent' || one.why === undefined ? [] : [one.why]))
      .join('; ');
    if (complaint !== this.#complaint && complaint !== '') this.#parts.say(complaint);
    this.#complaint = complaint;
  }

  /** Of both files; undefined where one was changed just now. */
  #sign(): string | undefined {
    const { board, isolations } = this.#parts.specs;
    const settledNs = BigInt(Math.floor(Date.now() - SETTLED_MS)) * 1_000_000n;
    let signature = '';
    for (const { path } of [board, isolations]) {
      try {
        const stat = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
        if (stat !== undefined && stat.mtimeNs > settledNs) return undefined;
        signature += stat === undefined ? 'none ' : `${stat.ino}:${stat.mtimeNs}:${stat.ctimeNs}:${stat.size} `;
      } catch (error) {
        signature += `${codeOf(error)} `;
      }
    }
    return signature;
  }
}

/** A document, where nothing may be set aside. `why`: what is to be said. */
type Found<T> =
  | { readonly kind: 'good'; readonly data: T; readonly why: string | undefined }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string; readonly how: Loss };

function find<T extends { readonly version: number }>(spec: DocumentSpec<T>): Found<T> {
  try {
    const reading = readDocument(spec, spec.path);
    if (reading.kind === 'good') return { kind: 'good', data: reading.data, why: undefined };
    if (reading.kind === 'absent' && spec.backup !== 'same') return { kind: 'absent' };
    const backup = readBackup(spec);
    if (reading.kind === 'absent' && backup.kind === 'absent') return { kind: 'absent' };
    const why = `\`${spec.path}\` ${reading.kind === 'absent' ? 'is gone, but its backup is not' : reading.why}`;
    return backup.kind === 'good'
      ? { kind: 'good', data: backup.data, why: `${why}: its last good version is used` }
      : { kind: 'unreadable', why, how: 'corrupt' };
  } catch (error) {
    if (!isGuardError(error)) return { kind: 'unreadable', why: String(error), how: 'unfit' };
    const { code, message, hint } = error;
    const why = hint === undefined ? message : `${message}: ${hint}`;
    return { kind: 'unreadable', why, how: code === 'state_newer' ? 'newer' : 'unfit' };
  }
}
