// A request that nobody is known to have: the servers are asked one after the other, in the order of the config, until one does
// not say that it has no such thing. INVARIANT: one at a time, so that it runs at most once.
import type { Line, ReadLimits, RequestMessage } from '../../wire/message.ts';
import { readLine } from '../../wire/read-line.ts';
import type { Refusing } from '../denial.ts';
import type { Lane } from './lane.ts';
import type { OpenRequest, OpenRequests } from './open-requests.ts';
import type { Refusals } from './refusals.ts';
import { NOBODY } from './refusals.ts';

export interface AskPlan {
  readonly open: OpenRequest;
  readonly line: Line<RequestMessage>;
  readonly candidates: readonly Lane[];
  /** Codes of errors after which the next one is asked. */
  readonly nextOn: ReadonlySet<number>;
  /** Where there is nobody to ask. */
  readonly refusal: Refusing;
  /** One has answered otherwise. */
  readonly onFound: (lane: Lane) => void;
}

/** Sends the request to a lane; `onAnswer` gets the line that the client would. False where it could not be sent. */
export type SendTo = (plan: Pick<AskPlan, 'open' | 'line'>, lane: Lane, onAnswer: (bytes: Buffer) => void) => boolean;

export class Asks {
  readonly #requests: OpenRequests;
  readonly #refusals: Refusals;
  readonly #read: ReadLimits;
  readonly #sendTo: SendTo;
  readonly #running = new Set<OpenRequest>();

  constructor(requests: OpenRequests, refusals: Refusals, read: ReadLimits, sendTo: SendTo) {
    this.#requests = requests;
    this.#refusals = refusals;
    this.#read = read;
    this.#sendTo = sendTo;
  }

  get isEmpty(): boolean {
    return this.#running.size === 0;
  }

  start(plan: AskPlan): void {
    this.#running.add(plan.open);
    plan.open.onForgone = () => void this.#running.delete(plan.open);
    this.#next(plan, 0, undefined);
  }

  #next(plan: AskPlan, from: number, last: Buffer | undefined): void {
    const { open, line, candidates } = plan;
    for (let at = from; at < candidates.length; at += 1) {
      const lane = candidates[at];
      if (lane === undefined) break;
      const isSent = this.#sendTo({ open, line }, lane, (bytes) => {
        const isLast = at === candidates.length - 1;
        if (!isLast && this.#isNo(bytes, plan.nextOn)) {
          this.#next(plan, at + 1, bytes);
          return;
        }
        if (!this.#isNo(bytes, plan.nextOn)) plan.onFound(lane);
        this.#end(open);
        this.#requests.reply(open, bytes);
      });
      if (isSent) return;
    }
    this.#end(open);
    if (last !== undefined) this.#requests.reply(open, last);
    else this.#refusals.refuse(open, line, NOBODY, plan.refusal);
  }

  #end(open: OpenRequest): void {
    this.#running.delete(open);
    open.onForgone = undefined;
  }

  #isNo(bytes: Buffer, codes: ReadonlySet<number>): boolean {
    const reading = readLine(bytes, 'upstream', this.#read);
    if (reading.kind !== 'message' || reading.line.message.kind !== 'response') return false;
    const code = reading.line.message.error?.code;
    return typeof code === 'number' && codes.has(code);
  }
}
