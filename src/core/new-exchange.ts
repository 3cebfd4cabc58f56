// Makes the exchange for one request line. Reads what the bookkeeping needs from it; decides nothing.
import type { Instant } from '../ports/clock.ts';
import type { JsonObject } from '../wire/json.ts';
import { objectAt, stringAt } from '../wire/json.ts';
import type { Line, RequestId, RequestMessage } from '../wire/message.ts';
import { readRevision } from './attribution.ts';
import type { BatchAnswer } from './batch.ts';
import { CLIENT, type Exchange, type Side } from './exchange.ts';

export interface NewExchange {
  readonly line: Line<RequestMessage>;
  readonly asker: Side;
  readonly peer: Side;
  readonly peerId: RequestId;
  readonly now: Instant;
  readonly internal?: boolean;
  readonly batch?: BatchAnswer | undefined;
  readonly after?: Exchange | undefined;
  readonly prefix?: string | undefined;
}

export function newExchange(made: NewExchange): Exchange {
  const { line, asker, peer, peerId, now, internal = false, batch, after, prefix } = made;
  const { method, params, id } = line.message;
  const meta = objectAt(params, '_meta');
  const isCall = asker === CLIENT && method === 'tools/call';
  return {
    view: {
      asked: asker === CLIENT ? 'client' : 'server',
      upstream: asker === CLIENT ? peer : asker,
      method,
      tool: isCall ? stringAt(params, 'name') : undefined,
      params,
      modern: meta !== undefined && readRevision(meta) !== undefined,
      bytes: line.bytes.length - 1,
      prefix,
    },
    line,
    asker,
    peer,
    askerId: id,
    peerId,
    progress: { entered: 0 },
    startedMs: now.monoMs,
    batch,
    progressToken: tokenOf(meta),
    taskAugmented: isCall && objectAt(params, 'task') !== undefined,
    internal,
    intent: undefined,
    lastEntry: undefined,
    waiting: false,
    sent: false,
    sentMs: undefined,
    heardBefore: 0,
    deadline: undefined,
    isLookedAt: false,
    hardDueMs: Number.POSITIVE_INFINITY,
    idleMs: Number.POSITIVE_INFINITY,
    idleDueMs: Number.POSITIVE_INFINITY,
    closed: false,
    answered: false,
    after,
    next: undefined,
    held: undefined,
  };
}

export function tokenOf(meta: JsonObject | undefined): RequestId | undefined {
  if (meta === undefined || !Object.hasOwn(meta, 'progressToken')) return undefined;
  const token = meta.progressToken;
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}
