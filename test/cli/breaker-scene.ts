// Boards in every state for the breaker commands, and a machine to read them from, with the clock set by hand.
import type { BreakerBoards, WatchScreen } from '../../src/cli/breaker-status.ts';
import { type Board, EMPTY_BOARD, withState } from '../../src/policy/breaker/board.ts';
import { SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../src/policy/breaker/breaker-settings.ts';
import type { BreakerState, Evidence, OpenState } from '../../src/policy/breaker/breaker-state.ts';
import type { Moment } from '../../src/ports/breaker-store.ts';
import { OneBreaker } from '../policy/breaker/one-breaker.ts';

/** The clock of `OneBreaker`. */
export const NOW: Moment = { wallMs: 1_700_000_000_000, monoMs: 5_000_000, bootId: 'boot-1' };

/** What a terminal must never get: cursor moves, bidi, line breaks, tags, wide and stacked characters. */
export const HOSTILE = '\u001b[2J\u202egnp\u202c\r\n\t\u{e0041}漢`\u0301\u0301\u0301\u0301\u0301\u009b31m';

export function later(ms: number, moment = NOW): Moment {
  return { ...moment, wallMs: moment.wallMs + ms, monoMs: moment.monoMs + ms };
}

export function boardOf(server: BreakerState | undefined, tools: Readonly<Record<string, BreakerState>>): Board {
  const board = withState(EMPTY_BOARD, undefined, server ?? EMPTY_BOARD.server);
  return Object.entries(tools).reduce((all, [tool, state]) => withState(all, tool, state), board);
}

export const feed = (samples: string): BreakerState => new OneBreaker().feed(samples).state;

export const isolated = (reason: string, actor = 'ada'): BreakerState => ({
  kind: 'isolated',
  epoch: 1,
  at: NOW,
  actor,
  reason,
});

export function opened(why: Evidence, more: Partial<OpenState> = {}): OpenState {
  const cause = why.kind === 'tools' ? 'tools' : 'faults';
  return { kind: 'open', epoch: 1, round: 1, cause, since: NOW, why, lapses: 0, at: NOW, forMs: 30_000, ...more };
}

export class Shelf implements BreakerBoards {
  readonly boards = new Map<string, Board>();
  configured: readonly string[] = [];
  moment = NOW;
  mode: 'enforce' | 'observe' = 'enforce';

  put(server: string, board: Board): this {
    this.boards.set(server, board);
    return this;
  }
  servers(): readonly string[] {
    return [...this.boards.keys()];
  }
  read(server: string): Board {
    return this.boards.get(server) ?? EMPTY_BOARD;
  }
  now(): Moment {
    return this.moment;
  }
  readonly settingsOf = (_server: string, tool: string | undefined) => ({
    ...(tool === undefined ? SERVER_DEFAULTS : TOOL_DEFAULTS),
    mode: this.mode,
  });
}

/** Ticks that do something each, then the end. */
export function ticking(
  steps: readonly (() => void)[] = [],
  size?: { readonly rows: number; readonly columns: number },
): WatchScreen {
  const waiting = [...steps];
  return {
    cells: ['▇', '▁'],
    size: () => size,
    tick: () => {
      const step = waiting.shift();
      step?.();
      return Promise.resolve(step !== undefined);
    },
  };
}

/** Full of states: one server that is well but for its tools, one that a person has switched off. */
export function fullShelf(): Shelf {
  const { state } = new OneBreaker().feed('FFFFF').wait(30_000).admit('4711,1,b,n,h,r', 60_000);
  const halfOpen: BreakerState =
    state.kind === 'half_open' && state.lease !== null ? { ...state, lease: { ...state.lease, at: NOW } } : state;
  return new Shelf()
    .put('quiet', boardOf(undefined, { list: feed('SSSSF') }))
    .put('db', boardOf(isolated('moved to another host'), {}))
    .put(
      'files',
      boardOf(undefined, {
        read_file: feed('SSSSSSF'),
        'write/file': feed('FFFFF'),
        search: feed('TTTTTTTTTT'),
        stat: halfOpen,
        move: isolated('it writes to the wrong disk'),
      }),
    );
}
