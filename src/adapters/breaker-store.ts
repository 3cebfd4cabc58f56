// The breakers of one tenant on disk, shared by the guards of this machine: the port's contract, a queue for each server, and
// what is said when the disk fails. No watcher and no timer: a board is looked at when a call asks. How a document is read
// stands in breaker-look.ts, how it is changed in breaker-write.ts.
import { messageOf } from '../error-text.ts';
import { isGuardError } from '../guard-error.ts';
import type { Board } from '../policy/breaker/board.ts';
import type { BreakerStore, Moment } from '../ports/breaker-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { makeMoment } from './boot-moment.ts';
import { type BreakerSpecs, breakerSpecs } from './breaker-documents.ts';
import { BreakerLook } from './breaker-look.ts';
import { breakerPaths } from './breaker-paths.ts';
import { readOwnIdentity } from './process-identity.ts';
import { codeOf } from './state-paths.ts';
import { isHolderGone, nameHolder } from './store-holder.ts';

export interface BreakerStoreOptions {
  readonly stateDir: string;
  readonly tenant: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Runs an action between two turns of the session, once, soon. */
  readonly between: (action: () => void) => void;
  /** A number in [0, 1). */
  readonly random?: () => number;
  /** How long to wait for a live holder of the lock: a call that asks for the probe is held for so long. */
  readonly lockTimeoutMs?: number;
}

export interface DiskBreakerStore extends BreakerStore<Board> {
  /** Settles when no update is under way: each is written, synced, or given up, and its `done` handed to `between`. Never rejects. */
  idle(): Promise<void>;
}

const LOCK_TIMEOUT_MS = 2_000;

/** What one server has here. */
interface Shelf {
  readonly name: string;
  readonly specs: BreakerSpecs;
  readonly lock: string;
  readonly look: BreakerLook;
  /** Settles when the last update that was asked for has ended. */
  tail: Promise<void>;
  /** Settles when the disk has what was written. */
  synced: Promise<unknown>;
  /** The kind of failure that was said last; undefined while all is well. */
  failing: string | undefined;
}

/** Touches no file of the store. @throws StatePathError where `tenant` is no name for one */
export function openBreakerStore(options: BreakerStoreOptions): DiskBreakerStore {
  const { stateDir, tenant, log, clock, between, random = Math.random } = options;
  const directory = tenantDir(stateDir, tenant);
  const identity = readOwnIdentity();
  const holder = nameHolder(identity);
  const moment = makeMoment(clock, identity.bootId, holder);
  const momentNow = (): Moment => moment(clock.now());
  const lockTimeoutMs = options.lockTimeoutMs ?? LOCK_TIMEOUT_MS;
  const shelves = new Map<string, Shelf>();

  const shelfOf = (name: string): Shelf => {
    let shelf = shelves.get(name);
    if (shelf === undefined) {
      const paths = breakerPaths(directory, name);
      const say = (text: string) => log.write('warn', `breakers of \`${name}\`: ${text}`);
      const specs = breakerSpecs(name, paths, { say, nowMs: () => Math.trunc(clock.now().wallMs) });
      const look = new BreakerLook({ name, specs, say });
      shelf = {
        name,
        specs,
        lock: paths.lock,
        look,
        tail: Promise.resolve(),
        synced: Promise.resolve(),
        failing: undefined,
      };
      shelves.set(name, shelf);
    }
    return shelf;
  };

  const runUpdate = async (shelf: Shelf, ...[change, done]: UpdateParts): Promise<void> => {
    let board: Board | undefined;
    try {
      const { changeBoard } = await import('./breaker-write.ts');
      const { name, specs, lock } = shelf;
      const place = { stateDir, tenant, name, specs, lock, lockTimeoutMs };
      const changed = await changeBoard(place, (current, now) => change(current, now, random()), momentNow);
      board = changed.board;
      shelf.synced = Promise.all([shelf.synced, changed.synced]);
      shelf.look.adopt(board);
      shelf.failing = undefined;
    } catch (error) {
      const kind = isGuardError(error) ? error.code : (codeOf(error) ?? 'other');
      if (kind !== shelf.failing) log.write('warn', failureText(shelf.name, error));
      shelf.failing = kind;
    }
    try {
      between(() => done(board, momentNow()));
    } catch (error) {
      log.write('error', `the breakers of \`${shelf.name}\` could not go on: ${String(error)}`);
    }
  };

  return {
    holder,
    moment,
    random,
    isGone: isHolderGone,
    read(server) {
      return shelfOf(server).look.read(clock.now().monoMs, momentNow);
    },
    update(server, change, done) {
      const shelf = shelfOf(server);
      shelf.tail = shelf.tail.then(() => runUpdate(shelf, change, done));
    },
    async idle() {
      // One that has ended may have begun the next.
      for (let tails: readonly Promise<void>[] = []; ; ) {
        const now = [...shelves.values()].map(({ tail }) => tail);
        if (now.length === tails.length && now.every((tail, index) => tail === tails[index])) break;
        await Promise.all(now);
        tails = now;
      }
      await Promise.all([...shelves.values()].map(({ synced }) => synced));
    },
  };
}

type UpdateParts = [
  change: (current: Board, now: Moment, random: number) => Board,
  done: (board: Board | undefined, now: Moment) => void,
];

/** The texts are shown through the inert-text filter of the log. */
function failureText(name: string, error: unknown): string {
  const why = messageOf(error);
  const how = isGuardError(error) && error.hint !== undefined ? `: ${error.hint}` : '';
  return `the breakers of \`${name}\` cannot be shared, so this guard goes on alone: ${why}${how}`;
}
