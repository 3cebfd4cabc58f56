// A request that nobody is known to have: the servers are asked one after the other until one does not say that it has no such
// thing; those that are there first, each in the order of the config. INVARIANT: one at a time, so that it runs at most once; a
// reading alone goes on to the next one where a server does not answer in its time.
import type { JsonObject } from '../../wire/json.ts';
import type { Line, ReadLimits, RequestMessage } from '../../wire/message.ts';
import { readLine } from '../../wire/read-line.ts';
import type { Refusing } from '../denial.ts';
import type { Lane } from './lane.ts';
import type { OpenRequest, OpenRequests } from './open-requests.ts';
import type { Refusals } from './refusals.ts';
import { NOBODY, serverSlow } from './refusals.ts';

export interface AskPlan {
  readonly open: OpenRequest;
  readonly line: Line<RequestMessage>;
  readonly candidates: readonly Lane[];
  /** Codes of errors after which the next one is asked. */
  readonly nextOn: ReadonlySet<number>;
  /** Where there is nobody to ask. */
  readonly refusal: Refusing;
  /** Whether asking twice does no harm: it reads only. */
  readonly isReading: boolean;
  /** One has answered, and not by an error. */
  readonly onFound: (lane: Lane) => void;
}

export interface Asking {
  /** Gets the line that the client would. */
  readonly onAnswer: (bytes: Buffer) => void;
  /** The lane did not come up: it was not sent. */
  readonly onUnsent: () => void;
}

/** Sends the request to a lane. @returns what ends the waiting for it; undefined where it could not be sent */
export type SendTo = (plan: Pick<AskPlan, 'open' | 'line'>, lane: Lane, then: Asking) => (() => void) | undefined;

/** What those who were asked so far have said. */
interface Asked {
  readonly at: number;
  /** The last one's word that it has no such thing. */
  readonly no: Buffer | undefined;
  /** The first that was to be asked and did not come up, or does not answer. */
  readonly unsent: Lane | undefined;
}

export class Asks {
  readonly #requests: OpenRequests;
  readonly #refusals: Refusals;
  readonly #read: ReadLimits;
  readonly #sendTo: SendTo;
  /** With the monotonic ms at which the next one is asked, and how; undefined: whoever is asked is waited for. */
  readonly #running = new Map<OpenRequest, { readonly dueMs: number; readonly goOn: () => void } | undefined>();

  readonly #nowMs: () => number;

  constructor(requests: OpenRequests, refusals: Refusals, read: ReadLimits, nowMs: () => number, sendTo: SendTo) {
    this.#requests = requests;
    this.#refusals = refusals;
    this.#read = read;
    this.#nowMs = nowMs;
    this.#sendTo = sendTo;
  }

  get isEmpty(): boolean {
    return this.#running.size === 0;
  }

  /** Monotonic ms. */
  get wakeAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const late of this.#running.values()) atMs = Math.min(atMs, late?.dueMs ?? atMs);
    return atMs;
  }

  onTick(): void {
    for (const [open, late] of [...this.#running]) {
      if (late === undefined || late.dueMs > this.#nowMs()) continue;
      this.#running.set(open, undefined);
      late.goOn();
    }
  }

  start(plan: AskPlan): void {
    this.#running.set(plan.open, undefined);
    plan.open.onForgone = () => void this.#running.delete(plan.open);
    // nobody waits for a server that is not up, or answers nothing, while another one may have it
    const candidates = [
      ...plan.candidates.filter((lane) => lane.takesLines && lane.owes.size === 0),
      ...plan.candidates.filter((lane) => lane.takesLines && lane.owes.size > 0),
      ...plan.candidates.filter((lane) => !lane.takesLines),
    ];
    this.#next({ ...plan, candidates }, { at: 0, no: undefined, unsent: undefined });
  }

  #next(plan: AskPlan, { at: from, no, unsent }: Asked): void {
    const { open, line, candidates } = plan;
    this.#running.set(open, undefined);
    for (let at = from; at < candidates.length; at += 1) {
      const lane = candidates[at];
      if (lane === undefined) break;
      const giveUp = this.#sendTo({ open, line }, lane, {
        onAnswer: (bytes) => {
          if (this.#isNo(bytes, plan.nextOn)) {
            this.#next(plan, { at: at + 1, no: bytes, unsent });
            return;
          }
          // an error says nothing of whose it is
          if (!this.#isError(bytes)) plan.onFound(lane);
          this.#end(open);
          this.#requests.reply(open, bytes);
        },
        onUnsent: () => this.#next(plan, { at: at + 1, no, unsent: unsent ?? lane }),
      });
      if (giveUp === undefined) continue;
      if (plan.isReading && at + 1 < candidates.length)
        this.#running.set(open, {
          dueMs: this.#nowMs() + lane.settings.startTimeoutMs,
          goOn: () => {
            giveUp();
            this.#next(plan, { at: at + 1, no, unsent: unsent ?? lane });
          },
        });
      return;
    }
    this.#end(open);
    // who was not asked may have it
    if (unsent !== undefined) this.#refusals.refuse(open, line, unsent.id, serverSlow(unsent));
    else if (no !== undefined) this.#requests.reply(open, no);
    else this.#refusals.refuse(open, line, NOBODY, plan.refusal);
  }

  #end(open: OpenRequest): void {
    this.#running.delete(open);
    open.onForgone = undefined;
  }

  #isError(bytes: Buffer): boolean {
    return this.#errorOf(bytes) !== undefined;
  }

  #errorOf(bytes: Buffer): JsonObject | undefined {
    const reading = readLine(bytes, 'upstream', this.#read);
    return reading.kind === 'message' && reading.line.message.kind === 'response'
      ? reading.line.message.error
      : undefined;
  }

  #isNo(bytes: Buffer, codes: ReadonlySet<number>): boolean {
    const code = this.#errorOf(bytes)?.code;
    return typeof code === 'number' && codes.has(code);
  }
}
