// A session with the whole chain of policies, whose policy a test exchanges while it runs. Knows no file: what `run` reads of a config
// comes in as a value.
import type { Interceptor, RequestView } from '../../src/core/interceptor.ts';
import { type Board, EMPTY_BOARD } from '../../src/policy/breaker/board.ts';
import { type BreakerSettings, SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../src/policy/breaker/breaker-settings.ts';
import type { BulkheadParts } from '../../src/policy/bulkhead/bulkhead.ts';
import { createInterceptors } from '../../src/policy/chain.ts';
import { createRoster, type Roster } from '../../src/policy/roster.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';
import type { BreakerStore } from '../../src/ports/breaker-store.ts';
import type { Instant } from '../../src/ports/clock.ts';
import { Playbook } from '../core/playbook.ts';
import { NO_OWN_PATHS } from './bare-parts.ts';
import { layersOf } from './scope/make-scope.ts';

export interface TestPolicy {
  /** Names or patterns of tools. */
  readonly granted: readonly string[];
  readonly serverCap: number;
  readonly toolCap: number;
  readonly maxWaitMs: number;
  readonly breaker: BreakerSettings['mode'];
}

export const WIDE: TestPolicy = { granted: ['*'], serverCap: 100, toolCap: 100, maxWaitMs: 1_000, breaker: 'enforce' };

export class Reloading {
  readonly playbook: Playbook;
  /** Of each request that the whole chain passed: how often it was settled. */
  readonly settled = new Map<RequestView, number>();
  #policy: TestPolicy;
  readonly #interceptors: readonly Interceptor[];
  readonly #roster: Roster;
  /** What the store has still to tell: between two turns, as the real one does. */
  readonly #later: (() => void)[] = [];
  #id = 0;

  constructor(policy: TestPolicy) {
    this.#policy = policy;
    this.#roster = createRoster((_, tool) => decideTarget(this.#scope().layers, 'tool', tool, 0).granted);
    this.#interceptors = [...this.#chain(), this.#witness()];
    this.playbook = new Playbook({ interceptors: this.#interceptors, onExit: 'restart', restart: { maxExits: 1_000 } });
  }

  /** As `follow-policy.ts` does it. */
  swap(policy: TestPolicy): void {
    const { nowMs } = this.playbook;
    this.#roster.beforePolicyChange();
    this.#policy = policy;
    for (const one of this.#interceptors) one.onPolicyChange?.({ wallMs: 0, monoMs: nowMs });
    this.playbook.event({ type: 'tick' });
  }

  call(tool: string): number {
    this.#id += 1;
    this.playbook.client({ id: this.#id, method: 'tools/call', params: { name: tool, arguments: {} } });
    this.catchUp();
    return this.#id;
  }

  /** Lets the store answer until it has nothing more to say. */
  catchUp(): void {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) {
      next();
      this.playbook.event({ type: 'tick' });
    }
  }

  get openCalls(): number {
    return this.playbook.session.openList.length;
  }

  #scope() {
    return { layers: layersOf({ grants: this.#policy.granted.map((tool) => ({ tool })) }), mode: 'enforce' } as const;
  }

  #chain(): readonly Interceptor[] {
    const policy = () => this.#policy;
    const bulkhead: BulkheadParts = {
      serverSettings: () => ({ maxInFlight: policy().serverCap }),
      toolSettings: () => ({ maxInFlight: policy().toolCap, maxWaitMs: policy().maxWaitMs }),
    };
    return createInterceptors({
      maxInFlight: 1_000,
      inventory: { name: 'inventory' },
      roster: this.#roster,
      scopes: { get: () => this.#scope() },
      ownPaths: NO_OWN_PATHS,
      pins: undefined,
      renewal: undefined,
      limits: [],
      isPaused: () => false,
      bulkhead,
      breaker: {
        store: this.#store(),
        settingsOf: (_, tool) => ({
          ...(tool === undefined ? SERVER_DEFAULTS : TOOL_DEFAULTS),
          mode: policy().breaker,
        }),
        toolsOf: this.#roster.toolsOf,
        allToolsOf: this.#roster.allOf,
        deadlineMsOf: () => 60_000,
        onTransition: () => {},
        resume: (request, outcome) => void this.playbook.event({ type: 'wait_over', request, outcome }),
      },
      hiding: { includes: () => false },
    });
  }

  #witness(): Interceptor {
    return {
      name: 'witness',
      onRequest: (request) => {
        this.settled.set(request, 0);
        return { kind: 'pass' };
      },
      onSettle: (request) => void this.settled.set(request, (this.settled.get(request) ?? 0) + 1),
    };
  }

  #store(): BreakerStore<Board> {
    let board = EMPTY_BOARD;
    const moment = (now: Instant) => ({ ...now, bootId: 'boot' });
    return {
      holder: 'me',
      moment,
      random: () => 0.5,
      read: () => board,
      isGone: () => false,
      update: (_, change, done) => {
        this.#later.push(() => {
          const now = moment({ wallMs: 0, monoMs: this.playbook.nowMs });
          board = change(board, now, 0.5);
          done(board, now);
        });
      },
    };
  }
}
