// The system calls that the writing side of the trail makes, each as small as it is. Knows no record and decides nothing.
import * as fs from 'node:fs';
import { makePrivateDir } from './state-paths.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY, O_RDONLY, O_DIRECTORY = 0 } = fs.constants;

/** Everything throws the file system's error. Tests stand here to make any single call fail. */
export interface TrailFiles {
  makeDir(root: string, parts: readonly string[]): string;
  /** A new file, 0600, for appending only; EEXIST where the name is taken, by a link too. */
  create(path: string): number;
  /** One `write(2)`. Returns the bytes that were taken: fewer than given when the disk fills up, without an error. */
  write(fd: number, content: string | Uint8Array): number;
  truncate(fd: number, size: number): void;
  sync(fd: number): void;
  /** `sync` on another thread; `done` gets null or the error. */
  syncLater(fd: number, done: (error: Error | null) => void): void;
  /** A descriptor that can be synced, so that the names in a directory survive a power loss. */
  openDir(path: string): number;
  close(fd: number): void;
  remove(path: string): void;
  rename(from: string, to: string): void;
}

export const nodeTrailFiles: TrailFiles = {
  makeDir: makePrivateDir,
  create: (path) => fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600),
  write: (fd, content) => (typeof content === 'string' ? fs.writeSync(fd, content) : fs.writeSync(fd, content)),
  truncate: fs.ftruncateSync,
  sync: fs.fdatasyncSync,
  syncLater: fs.fdatasync,
  openDir: (path) => fs.openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
  close: fs.closeSync,
  remove: fs.unlinkSync,
  rename: fs.renameSync,
};
