// The limits as an interceptor: what a call is charged before it leaves, and given back or paid when it ends. Knows no store but
// the port, no clock, and no other method than `tools/call` (each retry of one, and each element of a batch, is a call).
import { attributeModel, type ModelHints, readClientName } from '../../core/attribution.ts';
import type { Interceptor, RequestView, Resumption, Settled, Verdict, Wait } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import type { LimitStore, Receipt, Take } from '../../ports/limit-store.ts';
import { objectAt } from '../../wire/json.ts';
import type { Subject } from './limit.ts';
import { limitDenial, storeDenial } from './limit-denial.ts';
import { type Bill, chargesOf, LEASE_MS, type LimitSet, paidOf } from './limit-set.ts';
import { OpenTaskCalls } from './open-task-calls.ts';

export interface LimitsParts {
  readonly set: LimitSet;
  readonly store: LimitStore;
  readonly who: Pick<Subject, 'tenant' | 'principal'>;
  readonly model: ModelHints;
  /** 24 random hex digits. */
  readonly lease: () => string;
  /** Lets a held request go on, between two turns of the session. */
  readonly resume: (request: RequestView, outcome: 'go' | 'refused') => void;
}

export interface Limits extends Interceptor {
  readonly wakeAtMs: number;
}

interface Waiting {
  readonly bill: Bill;
  /** Undefined: the store has not answered yet. */
  take: Take | undefined;
}

export interface OpenCall {
  readonly bill: Bill;
  readonly receipt: Receipt;
  isSent: boolean;
  /** Of answers that are not charged yet. */
  bytesOut: number;
}

const WAIT: Wait = { kind: 'wait', why: 'limits' };
const NOBODY: readonly Resumption[] = [];
const NEVER = Number.POSITIVE_INFINITY;
const RENEW_MS = LEASE_MS / 3;

export function createLimits({ set, store, who, model, lease, resume }: LimitsParts): Limits {
  /** INVARIANT: a request is in at most one of the two; a receipt is in exactly one place until it is settled, once. */
  const waiting = new Map<RequestView, Waiting>();
  const calls = new Map<RequestView, OpenCall>();
  let client: string | undefined;
  let renewAtMs = NEVER;
  let latest: Instant = { wallMs: 0, monoMs: 0 };

  const settle = ({ bill, receipt, isSent, bytesOut }: OpenCall, now: Instant): void => {
    store.settle(receipt, { reached: isSent, postPaid: isSent ? paidOf(bill, bytesOut) : [] }, now);
  };
  const tasks = new OpenTaskCalls(settle);

  const subjectOf = ({ upstream, tool = '', params, modern }: RequestView): Subject => {
    if (!set.asksWho) return { ...who, client: undefined, model: undefined, server: upstream, tool };
    const meta = objectAt(params, '_meta');
    const { id } = attributeModel(meta, model, undefined);
    const own = modern ? readClientName(meta) : undefined;
    return { ...who, client: own ?? client, model: id ?? undefined, server: upstream, tool };
  };

  const open = (request: RequestView, bill: Bill, receipt: Receipt, now: Instant): void => {
    calls.set(request, { bill, receipt, isSent: false, bytesOut: 0 });
    if (holdsPlace(receipt)) renewAtMs = Math.min(renewAtMs, now.monoMs + RENEW_MS);
  };

  const decide = (request: RequestView, bill: Bill, take: Take, now: Instant): Verdict => {
    if (take.kind === 'denied') return limitDenial(bill, take.by, take.retryAfterMs);
    if (take.kind === 'unavailable') return storeDenial(take.why);
    open(request, bill, take.receipt, now);
    return PASS;
  };

  const answer = (request: RequestView, one: Waiting, take: Take): void => {
    if (waiting.get(request) === one) {
      one.take = take;
      resume(request, take.kind === 'taken' ? 'go' : 'refused');
      return;
    }
    // Nobody waits for it any more.
    if (take.kind === 'taken') store.settle(take.receipt, { reached: false, postPaid: [] }, latest);
  };

  const renew = (now: Instant): void => {
    const receipts = [...calls.values(), ...tasks.all()].map(({ receipt }) => receipt).filter(holdsPlace);
    renewAtMs = receipts.length === 0 ? NEVER : now.monoMs + RENEW_MS;
    if (receipts.length > 0) store.renew(receipts, now);
  };

  return {
    name: 'rate-limit',

    get wakeAtMs() {
      return renewAtMs;
    },

    onRequest(request, now) {
      latest = now;
      if (request.asked !== 'client') return PASS;
      if (request.method === 'initialize') client = readClientName(request.params);
      if (request.tool === undefined) return PASS;
      const bill = set.billOf(subjectOf(request));
      if (bill.items.length === 0) return PASS;
      const size = { bytesIn: request.bytes ?? 0, wallMs: now.wallMs, lease };
      const take = store.take(chargesOf(bill, size), now);
      if (!('then' in take)) return decide(request, bill, take, now);
      const one: Waiting = { bill, take: undefined };
      waiting.set(request, one);
      const failed = (error: unknown): Take => ({ kind: 'unavailable', why: String(error) });
      void take.catch(failed).then((taken) => answer(request, one, taken));
      return WAIT;
    },

    onWaited(request, _outcome, now) {
      latest = now;
      const one = waiting.get(request);
      waiting.delete(request);
      // INVARIANT: only what the store has granted goes, whoever resumes it.
      return one?.take === undefined ? storeDenial('it has not answered') : decide(request, one.bill, one.take, now);
    },

    onAbandoned(request, now) {
      latest = now;
      const one = waiting.get(request);
      waiting.delete(request);
      if (one?.take?.kind === 'taken') store.settle(one.take.receipt, { reached: false, postPaid: [] }, now);
    },

    onSent(request) {
      const call = calls.get(request);
      if (call !== undefined) call.isSent = true;
    },

    onSettle(request, settled, now) {
      latest = now;
      const call = calls.get(request);
      if (call === undefined) return;
      calls.delete(request);
      call.bytesOut += settled.answerBytes ?? 0;
      if (announcesTask(settled)) tasks.open(request.upstream, settled.taskId, call, now);
      else settle(call, now);
    },

    onTaskEnd(upstream, taskId, settled, now) {
      latest = now;
      tasks.end(upstream, taskId, settled.answerBytes ?? 0, now);
    },

    onExit(upstream, now) {
      latest = now;
      tasks.endAll(upstream, now);
    },

    onEnd(now) {
      tasks.endAll(undefined, now);
    },

    takeReady(now) {
      if (now.monoMs >= renewAtMs) renew(now);
      return NOBODY;
    },
  };
}

function announcesTask(settled: Settled): settled is Settled & { readonly taskId: string } {
  return settled.settlement === 'result' && settled.taskId !== undefined;
}

function holdsPlace({ charges }: Receipt): boolean {
  return charges.some(({ kind }) => kind === 'place');
}
