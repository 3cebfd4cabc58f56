// What lies on disk of one server's breakers: the board, and what a person has isolated in a document of its own, which survives
// the loss of the other. Formats, and how the two make one board. Knows no lock; writes nothing.
//
// INVARIANT: a writer writes the isolations first, a reader reads them last. So a reader that comes between the two writes sees
// an isolation that is being made, and one that is being lifted either still or not at all, never under an epoch of its own.
import {
  type Board,
  EMPTY_BOARD,
  type Isolation,
  isolationsOf,
  LONGEST_TOOL,
  restoreIsolations,
  withState,
} from '../policy/breaker/board.ts';
import { readBoard, readBreakerState } from '../policy/breaker/read-board.ts';
import type { Moment } from '../ports/breaker-store.ts';
import type { BreakerPaths } from './breaker-paths.ts';
import type { DocumentSpec } from './document-file.ts';

export interface StoredBoard {
  readonly version: 1;
  /** The server's name: a file that was copied to another name is none of that server's. */
  readonly name: string;
  readonly board: Board;
}

export interface IsolationRecord {
  readonly version: 1;
  readonly name: string;
  readonly isolations: readonly Isolation[];
}

export interface BreakerSpecs {
  readonly board: DocumentSpec<StoredBoard>;
  readonly isolations: DocumentSpec<IsolationRecord>;
}

export function breakerSpecs(
  name: string,
  paths: BreakerPaths,
  parts: Pick<DocumentSpec<never>, 'say' | 'nowMs'>,
): BreakerSpecs {
  return {
    board: {
      ...parts,
      path: paths.board,
      version: 1,
      empty: { version: 1, name, board: EMPTY_BOARD },
      check: (value) => readStoredBoard(value, name),
      setsNewerAside: onceOnly(),
    },
    isolations: {
      ...parts,
      path: paths.isolations,
      version: 1,
      empty: { version: 1, name, isolations: [] },
      check: (value) => readIsolations(value, name),
      // A backup of the text before would lack the newest isolation.
      backup: 'same',
    },
  };
}

/**
 * INVARIANT: the name is the format's: a version that changes the board gives it a name of its own (`<server>.v2.json`), so guards
 * of two versions never take it from each other. What breaks that rule is set aside once by each session, not for ever; the next
 * time this guard goes on alone. The record of isolations keeps its name in every version, so that none is overlooked.
 */
function onceOnly(): () => boolean {
  let isDone = false;
  return () => {
    const isFirst = !isDone;
    isDone = true;
    return isFirst;
  };
}

/** The board with every isolation that is on record in force. */
export function joinBoard(board: Board, { isolations }: IsolationRecord): Board {
  return restoreIsolations(board, isolations);
}

/** What is on record when this board is. */
export function recordOf(name: string, board: Board): IsolationRecord {
  return { version: 1, name, isolations: isolationsOf(board) };
}

/**
 * The board where nobody can say what a person had isolated: the whole server is, until a person says otherwise. Under the epoch
 * of the server's breaker as it stands: nothing has moved, and the order that lifts it is the next epoch for every guard.
 */
export function isolateAll(board: Board, reason: string, at: Moment): Board {
  if (board.server.kind === 'isolated') return board;
  const { epoch } = board.server;
  return withState(board, undefined, { kind: 'isolated', epoch, at, actor: 'mcp-guard', reason });
}

/** Why the record of isolations is not known. `unfit`: it lies there, and somebody else could have written it. */
export type Loss = 'corrupt' | 'newer' | 'unfit';

/** Short: the model reads its first 128 characters. @param name attacker-controlled, shown through the inert-text filter */
export function lostReason(name: string, how: Loss): string {
  if (how === 'newer') return 'a newer version of mcp-guard wrote the record of isolations: use that version';
  return how === 'corrupt'
    ? `the record of isolations is unreadable: run \`mcp-guard breaker reset ${name}\``
    : 'the record of isolations cannot be trusted: `mcp-guard breaker status` says how to mend it';
}

function readStoredBoard(value: unknown, name: string): StoredBoard | undefined {
  if (!isNamed(value, name) || !('board' in value)) return undefined;
  const board = readBoard(value.board);
  return board === undefined ? undefined : { version: 1, name, board };
}

function readIsolations(value: unknown, name: string): IsolationRecord | undefined {
  if (!isNamed(value, name) || !('isolations' in value) || !Array.isArray(value.isolations)) return undefined;
  const isolations: Isolation[] = [];
  for (const one of value.isolations) {
    const isolation = readIsolation(one);
    // INVARIANT: one that cannot be understood makes the whole record unreadable; none is ever skipped.
    if (isolation === undefined) return undefined;
    isolations.push(isolation);
  }
  return { version: 1, name, isolations };
}

function readIsolation(value: unknown): Isolation | undefined {
  if (typeof value !== 'object' || value === null || !('state' in value)) return undefined;
  const state = readBreakerState(value.state);
  if (state?.kind !== 'isolated') return undefined;
  const tool = 'tool' in value ? value.tool : undefined;
  if (tool === undefined) return { tool, state };
  return typeof tool === 'string' && tool.length <= LONGEST_TOOL ? { tool, state } : undefined;
}

function isNamed(value: unknown, name: string): value is object {
  return typeof value === 'object' && value !== null && 'name' in value && value.name === name;
}
