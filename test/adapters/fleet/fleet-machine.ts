// One machine of a fleet in miniature: a state directory of its own, one guard on it, real calls of a breaker, and a redis. Asserts nothing.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBreakerStore } from '../../../src/adapters/breaker-store.ts';
import { type FleetBreakers, openFleetBreakers } from '../../../src/adapters/fleet-breakers.ts';
import { type FleetExchange, openRedisFleetExchange } from '../../../src/adapters/fleet-redis.ts';
import { openRedisLink } from '../../../src/adapters/redis-link.ts';
import { systemTimers } from '../../../src/adapters/shutdown-ladder.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { type BoardTransition, stateOf } from '../../../src/policy/breaker/board.ts';
import { type Order, orderBoard } from '../../../src/policy/breaker/board-steps.ts';
import { type Breaker, createBreaker } from '../../../src/policy/breaker/breaker.ts';
import { type BreakerSettings, SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import type { BreakerState } from '../../../src/policy/breaker/breaker-state.ts';
import { ANSWER, FAULT } from '../../policy/breaker/machine.ts';
import { placeOf } from '../limits/redis-world.ts';

export const SERVER = 'db';

export interface MachineOptions {
  readonly url: string;
  readonly tenant: string;
  readonly name: string;
  readonly settings?: Partial<BreakerSettings>;
  /** One that is there already: another guard of the same machine. */
  readonly stateDir?: string;
  readonly lookEveryMs?: number;
  readonly connectMs?: number;
  readonly answerMs?: number;
}

export class FleetMachine {
  readonly stateDir: string;
  readonly transitions: BoardTransition[] = [];
  readonly turns: (string | undefined)[] = [];
  readonly said: string[] = [];
  readonly exchange: FleetExchange;
  readonly fleet: FleetBreakers;
  readonly breaker: Breaker;
  /** How often the redis was asked for the probe. */
  asked = 0;
  /** Each claim as it was answered. */
  readonly claims: boolean[] = [];
  readonly #store: ReturnType<typeof openBreakerStore>;
  readonly #waiting = new Map<RequestView, (verdict: string) => void>();
  readonly #settings: Partial<BreakerSettings>;

  constructor({ url, tenant, name, settings = {}, stateDir, lookEveryMs, ...times }: MachineOptions) {
    const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    this.stateDir = stateDir ?? fs.mkdtempSync(join(parent, 'mcp-guard-fleet-'));
    this.#settings = { share: 'fleet', ...settings };
    const between = (action: () => void): void => void setImmediate(action);
    const log = { write: (_: string, text: string) => this.said.push(text) };
    const store = openBreakerStore({ stateDir: this.stateDir, tenant, log, clock: systemClock, between });
    this.#store = store;
    const place = () => placeOf(url);
    this.exchange = openRedisFleetExchange({ openLink: openRedisLink, place, tenant, machine: name, ...times });
    const { exchange } = this;
    let nonce = 0;
    this.fleet = openFleetBreakers({
      ...{ store, between, server: SERVER, timers: systemTimers, machine: name },
      member: name,
      exchange: {
        ...exchange,
        claim: (one, words) => {
          this.asked += 1;
          return exchange.claim(one, words);
        },
      },
      ...(lookEveryMs === undefined ? {} : { lookEveryMs }),
      now: () => store.moment(systemClock.now()),
      nonce: () => String(++nonce),
      settingsOf: (tool) => this.settingsOf(tool),
      onTransition: (transition) => this.transitions.push(transition),
      onTurn: (why) => this.turns.push(why),
      onFull: () => this.said.push('full'),
    });
    const { fleet, claims } = this;
    this.breaker = createBreaker({
      store,
      fleet: {
        claim: (probe, done) =>
          fleet.claim(probe, (mayProbe) => {
            claims.push(mayProbe);
            done(mayProbe);
          }),
        free: (server, tool) => fleet.free(server, tool),
      },
      settingsOf: (_, tool) => this.settingsOf(tool),
      toolsOf: () => undefined,
      allToolsOf: () => undefined,
      deadlineMsOf: () => 60_000,
      onTransition: (_, transition) => {
        this.transitions.push(transition);
        fleet.moved(transition);
      },
      resume: (request, outcome) => {
        const verdict = this.breaker.onWaited(request, outcome, systemClock.now());
        this.#waiting.get(request)?.(verdict.kind);
        this.#waiting.delete(request);
      },
    });
  }

  settingsOf(tool: string | undefined): BreakerSettings {
    return { ...(tool === undefined ? SERVER_DEFAULTS : TOOL_DEFAULTS), jitter: 0, ...this.#settings };
  }

  state(tool: string | undefined = 'query'): BreakerState {
    return stateOf(this.#store.read(SERVER), tool);
  }

  rules(): readonly string[] {
    return this.transitions.map(({ transition }) => transition.rule);
  }

  /** A call that is let go stays open. */
  async begin(tool = 'query'): Promise<{ request: RequestView; verdict: string }> {
    const request: RequestView = {
      ...{ asked: 'client', upstream: SERVER, method: 'tools/call', tool, params: undefined, modern: false },
      prefix: '',
    };
    const verdict = this.breaker.onRequest(request, systemClock.now());
    if (verdict.kind !== 'wait') return { request, verdict: verdict.kind };
    const waited = new Promise<string>((resolve) => this.#waiting.set(request, resolve));
    return { request, verdict: await waited };
  }

  settle(request: RequestView, isFine: boolean): void {
    this.breaker.onSettle(request, isFine ? ANSWER : FAULT, systemClock.now());
  }

  /** @returns `pass` or `deny` */
  async call(isFine: boolean, tool = 'query'): Promise<string> {
    const { request, verdict } = await this.begin(tool);
    if (verdict === 'pass') this.settle(request, isFine);
    return verdict;
  }

  /** Until it is refused. */
  async fail(tool = 'query'): Promise<void> {
    while ((await this.call(false, tool)) === 'pass');
    await this.#store.idle();
  }

  /** As the command does: beside the guard. */
  order(order: Order['order'], tool: string | undefined = 'query'): Promise<void> {
    const person = { actor: 'ada', reason: 'because' };
    const settingsOf = (one: string | undefined) => this.settingsOf(one);
    return new Promise((resolve) => {
      this.#store.update(
        SERVER,
        (current, now, random) => orderBoard(current, { order, tool, person }, { now, random, settingsOf }).board,
        () => resolve(),
      );
    });
  }

  idle(): Promise<void> {
    return this.#store.idle();
  }

  async close(): Promise<void> {
    await this.#store.idle();
    this.fleet.close();
    await this.fleet.idle();
    this.exchange.close();
    fs.rmSync(this.stateDir, { recursive: true, force: true });
  }
}
