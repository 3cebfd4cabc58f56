// A request that nobody is known to have: the servers are asked one after the other until one does not say that it has no such
// thing; those that are there first, each in the order of the config. INVARIANT: what is no mere read is asked of one at a time, and
// of nobody after one that may have done it, so that it runs at most once.
import type { Line, ReadLimits, RequestMessage } from '../../wire/message.ts';
import type { Refusing } from '../denial.ts';
import type { Lane } from './lane.ts';
import type { OpenRequest, OpenRequests } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import { readResponse } from './read-response.ts';
import type { Refusals } from './refusals.ts';
import { NOBODY, serverDown, serverSlow } from './refusals.ts';

export interface AskPlan {
  readonly open: OpenRequest;
  readonly line: Line<RequestMessage>;
  readonly candidates: readonly Lane[];
  /** Codes of errors after which the next one is asked. */
  readonly nextOn: ReadonlySet<number>;
  /** It changes nothing: where one is late (`startTimeoutMs`) the next one is asked as well, and the first that has it answers. */
  readonly isRead: boolean;
  /** Where there is nobody to ask. */
  readonly refusal: Refusing;
  /** One has answered, and not by an error. */
  readonly onFound: (lane: Lane) => void;
}

export interface Asking {
  /** Gets the line that the client would. */
  readonly onAnswer: (bytes: Buffer) => void;
  /** The lane did not come up: it was not sent. */
  readonly onUnsent: () => void;
  /** Its session is over, and nothing will come. */
  readonly onLost: () => void;
}

interface AskWays {
  /** Sends the request to a lane. False where it could not be sent. */
  readonly send: (plan: Pick<AskPlan, 'open' | 'line'>, lane: Lane, then: Asking) => boolean;
  /** The lane need not answer any more; what it says late is dropped. */
  readonly withdraw: (open: OpenRequest, lane: Lane) => void;
}

/** What is asked, and what those who were asked so far have said. */
interface Ask {
  readonly plan: AskPlan;
  /** Those that were not asked yet, next first. */
  readonly rest: Lane[];
  /** Those that have not answered. */
  readonly silent: Set<Lane>;
  /** Whose turn it is; undefined: everybody was asked. */
  current: Lane | undefined;
  /** Monotonic ms until which the others wait for it. */
  dueMs: number;
  /** The last one's word that it has no such thing. */
  no: Buffer | undefined;
  /** Another error, of one whose turn was over. */
  error: Buffer | undefined;
  /** The first whose session ended over it. */
  lost: Lane | undefined;
  /** The first that was to be asked and did not come up. */
  unsent: Lane | undefined;
}

const NEVER = Number.POSITIVE_INFINITY;

export class Asks {
  readonly #outbox: Outbox;
  readonly #requests: OpenRequests;
  readonly #refusals: Refusals;
  readonly #read: ReadLimits;
  readonly #ways: AskWays;
  readonly #running = new Set<Ask>();

  constructor(
    { outbox, requests, refusals }: { outbox: Outbox; requests: OpenRequests; refusals: Refusals },
    read: ReadLimits,
    ways: AskWays,
  ) {
    this.#outbox = outbox;
    this.#requests = requests;
    this.#refusals = refusals;
    this.#read = read;
    this.#ways = ways;
  }

  get isEmpty(): boolean {
    return this.#running.size === 0;
  }

  /** Monotonic ms at which a `tick` is wanted; Infinity for never. */
  get wakeAtMs(): number {
    let atMs = NEVER;
    for (const { dueMs } of this.#running) atMs = Math.min(atMs, dueMs);
    return atMs;
  }

  start(plan: AskPlan): void {
    // nobody waits for a server that is not up, or answers nothing, while another one may have it
    const rest = [
      ...plan.candidates.filter((lane) => lane.takesLines && lane.owes.size === 0),
      ...plan.candidates.filter((lane) => lane.takesLines && lane.owes.size > 0),
      ...plan.candidates.filter((lane) => !lane.takesLines),
    ];
    const ask: Ask = {
      ...{ plan, rest, silent: new Set(), current: undefined, dueMs: NEVER },
      ...{ no: undefined, error: undefined, lost: undefined, unsent: undefined },
    };
    this.#running.add(ask);
    plan.open.onForgone = () => void this.#running.delete(ask);
    this.#goOn(ask);
  }

  onTick(): void {
    const nowMs = this.#outbox.now.monoMs;
    for (const ask of [...this.#running]) if (ask.dueMs <= nowMs) this.#goOn(ask);
  }

  /** The next one's turn. */
  #goOn(ask: Ask): void {
    const { plan, rest, silent } = ask;
    for (let lane = rest.shift(); lane !== undefined; lane = rest.shift()) {
      const asked = lane;
      // before it is sent: one that must not run says so at once
      ask.current = asked;
      ask.dueMs = plan.isRead ? this.#outbox.now.monoMs + asked.settings.startTimeoutMs : NEVER;
      silent.add(asked);
      const isSent = this.#ways.send(plan, asked, {
        onAnswer: (bytes) => this.#onAnswer(ask, asked, bytes),
        onUnsent: () => {
          ask.unsent ??= asked;
          this.#onNothing(ask, asked);
        },
        onLost: () => {
          ask.lost ??= asked;
          if (plan.isRead) this.#onNothing(ask, asked);
          else this.#endWithout(ask);
        },
      });
      if (isSent) return;
      silent.delete(asked);
    }
    ask.current = undefined;
    ask.dueMs = NEVER;
    if (silent.size === 0) this.#endWithout(ask);
  }

  #onAnswer(ask: Ask, lane: Lane, bytes: Buffer): void {
    const { open, nextOn, onFound } = ask.plan;
    const error = readResponse(bytes, this.#read)?.message.error;
    if (typeof error?.code === 'number' && nextOn.has(error.code)) {
      ask.no = bytes;
      this.#onNothing(ask, lane);
      return;
    }
    // the deadline of one that was passed over, for instance: others are asked by now
    if (error !== undefined && lane !== ask.current) {
      ask.error ??= bytes;
      this.#onNothing(ask, lane);
      return;
    }
    // an error says nothing of whose it is
    if (error === undefined) onFound(lane);
    ask.silent.delete(lane);
    this.#end(ask);
    this.#requests.reply(open, bytes);
  }

  /** This one does not have it, or will not say. */
  #onNothing(ask: Ask, lane: Lane): void {
    ask.silent.delete(lane);
    if (lane === ask.current) this.#goOn(ask);
    else if (ask.current === undefined && ask.silent.size === 0) this.#endWithout(ask);
  }

  #endWithout(ask: Ask): void {
    const { no, error, lost, unsent, plan } = ask;
    const { open, line, refusal } = plan;
    this.#end(ask);
    if (error !== undefined) this.#requests.reply(open, error);
    else if (lost !== undefined) this.#refusals.refuseLost(open, lost, serverDown(lost, this.#outbox.now.monoMs));
    // who was not asked may have it
    else if (unsent !== undefined) this.#refusals.refuse(open, line, unsent.id, serverSlow(unsent));
    else if (no !== undefined) this.#requests.reply(open, no);
    else this.#refusals.refuse(open, line, NOBODY, refusal);
  }

  #end(ask: Ask): void {
    const { open } = ask.plan;
    this.#running.delete(ask);
    open.onForgone = undefined;
    for (const lane of ask.silent) this.#ways.withdraw(open, lane);
  }
}
