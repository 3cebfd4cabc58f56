// A state directory of its own, a clock by hand, and stores in it that belong to different guards.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BreakerStoreOptions,
  type DiskBreakerStore,
  openBreakerStore,
} from '../../../src/adapters/breaker-store.ts';
import { type Board, type BoardTransition, stateOf } from '../../../src/policy/breaker/board.ts';
import { type Order, orderBoard } from '../../../src/policy/breaker/board-steps.ts';
import { SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import type { Instant } from '../../../src/ports/clock.ts';

export const SERVER = 'db';
export const START = Date.parse('2026-03-01T12:00:00Z');
const PERSON = { actor: 'ada', reason: 'maintenance' };

export interface Scene {
  readonly stateDir: string;
  /** Of the breakers. */
  readonly directory: string;
  readonly said: string[];
  now: Instant;
  wait(ms: number): void;
  /** One guard's, or one command's: nothing is shared but the disk. */
  open(over?: Partial<BreakerStoreOptions>): DiskBreakerStore;
  file(ending: string): string;
  /** What lies there, sorted. */
  files(): string[];
}

/** @param stateDir one that is there already */
export function makeScene(stateDir = makeStateDir()): Scene {
  const directory = join(stateDir, 'default', 'breakers');
  const scene: Scene = {
    stateDir,
    directory,
    said: [],
    now: { wallMs: START, monoMs: 1000 },
    wait: (ms) => {
      scene.now = { wallMs: scene.now.wallMs + ms, monoMs: scene.now.monoMs + ms };
    },
    open: (over) =>
      openBreakerStore({
        stateDir,
        tenant: 'default',
        log: { write: (level, text) => scene.said.push(`${level}: ${text}`) },
        clock: { now: () => scene.now },
        between: (action) => action(),
        random: () => 0.5,
        lockTimeoutMs: 200,
        ...over,
      }),
    file: (ending) => join(directory, `${SERVER}${ending}`),
    files: () => (fs.existsSync(directory) ? fs.readdirSync(directory).toSorted() : []),
  };
  return scene;
}

function makeStateDir(): string {
  // In memory where there is such a place: these tests are about what is written when, not about a disk's speed.
  const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  return fs.mkdtempSync(join(parent, 'mcp-guard-breaker-'));
}

export function endScene(scene: Scene): void {
  fs.rmSync(scene.stateDir, { recursive: true, force: true });
}

export interface Ordered {
  /** Undefined: it could not be written. */
  readonly board: Board | undefined;
  readonly transitions: readonly BoardTransition[];
}

/** What `mcp-guard breaker <order>` does; `tool` undefined: the server itself. */
export function order(store: DiskBreakerStore, what: Order['order'], tool?: string, server = SERVER): Promise<Ordered> {
  let transitions: readonly BoardTransition[] = [];
  const settingsOf = (one: string | undefined) => (one === undefined ? SERVER_DEFAULTS : TOOL_DEFAULTS);
  return new Promise((resolve) => {
    store.update(
      server,
      (current, now, random) => {
        const reduction = orderBoard(current, { order: what, tool, person: PERSON }, { now, random, settingsOf });
        transitions = reduction.transitions;
        return reduction.board;
      },
      (board) => resolve({ board, transitions }),
    );
  });
}

/** The board as a guard that starts now reads it. */
export function readAnew(scene: Scene): Board {
  return scene.open().read(SERVER);
}

/** `isolated 1`: kind and epoch of one breaker as a guard that starts now reads it. */
export function stateAnew(scene: Scene, tool?: string): string {
  const { kind, epoch } = stateOf(readAnew(scene), tool);
  return `${kind} ${epoch}`;
}
