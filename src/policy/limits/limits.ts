// The limits as an interceptor: what a call is charged before it leaves, and given back or paid when it ends. Knows no store but
// the port, no clock, and no other method than `tools/call` (each retry of one, and each element of a batch, is a call).
import { attributeModel, type ModelHints, readClientName } from '../../core/attribution.ts';
import type { Interceptor, RequestView, Resumption, Settled, Verdict, Wait } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import type { CallEnd, LimitStore, Receipt, Take } from '../../ports/limit-store.ts';
import { objectAt, stringAt } from '../../wire/json.ts';
import { LONGEST_SEARCHED } from './applies.ts';
import { LateCalls } from './late-calls.ts';
import type { Subject } from './limit.ts';
import { fullDenial, limitDenial, nameDenial, storeDenial } from './limit-denial.ts';
import { type Bill, chargesOf, LEASE_MS, type LimitSet } from './limit-set.ts';
import { holdsPlace, type OpenCall, settleCall } from './open-call.ts';
import { OpenTaskCalls } from './open-task-calls.ts';

export interface LimitsParts {
  /** What holds now: another one after a change of the policy. */
  readonly set: () => LimitSet;
  /** Where new calls are counted. */
  readonly store: () => LimitStore;
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
  readonly store: LimitStore;
  /** Undefined: the store has not answered yet. */
  take: Take | undefined;
}

/** What brings the result of a task, again and again. */
const PAYLOADS: ReadonlySet<string> = new Set(['tasks/result', 'tasks/get']);
const WAIT: Wait = { kind: 'wait', why: 'limits' };
const NOBODY: readonly Resumption[] = [];
const NEVER = Number.POSITIVE_INFINITY;
const UNREACHED: CallEnd = { reached: false, postPaid: [] };
const RENEW_MS = LEASE_MS / 3;

export function createLimits({ set, store: storeOfNow, who, model, lease, resume }: LimitsParts): Limits {
  /** INVARIANT: a request is in at most one of the two; a receipt is in exactly one place until it is settled, once. */
  const waiting = new Map<RequestView, Waiting>();
  const calls = new Map<RequestView, OpenCall>();
  const late = new LateCalls();
  const tasks = new OpenTaskCalls();
  let client: string | undefined;
  let renewAtMs = NEVER;
  let latest: Instant = { wallMs: 0, monoMs: 0 };

  const subjectOf = ({ upstream, tool = '', params, modern }: RequestView): Subject => {
    // No spread: it costs a call more than all else here.
    const { tenant, principal } = who;
    if (!set().asksWho) return { tenant, principal, client: undefined, model: undefined, server: upstream, tool };
    const meta = objectAt(params, '_meta');
    const { id } = attributeModel(meta, model, undefined);
    const own = modern ? readClientName(meta) : undefined;
    return { tenant, principal, client: own ?? client, model: id ?? undefined, server: upstream, tool };
  };

  const decide = (request: RequestView, { bill, store }: Omit<Waiting, 'take'>, take: Take, now: Instant): Verdict => {
    if (take.kind === 'denied') return limitDenial(bill, take.by, take.retryAfterMs, now.wallMs);
    if (take.kind === 'full') return fullDenial(take.why);
    if (take.kind === 'unavailable') return storeDenial();
    const { receipt } = take;
    const mayBeTask = request.modern || objectAt(request.params, 'task') !== undefined;
    calls.set(request, { bill, receipt, store, taken: now, mayBeTask, isSent: false, bytesOut: 0 });
    if (holdsPlace(receipt)) renewAtMs = Math.min(renewAtMs, now.monoMs + RENEW_MS);
    return PASS;
  };

  const answer = (request: RequestView, one: Waiting, take: Take): void => {
    if (waiting.get(request) === one) {
      one.take = take;
      resume(request, take.kind === 'taken' ? 'go' : 'refused');
      return;
    }
    // Nobody waits for it any more.
    if (take.kind === 'taken') one.store.settle(take.receipt, UNREACHED, latest);
  };

  const renew = (now: Instant): void => {
    late.endDue(now);
    tasks.endDue(now);
    const byStore = new Map<LimitStore, Receipt[]>();
    for (const { store, receipt } of [...calls.values(), ...late.all(), ...tasks.all()])
      if (holdsPlace(receipt)) byStore.set(store, [...(byStore.get(store) ?? []), receipt]);
    renewAtMs = byStore.size === 0 ? NEVER : now.monoMs + RENEW_MS;
    for (const [store, receipts] of byStore) store.renew(receipts, now);
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
      const limits = set();
      if (limits.isEmpty) return PASS;
      // INVARIANT: what no limit can be matched with is not sent uncounted.
      if (request.tool.length > LONGEST_SEARCHED) return nameDenial(request.tool.length);
      const bill = limits.billOf(subjectOf(request));
      if (bill.items.length === 0) return PASS;
      const size = { bytesIn: request.bytes ?? 0, wallMs: now.wallMs, lease };
      const store = storeOfNow();
      const take = store.take(chargesOf(bill, size), now);
      const one: Waiting = { bill, store, take: undefined };
      if (!('then' in take)) return decide(request, one, take, now);
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
      return one?.take === undefined ? storeDenial() : decide(request, one, one.take, now);
    },

    onAbandoned(request, now) {
      latest = now;
      const one = waiting.get(request);
      waiting.delete(request);
      if (one?.take?.kind === 'taken') one.store.settle(one.take.receipt, UNREACHED, now);
    },

    onSent(request) {
      const call = calls.get(request);
      if (call !== undefined) call.isSent = true;
    },

    onSettle(request, settled, now) {
      latest = now;
      if (PAYLOADS.has(request.method)) {
        const taskId = stringAt(request.params, 'taskId');
        if (taskId !== undefined) tasks.pay(request.upstream, taskId, settled.answerBytes ?? 0, now);
      }
      const call = calls.get(request);
      if (call === undefined) return;
      calls.delete(request);
      call.bytesOut += settled.answerBytes ?? 0;
      const { settlement } = settled;
      if (announcesTask(settled)) tasks.open(request.upstream, settled, call, now);
      else if (call.isSent && holdsPlace(call.receipt) && (settlement === 'cancelled' || settlement === 'timeout'))
        late.keep(request, call, now);
      else settleCall(call, now);
    },

    onLateAnswer(request, now) {
      latest = now;
      late.end(request, now);
    },

    onTaskEnd(upstream, taskId, settled, now) {
      latest = now;
      // What answers a request is paid when that settles.
      tasks.end(upstream, taskId, settled.isAnswer === true ? 0 : (settled.answerBytes ?? 0), now);
    },

    onExit(upstream, now) {
      latest = now;
      tasks.endAll(upstream, now);
      late.endAll(upstream, now);
    },

    onEnd(now) {
      late.endAll(undefined, now);
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
