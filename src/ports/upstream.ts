// A server as a running process, seen by the session adapter. How it is started and contained is the implementation's.
import type { Readable, Writable } from 'node:stream';

export interface UpstreamCommand {
  readonly command: string;
  readonly args: readonly string[];
  /**
   * What runs it: an absolute path and its arguments, which end in the program and `args`. Empty or absent: it runs by itself. Else this is
   * started in `/`, without `env`, and has the server enter `cwd` and take `env` over when nothing is left but the server's own.
   */
  readonly prefix?: readonly string[];
  readonly cwd: string | undefined;
  /** The whole environment of the server: nothing is added but the run's marker. */
  readonly env: Readonly<Record<string, string>>;
  /** `inherit`: the server writes to the guard's own stderr. `pipe`: the guard reads `stderr` and shows it. */
  readonly stderr: 'inherit' | 'pipe';
}

export type ExitStatus =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals; readonly number: number }
  /** It never ran. `reason` is one sentence that names the command and how to mend it. */
  | { readonly kind: 'unstartable'; readonly reason: string };

export interface UpstreamProcess {
  /** The process that is watched; undefined where it could not be started. */
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable | undefined;
  /** Settles once, never rejects: the server has ended *and* nothing that it started is alive any more. */
  readonly exited: Promise<ExitStatus>;
  /** SIGTERM to the server's whole process group. */
  terminate(): void;
  /** SIGKILL to the group, and to every descendant that left it. */
  kill(): void;
}

export interface Spawner {
  /** Returns at once and never throws: a command that cannot be started settles `exited` as `unstartable`. */
  spawn(command: UpstreamCommand): UpstreamProcess;
}
