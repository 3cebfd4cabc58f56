// The token that a session presents: out of a file that only this user can read, or out of the environment. Judges nothing in it.
// TRUST: what is read was written by this user, or by root for them. It stays in this process: no error here quotes a byte of it.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { codeOf } from './state-paths.ts';

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
/** Four times what common issuers make. Nothing longer is looked at. */
export const MAX_TOKEN_BYTES = 16_384;

export type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string; readonly source: TokenSource }
  | {
      readonly kind: 'refused';
      readonly why: 'token_file_unreadable' | 'too_large';
      /** What is wrong with the file, for the record. */
      readonly detail?: string;
      readonly source: TokenSource;
    };

export type TokenSource = '--token-file' | 'MCP_GUARD_TOKEN' | 'auth.tokenFile';

export interface TokenPlaces {
  /** `--token-file`; absolute. */
  readonly flag: string | undefined;
  /** The guard's own; the token is taken out of it, so that whoever copies it later does not copy the token. */
  readonly env: Record<string, string | undefined>;
  /** `auth.tokenFile`; absolute. */
  readonly config: string | undefined;
}

/** The first place that is named decides, whatever is found there. @param uid undefined where the platform has no users */
export function readPresented({ flag, env, config }: TokenPlaces, uid: number | undefined): Presented {
  const given = env.MCP_GUARD_TOKEN;
  // The memory that the system shows of this process keeps it all the same: that is why a file is better.
  delete env.MCP_GUARD_TOKEN;
  if (flag !== undefined) return readTokenFile(flag, '--token-file', uid);
  if (given !== undefined && given !== '') return bounded(given, 'MCP_GUARD_TOKEN');
  return config === undefined ? { kind: 'none' } : readTokenFile(config, 'auth.tokenFile', uid);
}

/** Everything is checked on the open descriptor that is then read. No link is followed, no FIFO waited for. */
function readTokenFile(path: string, source: TokenSource, uid: number | undefined): Presented {
  let fd: number | undefined;
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    const stat = fstatSync(fd);
    const fault = findFault(stat, uid);
    if (fault !== undefined) return { kind: 'refused', why: 'token_file_unreadable', detail: fault, source };
    const buffer = Buffer.alloc(MAX_TOKEN_BYTES + 3);
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    // one line end, as an editor or `echo` leaves it
    return bounded(buffer.toString('latin1', 0, length).replace(/\r?\n$/, ''), source);
  } catch (error) {
    const code = codeOf(error) ?? 'it failed';
    return { kind: 'refused', why: 'token_file_unreadable', detail: FAULTS.get(code) ?? code, source };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

const FAULTS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['ENAMETOOLONG', 'no file has so long a name'],
  ['ELOOP', 'it is a link'],
  ['EACCES', 'this user may not read it'],
  ['ENXIO', 'it is no regular file'],
]);

function findFault(stat: Stats, uid: number | undefined): string | undefined {
  if (!stat.isFile()) return 'it is no regular file';
  if (uid === undefined) return undefined;
  if (stat.uid !== uid) return 'it belongs to somebody else';
  return (stat.mode & 0o077) === 0 ? undefined : `others can read it (mode ${(stat.mode & 0o777).toString(8)})`;
}

function bounded(text: string, source: TokenSource): Presented {
  if (text.length > MAX_TOKEN_BYTES) return { kind: 'refused', why: 'too_large', source };
  return { kind: 'text', text, source };
}
