// Starts, greets, stops and gives up the servers, and holds what is meant for one that is not up. Knows no method but those of
// a greeting, and nothing of what is merged.
import type { Line, RequestMessage } from '../../wire/message.ts';
import type { ClientMemory } from './client-memory.ts';
import type { Lane } from './lane.ts';
import type { LaneHooks } from './lane-hooks.ts';
import type { LaneTable } from './lane-table.ts';
import { downText, rejectedText, unusedText } from './lane-texts.ts';
import { isListing } from './list-kinds.ts';
import type { OpenRequest, OpenRequests, Part } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import { readGreeting } from './read-greeting.ts';
import { rewriteLine } from './rewrite.ts';
import type { GatewaySettings } from './settings.ts';
import { learnCapabilities } from './withheld-lists.ts';

/** What is meant for a server that starts waits so long at most; a greeting has no more. */
const PATIENCE_MS = 30_000;

export class Lanes {
  readonly #table: LaneTable;
  readonly #settings: GatewaySettings;
  readonly #outbox: Outbox;
  readonly #requests: OpenRequests;
  readonly #client: ClientMemory;
  readonly #hooks: LaneHooks;

  constructor(
    settings: GatewaySettings,
    table: LaneTable,
    { outbox, requests, client }: { outbox: Outbox; requests: OpenRequests; client: ClientMemory },
    hooks: LaneHooks,
  ) {
    this.#settings = settings;
    this.#outbox = outbox;
    this.#requests = requests;
    this.#client = client;
    this.#hooks = hooks;
    this.#table = table;
  }

  /** In the order of every list. */
  get all(): readonly Lane[] {
    return this.#table.all;
  }

  find(id: string): Lane | undefined {
    return this.#table.find(id);
  }

  begin(): void {
    for (const lane of this.all)
      if (lane.settings.refusal === undefined && lane.settings.start === 'eager') this.start(lane);
  }

  /** The client has shown that it does not greet: nothing is waited for. */
  openAll(): void {
    for (const lane of this.all) if (lane.state === 'starting') this.#up(lane);
  }

  /** INVARIANT: one that must not run is not started, whoever needs it. */
  start(lane: Lane): void {
    const { refusal } = lane.settings;
    if (refusal !== undefined) {
      lane.state = 'down';
      lane.why = refusal.text;
      lane.retryAtMs = Number.POSITIVE_INFINITY;
      this.refuseWaiting(lane, 'down');
      return;
    }
    lane.begin(this.#outbox.now.monoMs);
    this.#outbox.push({ type: 'start_lane', lane: lane.id });
    if (this.#client.era === 'legacy') this.greet(lane, undefined);
    else if (this.#client.era === 'modern') this.#up(lane);
  }

  /** Nobody waits for it until it is up. */
  startLate(lane: Lane): void {
    if (this.#client.hasLeft) return;
    this.start(lane);
    lane.isLate = lane.state === 'starting';
  }

  /** @param open the client's own greeting, where this is its turn */
  greet(lane: Lane, open: OpenRequest | undefined): void {
    const line = this.#client.initialize;
    if (line === undefined) return;
    const part = this.#requests.add(lane, open, {
      onAnswer: (bytes) => this.#onGreeted(lane, bytes),
      onLost: () => this.#hooks.onGreeted(lane, undefined),
    });
    this.#outbox.toLane(
      lane.id,
      rewriteLine(line, part.id === line.message.id ? [] : [{ path: ['id'], value: part.id }]),
    );
  }

  /** Sends it, or holds it until the lane is up. @param part undefined: it is no request @returns `down`, `busy`: it can be neither */
  send(lane: Lane, line: Line, part: Part | undefined): 'sent' | 'down' | 'busy' {
    // INVARIANT: nothing new goes to a server that has left the config
    if (this.find(lane.id) !== lane) return 'down';
    if (part !== undefined) lane.lastUsedMs = this.#outbox.now.monoMs;
    if (lane.takesLines) {
      if (lane.isFull && part !== undefined) return 'busy';
      this.#outbox.toLane(lane.id, line);
      return 'sent';
    }
    if (lane.state === 'down') return 'down';
    if (!lane.hold({ line, part })) return 'busy';
    if (lane.waitsUntilMs === Number.POSITIVE_INFINITY) lane.waitsUntilMs = this.#outbox.now.monoMs + PATIENCE_MS;
    if (lane.state === 'idle') this.start(lane);
    return 'sent';
  }

  /** Said to everybody who can hear it now: notifications. */
  tellAll(line: Line): void {
    for (const lane of this.all) if (lane.takesLines) this.#outbox.toLane(lane.id, line);
  }

  #onGreeted(lane: Lane, bytes: Buffer): void {
    const { result, why } = readGreeting(bytes, this.#settings.read);
    if (result !== undefined && (lane.state === 'starting' || lane.state === 'up')) {
      learnCapabilities(lane, result, this.#settings.hidesAll);
      this.#hooks.onGreeted(lane, result);
      const { initialized } = this.#client;
      if (initialized !== undefined) this.#outbox.toLane(lane.id, initialized);
      this.#up(lane);
      return;
    }
    // Its server has ended before it could answer, and comes back: then it is greeted again. One that is up stays so.
    if (lane.state !== 'starting') {
      this.#hooks.onGreeted(lane, undefined, bytes);
      return;
    }
    lane.isRejected = true;
    this.#giveUp(lane, `it did not accept the client's \`initialize\`: ${why}`);
    this.#outbox.log('warn', rejectedText(lane));
    this.#outbox.push({ type: 'end_lane', lane: lane.id });
    this.#hooks.onGreeted(lane, undefined);
  }

  #up(lane: Lane): void {
    const wasUp = lane.state === 'up';
    lane.state = 'up';
    lane.isGreeted = true;
    lane.isLate = false;
    lane.failures = 0;
    lane.isLooping = false;
    if (!wasUp) this.#replay(lane);
    for (const one of lane.takeWaiting()) if (lane.isWanted(one)) this.#outbox.toLane(lane.id, one.line);
    this.#hooks.onUp(lane);
  }

  /** What the client has asked to be kept, of a session of this lane that has ended. */
  #replay(lane: Lane): void {
    for (const line of this.#client.replaysFor(lane)) {
      const part = this.#requests.add(lane, undefined, { onAnswer: () => {}, onLost: undefined });
      this.#outbox.toLane(lane.id, rewriteLine(line, [{ path: ['id'], value: part.id }]));
    }
  }

  onAway(lane: Lane): void {
    if (lane.state !== 'up' && lane.state !== 'starting') return;
    // nobody waits for one that has ended before it was up, and no list for one that has ended
    if (lane.state === 'starting') lane.isLate = true;
    this.refuseWaiting(lane, 'slow', lane.takeWaiting(isListing));
    lane.state = 'away';
    lane.forgetOwed();
    this.#hooks.onLeft(lane);
  }

  onBack(lane: Lane): void {
    if (lane.state !== 'away') return;
    if (!lane.isGreeted && this.#client.era === 'legacy') {
      lane.state = 'starting';
      this.greet(lane, undefined);
      return;
    }
    this.#up(lane);
  }

  /** This session of the lane takes nothing any more. */
  onGone(lane: Lane, why: string, isLoop: boolean): void {
    if (lane.state === 'down' || lane.state === 'stopping') return;
    lane.isLooping = isLoop;
    this.#giveUp(lane, why);
    this.#outbox.push({ type: 'end_lane', lane: lane.id });
  }

  onEnded(lane: Lane): void {
    for (const part of [...lane.parts.values()]) {
      if (lane.waiting.some((one) => one.part === part) || !this.#requests.remove(part)) continue;
      part.onLost?.(lane.why);
    }
    lane.hasSession = false;
    if (this.#table.drop(lane)) return;
    if (lane.startsAtEnd) {
      lane.startsAtEnd = false;
      lane.state = 'idle';
      this.startLate(lane);
      return;
    }
    if (lane.state === 'stopping') {
      lane.state = 'idle';
      lane.isStopped = true;
      if (lane.waiting.length > 0) this.start(lane);
      return;
    }
    if (lane.state !== 'down') this.#giveUp(lane, 'it has ended');
    if (this.#client.hasLeft || lane.isRejected || lane.settings.refusal !== undefined) return;
    lane.planRetry(this.#outbox.now.monoMs);
    this.#outbox.log('warn', downText(lane, lane.settings.comesBack ? lane.retryDelayMs : undefined));
  }

  #giveUp(lane: Lane, why: string): void {
    lane.state = 'down';
    lane.why = why;
    lane.failures += 1;
    // before the first refusal, which says it
    if (!this.#client.hasLeft) lane.planRetry(this.#outbox.now.monoMs);
    this.refuseWaiting(lane, 'down');
    lane.forgetOwed();
    this.#hooks.onLeft(lane);
  }

  /** What waits for it is not sent. */
  refuseWaiting(lane: Lane, kind: 'down' | 'slow', waiting = lane.takeWaiting()): void {
    for (const { line, part } of waiting) {
      if (part === undefined || !this.#requests.remove(part)) continue;
      // `part` is there for requests only.
      this.#hooks.onRefused(lane, part, line as Line<RequestMessage>, kind);
    }
  }

  onTick(): void {
    const nowMs = this.#outbox.now.monoMs;
    for (const lane of this.all) {
      if (lane.waitsUntilMs <= nowMs) this.refuseWaiting(lane, 'slow');
      if (lane.retryAtMs <= nowMs && !lane.hasSession) this.startLate(lane);
      if (!lane.isIdle || lane.lastUsedMs + lane.settings.idleStopMs > nowMs) continue;
      lane.state = 'stopping';
      this.#outbox.log('info', unusedText(lane));
      this.#outbox.push({ type: 'end_lane', lane: lane.id });
    }
  }
}
