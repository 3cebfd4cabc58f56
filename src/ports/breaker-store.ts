// Where the breakers of one tenant are kept and shared with the other guards of this machine: the contract only. Knows
// neither what a board holds (the policy's business) nor what the store is made of.
import type { Instant } from './clock.ts';

/** A point of time that another process, or this machine after a reboot, can compare with a time of its own. */
export interface Moment {
  /** Milliseconds since the epoch. May step in either direction. */
  readonly wallMs: number;
  /** Milliseconds since boot, a clock that never steps. Comparable with a moment of the same `bootId` only. */
  readonly monoMs: number;
  /** This boot of this machine; where the system does not say, a word that only this process uses. */
  readonly bootId: string;
}

/** `Board`: all breakers of one server, plain JSON, never changed in place. One store belongs to one tenant. */
export interface BreakerStore<Board> {
  /** Names this process for ever (pid, start time, boot, something random): it signs the leases that it takes. */
  readonly holder: string;
  /** The session's time as every process of this machine understands it. Must cost no system call. */
  moment(now: Instant): Moment;
  /** A number in [0, 1). */
  random(): number;
  /**
   * The newest board known of `server`. Synchronous and cheap: the same reference until another process has written; the
   * file is looked at (one `stat`) at most every few hundred milliseconds, and read anew only where it was replaced. Never
   * throws: what cannot be read leaves the last good board, with every isolation that is on disk in its own document.
   */
  read(server: string): Board;
  /**
   * Under the machine-wide lock of `server`: reads the newest board, gives it to `change`, writes what comes back (nothing,
   * where it is the same reference): an isolation durably, another step of a breaker
   * forced out behind `done`; samples alone survive any process, not a power loss.
   * `change` may be called again if a write failed; the last call counts. Returns at once; `done` is called later, between
   * two turns of the session, with what holds now and the time; undefined where it could not be locked, read or written.
   * INVARIANT: `done` is called exactly once.
   */
  update(
    server: string,
    change: (current: Board, now: Moment, random: number) => Board,
    done: (board: Board | undefined, now: Moment) => void,
  ): void;
  /** Whether the process that signed as `holder` is surely dead. False where that cannot be known. */
  isGone(holder: string): boolean;
}
