// Reads one state document without trusting it: good, absent, or why not. Knows neither lock nor writing, so that what only
// reads loads no lowdb.
// TRUST: the document is what a process of this user wrote last. It proves nothing against that user.
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { readPrivateFile, UnfitFileError } from './durable-file.ts';

export interface DocumentSpec<T extends { readonly version: number }> {
  /** Absolute; its directory exists and is private. */
  readonly path: string;
  readonly version: T['version'];
  /** What holds where there is no document. Never changed in place: `merge` returns a new value. */
  readonly empty: T;
  /** A checked copy of an untyped value, or undefined where it is no such document. Called for our version only. */
  readonly check: (value: unknown) => T | undefined;
  /**
   * What `<path>.bak` holds. `previous` (default): the text before the last change. `same`: the same text, written a second time,
   * so that losing one of the two loses nothing; then a document that is gone is read from there, too.
   */
  readonly backup?: 'previous' | 'same';
  /**
   * Asked under the lock when a newer version's document lies there: true sets it aside and starts empty, once for each true.
   * Absent or false: it is left alone (`state_newer`).
   */
  readonly setsNewerAside?: () => boolean;
  /** One sentence for people, when a document had to be set aside. */
  readonly say: (text: string) => void;
  /** Milliseconds since the epoch: names what is set aside. */
  readonly nowMs: () => number;
  readonly lockTimeoutMs?: number;
}

export type Reading<T> =
  | { readonly kind: 'good'; readonly data: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'corrupt'; readonly why: string };

export const MAX_DOCUMENT_BYTES = 4_194_304;

export function backupOf(path: string): string {
  return `${path}.bak`;
}

/** @throws GuardError state_newer, state_unusable */
export function readDocument<T extends { readonly version: number }>(spec: DocumentSpec<T>, path: string): Reading<T> {
  const bytes = guardIo(path, 'read', () => readPrivateFile(path, MAX_DOCUMENT_BYTES));
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

/** What takes the place of a document that is corrupt, or (`backup: 'same'`) gone: its backup, if that is good. */
export function readBackup<T extends { readonly version: number }>(spec: DocumentSpec<T>): Reading<T> {
  return readDocument(spec, backupOf(spec.path));
}

/** The file system's error as one of ours. @throws GuardError state_unusable */
export function guardIo<R>(path: string, verb: string, action: () => R): R {
  try {
    return action();
  } catch (error) {
    const why = messageOf(error);
    throw new GuardError('state_unusable', `cannot ${verb} \`${path}\`: ${why}`, {
      cause: error,
      hint:
        error instanceof UnfitFileError
          ? error.mend
          : 'mend the owner and mode of the state directory, or set `MCP_GUARD_STATE_DIR`',
    });
  }
}
