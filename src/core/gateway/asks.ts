// A request that nobody is known to have: the servers are asked one after the other until one does not say that it has no such
// thing; those that are there first, each in the order of the config. INVARIANT: one at a time, so that it runs at most once.
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
  /** One has answered, and not by an error. */
  readonly onFound: (lane: Lane) => void;
}

export interface Asking {
  /** Gets the line that the client would. */
  readonly onAnswer: (bytes: Buffer) => void;
  /** The lane did not come up: it was not sent. */
  readonly onUnsent: () => void;
}

/** Sends the request to a lane. False where it could not be sent. */
export type SendTo = (plan: Pick<AskPlan, 'open' | 'line'>, lane: Lane, then: Asking) => boolean;

/** What those who were asked so far have said. */
interface Asked {
  readonly at: number;
  /** The last one's word that it has no such thing. */
  readonly no: Buffer | undefined;
  /** The first that was to be asked and did not come up. */
  readonly unsent: Lane | undefined;
}

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
    for (let at = from; at < candidates.length; at += 1) {
      const lane = candidates[at];
      if (lane === undefined) break;
      const isSent = this.#sendTo({ open, line }, lane, {
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
      if (isSent) return;
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
