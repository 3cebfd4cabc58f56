// Runs a gateway to its end: one client, a session run for each lane, around a pure core. Executes what the core wants, turn by
// turn; decides nothing itself.
import type { SessionEvent } from '../core/events.ts';
import type { GatewayEffect, GatewayEvent } from '../core/gateway/events.ts';
import { whyGone } from '../core/gateway/lane-texts.ts';
import { signalExitCode } from '../guard-error.ts';
import { clientEvent } from './client-events.ts';
import { bytesForClient } from './effect-bytes.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { LaneClient } from './lane-client.ts';
import { FAREWELL_MS, LastWaits } from './last-waits.ts';
import { LoudLanes } from './loud-lanes.ts';
import { HOST_GONE_SIGNAL, ParentWatch } from './parent-watch.ts';
import type { SessionRun } from './run-session.ts';
import { Wake } from './wake.ts';

const DEFECT_STATUS = 70;

type LaneEvent = Extract<GatewayEvent, { readonly lane: string }>;

interface RunningLane {
  readonly run: SessionRun;
  readonly client: LaneClient;
}

export class GatewayRun {
  readonly #options: GatewayOptions;
  readonly #lanes = new Map<string, RunningLane>();
  readonly #parentWatch: ParentWatch;
  readonly #loud: LoudLanes;
  readonly #waits: LastWaits;
  readonly #wake: Wake;
  readonly #finished: Promise<number>;
  #resolve: (status: number) => void = () => {};
  /** What has come of the lanes and is not taken yet. */
  #inbox: GatewayEvent[] = [];
  /** Lanes that were given lines in this turn. */
  readonly #touched = new Set<string>();
  #isDraining = false;
  #stopSignal: number | undefined;
  /** For those who wait for an answer; undefined: the client is gone. */
  #because: string | undefined;
  #clientEnded = false;
  #over = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#waits = new LastWaits(options.timers);
    this.#wake = new Wake(options, () => {
      this.#take({ type: 'tick' });
      this.#drain();
    });
    this.#loud = new LoudLanes(options.clock);
    this.#parentWatch = new ParentWatch(options.timers, options.parent, () => this.stop(HOST_GONE_SIGNAL));
    this.#finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    options.client.open({
      onReading: (reading, bytes) => {
        const event = clientEvent(reading, bytes, options.read);
        if (event !== undefined) this.#take(event);
      },
      onOversize: (refused) => this.#take({ type: 'client_refused', refused }),
      onTurnEnd: () => this.#drain(),
      onEnd: () => this.#clientGone(),
      onFull: () => this.#loud.onFull(),
      onRoom: () => this.#loud.onRoom(),
      onBroken: () => {
        this.#eachLane(({ client }) => client.break());
        this.#clientGone();
      },
    });
  }

  /** Starts, and resolves with the status to exit with once everything has ended, is drained and sealed. */
  run(): Promise<number> {
    this.#do(this.#options.gateway.begin(this.#options.clock.now()));
    this.#options.client.read();
    this.#drain();
    return this.#finished;
  }

  /** The guard was told to end (128 + `signal` is its status). A second time: at once, by force. */
  stop(signal: number, because?: string): void {
    if (this.#stopSignal !== undefined) this.#waits.hurry();
    this.#stopSignal ??= signal;
    this.#because ??= because;
    this.#eachLane(({ run }) => run.stop(signal, because));
    this.#clientGone();
  }

  /** The guard itself has failed and no longer knows what it does: its servers end with it, at once. */
  abandon(): void {
    this.#eachLane(({ run }) => run.abandon());
    if (this.#over) return;
    this.#over = true;
    this.#options.sink.close('the guard failed');
    this.#resolve(DEFECT_STATUS);
  }

  /** A policy has something for the record that is no exchange, or of no one server. */
  post(event: SessionEvent): void {
    if (event.type !== 'noted' || this.#over) return;
    const { name, server, detail } = event;
    const entry = { type: 'event', at: this.#options.clock.now(), ref: undefined, name, server, detail } as const;
    this.#options.sink.append([entry]);
  }

  /** For what comes back from outside. What the lanes make of it is one turn of the gateway: of a list that several change it tells once. */
  between(action: () => void): void {
    if (this.#isDraining) {
      action();
      return;
    }
    this.#isDraining = true;
    try {
      action();
    } finally {
      this.#isDraining = false;
      // INVARIANT: a failure of the gateway is none of the action, which its caller would take for undone: it ends the guard
      try {
        this.#drain();
      } catch (error) {
        this.#options.timers.after(0, () => {
          throw error;
        });
      }
    }
  }

  /** What comes of no client and no server: another config, a line of the guard's own log. */
  tell(event: Extract<GatewayEvent, { type: 'lanes_are' | 'guard_said' }>): void {
    this.#take(event);
    this.#drain();
  }

  #eachLane(use: (lane: RunningLane) => void): void {
    for (const lane of [...this.#lanes.values()]) use(lane);
  }

  #clientGone(): void {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    this.#take({ type: 'client_ended' });
    this.#drain();
  }

  #take(event: GatewayEvent): void {
    if (!this.#over) this.#do(this.#options.gateway.handle(event, this.#options.clock.now()));
  }

  // Comes of a lane, which may be in the middle of a turn: taken when that is over. INVARIANT: nothing is of a session that is over, whatever
  // its policies still do: its server may have left the config, and be known to nobody.
  #post(client: LaneClient, event: LaneEvent): void {
    if (this.#lanes.get(event.lane)?.client === client) this.#inbox.push(event);
  }

  /** Ends the turns of the lanes that were given something, takes what they say, until nobody says anything more. */
  #drain(): void {
    if (this.#isDraining || this.#over) return;
    this.#isDraining = true;
    while (this.#inbox.length > 0 || this.#touched.size > 0) {
      const inbox = this.#inbox;
      this.#inbox = [];
      for (const event of inbox) this.#take(event);
      const touched = [...this.#touched];
      this.#touched.clear();
      for (const lane of touched) this.#lanes.get(lane)?.client.endTurn();
    }
    this.#do(this.#options.gateway.endTurn(this.#options.clock.now()));
    this.#isDraining = false;
    this.#options.client.flush();
    this.#loud.forget();
    this.#wake.arm(this.#options.gateway.wakeAtMs);
    this.#options.afterTurn();
    if (this.#clientEnded && this.#lanes.size === 0) void this.#finish();
  }

  #do(effects: readonly GatewayEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'to_lane':
          this.#lanes.get(effect.lane)?.client.post(effect.line);
          this.#touched.add(effect.lane);
          break;
        case 'to_client': {
          const whole = bytesForClient(effect);
          if (whole !== undefined) this.#options.client.add(whole);
          break;
        }
        case 'record':
          // A refusal is what not doing it is: the answer does not wait for the disk.
          this.#options.sink.append([effect.entry]);
          break;
        case 'log':
          this.#options.log.write(effect.level, effect.text);
          break;
        case 'start_lane':
          this.#start(effect.lane);
          break;
        case 'end_lane':
          this.#lanes.get(effect.lane)?.client.end();
          break;
      }
    }
  }

  #start(lane: string): void {
    const client: LaneClient = new LaneClient({
      onLine: (bytes) => {
        this.#loud.said(client, bytes.length);
        this.#post(client, { type: 'lane_line', lane, bytes });
      },
      onTurnEnd: () => this.#drain(),
      onFull: () => {
        this.#parentWatch.start();
        this.#post(client, { type: 'lane_full', lane });
      },
      onRoom: () => {
        this.#parentWatch.stop();
        this.#post(client, { type: 'lane_room', lane });
      },
    });
    const run = this.#options.openLane(lane, client, {
      onAway: () => this.#post(client, { type: 'lane_away', lane }),
      onBack: () => this.#post(client, { type: 'lane_back', lane }),
      onGone: (isLoop, exit) => this.#post(client, { type: 'lane_gone', lane, isLoop, why: whyGone(isLoop, exit) }),
      onList: (list) => this.#post(client, { type: 'lane_list', lane, list }),
    });
    this.#lanes.set(lane, { run, client });
    if (this.#stopSignal !== undefined) run.stop(this.#stopSignal, this.#because);
    void run.run().then(() => {
      this.#post(client, { type: 'lane_ended', lane });
      this.#lanes.delete(lane);
      this.#drain();
    });
  }

  async #finish(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#wake.cancel();
    this.#parentWatch.stop();
    const { client, sink } = this.#options;
    client.flush();
    sink.close(this.#stopSignal === undefined ? 'the client has left' : `signal ${this.#stopSignal}`);
    await this.#waits.atMost(FAREWELL_MS, client.drained());
    this.#resolve(this.#stopSignal === undefined ? 0 : signalExitCode(this.#stopSignal));
  }
}
