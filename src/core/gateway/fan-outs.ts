// One request of the client to several lanes at once, and what came of it, gathered. A lane that takes too long is left out: its
// answer is still owed, and not waited for again. Knows nothing of what is merged.
import type { Line, RequestMessage, ResponseMessage } from '../../wire/message.ts';
import type { Lane } from './lane.ts';
import { leftOutText, standsInText } from './lane-texts.ts';
import type { Lanes } from './lanes.ts';
import type { OpenRequest, OpenRequests, Part } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import { readResponse } from './read-response.ts';
import { type Change, rewriteLine } from './rewrite.ts';
import type { GatewaySettings, ListKind } from './settings.ts';

export type Answers = ReadonlyMap<Lane, Line<ResponseMessage>>;

export interface FanOutPlan {
  readonly open: OpenRequest;
  readonly line: Line<RequestMessage>;
  /** With what is changed for each. */
  readonly to: readonly { readonly lane: Lane; readonly changes: readonly Change[] }[];
  /** Sent at once, even before the lane is up: a probe. */
  readonly isProbe?: boolean;
  /** What a lane that was given up on still owes; nothing for what need not be told. */
  readonly owed?: ListKind;
  /** Of what is owed, the late answer is worth keeping. */
  readonly keepsLate?: boolean;
  /** The client has taken it back. */
  readonly onForgone?: () => void;
  /** Once. Lanes without an answer are not in it. @param stale whose policy, or process, is another one since it has answered */
  readonly onDone: (answers: Answers, stale: ReadonlySet<Lane>) => void;
}

/** A lane that was given up on has answered. @param line undefined: nothing to keep of it */
export type OnLate = (lane: Lane, owed: ListKind, line: Line<ResponseMessage> | undefined) => void;

interface FanOut {
  readonly plan: FanOutPlan;
  readonly missing: Map<Part, number>;
  readonly answers: Map<Lane, Line<ResponseMessage>>;
  /** The generation of each when it answered. */
  readonly generations: Map<Lane, number>;
}

export class FanOuts {
  readonly #settings: GatewaySettings;
  readonly #outbox: Outbox;
  readonly #requests: OpenRequests;
  readonly #lanes: Lanes;
  readonly #onLate: OnLate;
  readonly #running = new Set<FanOut>();

  constructor(
    settings: GatewaySettings,
    { outbox, requests, lanes }: { outbox: Outbox; requests: OpenRequests; lanes: Lanes },
    onLate: OnLate,
  ) {
    this.#settings = settings;
    this.#outbox = outbox;
    this.#requests = requests;
    this.#lanes = lanes;
    this.#onLate = onLate;
  }

  get isEmpty(): boolean {
    return this.#running.size === 0;
  }

  /** Somebody is asked for this list just now. */
  isAsking(kind: ListKind): boolean {
    for (const { plan } of this.#running) if (plan.owed === kind) return true;
    return false;
  }

  get wakeAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const { missing } of this.#running) for (const dueMs of missing.values()) atMs = Math.min(atMs, dueMs);
    return atMs;
  }

  start(plan: FanOutPlan): void {
    const { open, line, to, isProbe } = plan;
    const fan: FanOut = { plan, missing: new Map(), answers: new Map(), generations: new Map() };
    this.#running.add(fan);
    open.onForgone = () => {
      this.#running.delete(fan);
      plan.onForgone?.();
    };
    for (const { lane, changes } of to) {
      const part: Part = this.#requests.add(lane, open, {
        onAnswer: (bytes) => this.#onAnswer(fan, part, bytes),
        onLost: () => this.#onMissing(fan, part),
      });
      const ids: Change[] = part.id === line.message.id ? [] : [{ path: ['id'], value: part.id }];
      const changed = rewriteLine(line, [...ids, ...changes]);
      fan.missing.set(part, this.#outbox.now.monoMs + lane.settings.startTimeoutMs);
      if (isProbe === true) this.#outbox.toLane(lane.id, changed);
      else if (this.#lanes.send(lane, changed, part) !== 'sent' && this.#requests.remove(part))
        fan.missing.delete(part);
    }
    this.#settleIfDone(fan);
  }

  /** What was held for a lane is not sent. @returns whether it was one of these */
  onRefused(part: Part): boolean {
    for (const fan of this.#running) {
      if (!fan.missing.has(part)) continue;
      this.#onMissing(fan, part);
      return true;
    }
    return false;
  }

  onTick(): void {
    const nowMs = this.#outbox.now.monoMs;
    for (const fan of [...this.#running])
      for (const [part, dueMs] of [...fan.missing]) if (dueMs <= nowMs) this.#giveUp(fan, part);
  }

  #giveUp(fan: FanOut, part: Part): void {
    const { lane, id } = part;
    const wasSent = !lane.waiting.some((one) => one.part === part);
    this.#requests.remove(part);
    if (!wasSent) lane.isLate = true;
    const { owed, keepsLate, open } = fan.plan;
    if (wasSent) {
      if (owed !== undefined) lane.owes.add(owed);
      // Its answer belongs to nobody when it comes, but it says that the lane can answer again.
      const onAnswer = (bytes: Buffer): void => {
        if (owed === undefined || !lane.owes.delete(owed)) return;
        this.#onLate(lane, owed, keepsLate === true ? readResponse(bytes, this.#settings.read) : undefined);
      };
      lane.parts.set(id, { lane, id, open: undefined, onAnswer, onLost: undefined });
    }
    // INVARIANT: what is in the list all the same is not said to be left out
    const standsIn = keepsLate === true && owed !== undefined && lane.takesLines && lane.late.has(owed);
    if (standsIn) this.#outbox.log('info', standsInText(lane, open.method));
    else this.#outbox.log('warn', leftOutText(lane, open.method, wasSent));
    this.#onMissing(fan, part);
  }

  #onAnswer(fan: FanOut, part: Part, bytes: Buffer): void {
    const line = readResponse(bytes, this.#settings.read);
    if (line !== undefined) {
      fan.answers.set(part.lane, line);
      fan.generations.set(part.lane, part.lane.generation);
    }
    this.#onMissing(fan, part);
  }

  #onMissing(fan: FanOut, part: Part): void {
    fan.missing.delete(part);
    this.#settleIfDone(fan);
  }

  #settleIfDone(fan: FanOut): void {
    if (fan.missing.size > 0 || !this.#running.delete(fan)) return;
    fan.plan.open.onForgone = undefined;
    fan.plan.onDone(
      fan.answers,
      new Set([...fan.generations].flatMap(([lane, then]) => (then === lane.generation ? [] : [lane]))),
    );
  }
}
