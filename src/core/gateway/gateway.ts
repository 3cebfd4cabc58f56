// The gateway: one client, several lanes, every message an event, every consequence an effect. Synchronous and sans-I/O, as the
// session is. It only routes and merges: policy, records, restarts and deadlines are each lane's own session.
import type { Instant } from '../../ports/clock.ts';
import type { WordStanding } from '../../ports/guard-status.ts';
import type { Line, RequestMessage } from '../../wire/message.ts';
import type { GuardVoice } from '../guard-voice.ts';
import { assembleGateway } from './assemble-gateway.ts';
import type { ClientInput } from './client-input.ts';
import type { GatewayEffect, GatewayEvent } from './events.ts';
import type { GatewayParts } from './gateway-parts.ts';
import type { Lane } from './lane.ts';
import type { LaneLines } from './lane-lines.ts';
import { laneStanding } from './lane-word.ts';
import { forgetLate } from './late-lists.ts';
import type { Part } from './open-requests.ts';
import { serverSlow } from './refusals.ts';
import type { GatewaySettings } from './settings.ts';
import type { ToOneLane } from './to-one-lane.ts';

/** What the client is owed when it has closed its end is waited for so long. */
const FAREWELL_MS = 30_000;
const NEVER = Number.POSITIVE_INFINITY;

export class Gateway {
  readonly #parts: GatewayParts;
  readonly #one: ToOneLane;
  readonly #fromClient: ClientInput;
  readonly #fromLanes: LaneLines;
  readonly #voice: GuardVoice;
  #endByMs = NEVER;
  #isEnding = false;

  /** @throws RangeError where two lanes have one prefix, or one id */
  constructor(settings: GatewaySettings) {
    const rooms = assembleGateway(settings, {
      onUp: (lane) => this.#onUp(lane),
      onRefused: (lane, part, line, kind) => this.#onRefused(lane, part, line, kind),
    });
    this.#parts = rooms.parts;
    this.#one = rooms.one;
    this.#fromClient = rooms.fromClient;
    this.#fromLanes = rooms.fromLanes;
    this.#voice = rooms.voice;
  }

  /** Monotonic ms at which a `tick` is wanted; Infinity for never. */
  get wakeAtMs(): number {
    const { table, fans, greetings, listens, asks, changed } = this.#parts;
    const all = [table, fans, greetings, listens, asks, changed];
    return all.reduce((atMs, one) => Math.min(atMs, one.wakeAtMs), this.#endByMs);
  }

  /** What the client has before every name of this server now, separator included. */
  prefixOf(lane: string): string {
    return this.#parts.prefixes.outer(lane, '');
  }

  /** For `status`: how a server stands, where its process does not say it all. */
  standingOf(lane: string): WordStanding {
    return laneStanding(this.#parts.table.find(lane));
  }

  /** The servers that start at once are started. To be called once, first. */
  begin(now: Instant): GatewayEffect[] {
    this.#parts.outbox.now = now;
    this.#parts.lanes.begin();
    return this.#parts.outbox.take();
  }

  /** Takes one event. The effects are to be executed in order. */
  handle(event: GatewayEvent, now: Instant): GatewayEffect[] {
    this.#parts.outbox.now = now;
    this.#on(event);
    for (const bytes of this.#voice.takeEarly(now)) this.#parts.outbox.toClient(bytes);
    this.#parts.changes.endLeft();
    if (this.#parts.client.hasLeft) this.#endIfDone();
    return this.#parts.outbox.take();
  }

  /** No more events come before the next input: what has changed by all of them is told once. */
  endTurn(now: Instant): GatewayEffect[] {
    this.#parts.outbox.now = now;
    this.#parts.changed.tell(this.#parts);
    return this.#parts.outbox.take();
  }

  #on(event: GatewayEvent): void {
    const { lanes } = this.#parts;
    switch (event.type) {
      case 'client_line':
        this.#fromClient.onLine(event.line, undefined);
        return;
      case 'client_batch':
        this.#fromClient.onBatch(event.elements);
        return;
      case 'client_refused':
        this.#parts.refusals.refuseLine(event.refused, undefined);
        return;
      case 'client_ended':
        this.#parts.client.hasLeft = true;
        this.#endByMs = this.#parts.outbox.now.monoMs + FAREWELL_MS;
        return;
      case 'lane_line':
        this.#withLane(event.lane, (lane) => this.#fromLanes.onLine(lane, event.bytes));
        return;
      case 'lane_away':
        this.#withLane(event.lane, (lane) => {
          lanes.onAway(lane);
          this.#one.refuseHeld(lane);
        });
        return;
      case 'lane_back':
        this.#withLane(event.lane, (lane) => lanes.onBack(lane));
        return;
      case 'lane_gone':
        this.#withLane(event.lane, (lane) => lanes.onGone(lane, event.why, event.isLoop === true));
        return;
      case 'lane_ended':
        this.#withLane(event.lane, (lane) => {
          this.#parts.questions.forget(lane);
          lanes.onEnded(lane);
        });
        return;
      case 'lane_full':
      case 'lane_room':
        this.#withLane(event.lane, (lane) => {
          lane.isFull = event.type === 'lane_full';
        });
        return;
      case 'lane_list':
        this.#withLane(event.lane, (lane) => {
          forgetLate(lane, event.list);
          lane.generation += 1;
          if (lanes.find(lane.id) === lane) this.#parts.changed.noteList(event.list);
        });
        return;
      case 'lanes_are':
        this.#parts.changes.become(event.lanes, event.renewed);
        return;
      case 'guard_said': {
        const bytes = this.#voice.say(event.level, event.text, this.#parts.outbox.now);
        if (bytes !== undefined) this.#parts.outbox.toClient(bytes);
        return;
      }
      case 'tick':
        this.#parts.greetings.onTick();
        this.#parts.fans.onTick();
        this.#parts.listens.onTick();
        this.#parts.asks.onTick();
        lanes.onTick();
        return;
    }
  }

  #withLane(id: string, act: (lane: Lane) => void): void {
    const lane = this.#parts.table.findAny(id);
    // A bug, not an input: the adapter answers a throw of the core by ending the session.
    if (lane === undefined) throw new RangeError(`no lane is called ${id}`);
    act(lane);
  }

  #onUp(lane: Lane): void {
    if (this.#parts.client.era === 'modern') this.#parts.listens.onUp(lane);
    this.#parts.changed.came(lane, (list) => this.#parts.fans.isAsking(list));
  }

  #onRefused(lane: Lane, part: Part, line: Line<RequestMessage>, kind: 'down' | 'slow'): void {
    if (this.#parts.fans.onRefused(part)) return;
    const { open } = part;
    if (open === undefined) return;
    if (part.onUnsent !== undefined) part.onUnsent();
    else if (part.onAnswer !== undefined) part.onLost?.(lane.why);
    else if (kind === 'slow') this.#parts.refusals.refuse(open, line, lane.id, serverSlow(lane));
    else this.#one.refuse(open, line, lane, 'down');
  }

  /** The client has closed its end: servers hear of it once nothing is to be sent to them any more. */
  #endIfDone(): void {
    const { lanes, fans, asks, greetings, outbox, listens, changes } = this.#parts;
    if (this.#isEnding) return;
    const isSettled =
      fans.isEmpty &&
      asks.isEmpty &&
      !greetings.isWaiting &&
      lanes.all.every((lane) => !lane.waiting.some((one) => lane.isWanted(one)));
    if (!isSettled && outbox.now.monoMs < this.#endByMs) return;
    this.#isEnding = true;
    this.#endByMs = NEVER;
    listens.end();
    changes.endAll();
  }
}
