// One request until it settles, and the table of those that are open. Pure bookkeeping: decides nothing, sends nothing.
import type { IntentEntry, OutcomeEntry } from '../audit/entry.ts';
import type { Line, RequestId, RequestMessage } from '../wire/message.ts';
import type { BatchAnswer } from './batch.ts';
import type { Progress } from './chain.ts';
import type { RequestView } from './interceptor.ts';
import type { Deadline } from './settings.ts';

/** One end of an exchange: an upstream's name, or the client. */
export type Side = string;

const MOST_GIVEN_UP = 1024;

/** INVARIANT: no upstream has this name. */
export const CLIENT: Side = '';

export interface Exchange {
  readonly view: RequestView;
  /** Let go once it is sent: what is open must not hold what it said. */
  line: Line<RequestMessage> | undefined;
  readonly asker: Side;
  readonly peer: Side;
  /** The id under which the asking side waits. */
  readonly askerId: RequestId;
  /** The id under which the other side answers: the asker's own, unless that one was taken. */
  readonly peerId: RequestId;
  readonly progress: Progress;
  /** Monotonic ms. */
  readonly startedMs: number;
  readonly batch: BatchAnswer | undefined;
  readonly progressToken: RequestId | undefined;
  /** The request asked for a task (2025-11-25 `params.task`): SDKs reject a plain result there. */
  readonly taskAugmented: boolean;
  /** Made by the guard itself (a replay after a restart): its answer goes to nobody. */
  readonly internal: boolean;
  /** The request as it is recorded; undefined for the guard's own. */
  intent: IntentEntry | undefined;
  /** The newest record of this exchange: what is sent next needs it to be written. */
  lastEntry: IntentEntry | OutcomeEntry | undefined;
  /** Held by an interceptor. */
  waiting: boolean;
  /** The other side has been told. An answer before that belongs to nothing. */
  sent: boolean;
  /** Monotonic ms at which it was sent; undefined before. */
  sentMs: number | undefined;
  /** Lines of the other side that had come when it was sent. */
  heardBefore: number;
  /** How long the other side has, once it is sent; undefined for ever. */
  deadline: Deadline | undefined;
  /** Whether the server lives has been asked, as the deadline came near. */
  isLookedAt: boolean;
  /** Monotonic ms at which the guard gives up; Infinity for never. */
  hardDueMs: number;
  /** Longest silence in ms; Infinity for any. */
  idleMs: number;
  idleDueMs: number;
  /** INVARIANT: goes from false to true once, in the ledger. */
  closed: boolean;
  /** The asking side has its answer, or needs none any more. */
  answered: boolean;
  /** An earlier open exchange under the same asker's id: it is answered first. */
  after: Exchange | undefined;
  /** The one that waits for this one's answer to go first. */
  next: Exchange | undefined;
  /** The answer that is held back until `after` has been answered. */
  held: (() => void) | undefined;
}

/**
 * What the tables hold. A `Map` that outgrew its storage leaves the old one to the garbage collector with everything that
 * was open then, so an exchange is taken out of its box when it closes: under load that is most of what is collected.
 */
interface Box {
  exchange: Exchange | undefined;
}

/**
 * The open exchanges of a session, in both directions: the client's requests are found under (upstream, id), a server's
 * under (client, id). Keys are typed: `7` and `"7"` are two ids.
 */
export class ExchangeTable {
  readonly #byPeer = new Map<Side, Map<RequestId, Box>>();
  readonly #byAsker = new Map<Side, Map<RequestId, Box>>();
  readonly #byToken = new Map<Side, Map<RequestId, Box>>();
  /** Ids that the other side may still answer although nobody waits any more. */
  readonly #givenUp = new Map<Side, Map<RequestId, RequestView>>();
  #highestClientId = 0;

  /** The highest integer id that the client has used so far. */
  get highestClientId(): number {
    return this.#highestClientId;
  }

  add(exchange: Exchange): void {
    const { asker, askerId } = exchange;
    const box = { exchange };
    at(this.#byPeer, exchange.peer).set(exchange.peerId, box);
    at(this.#byAsker, asker).set(askerId, box);
    if (exchange.progressToken !== undefined) at(this.#byToken, asker).set(exchange.progressToken, box);
    if (asker === CLIENT && typeof askerId === 'number' && askerId > this.#highestClientId) {
      this.#highestClientId = askerId;
    }
  }

  remove(exchange: Exchange): void {
    const { asker, askerId, progressToken } = exchange;
    const peers = at(this.#byPeer, exchange.peer);
    const box = peers.get(exchange.peerId);
    if (box?.exchange !== exchange) return;
    peers.delete(exchange.peerId);
    // A later exchange under the same id has taken the entry over: that one stays. An earlier one that is still open gets it back.
    const askers = at(this.#byAsker, asker);
    if (askers.get(askerId) === box) {
      const before = this.#openBefore(exchange);
      if (before === undefined) askers.delete(askerId);
      else askers.set(askerId, before);
    }
    if (progressToken !== undefined && at(this.#byToken, asker).get(progressToken) === box) {
      at(this.#byToken, asker).delete(progressToken);
    }
    box.exchange = undefined;
  }

  /** The newest exchange that is open of those that came before under the same asker's id. */
  #openBefore({ after }: Exchange): Box | undefined {
    for (let one = after; one !== undefined; one = one.after) {
      const box = this.#byPeer.get(one.peer)?.get(one.peerId);
      if (box?.exchange === one) return box;
    }
    return undefined;
  }

  /** Nobody waits for this one any more, but its answer may still come: until then its id is not free. */
  giveUp(exchange: Exchange): void {
    if (!exchange.sent) return;
    let ids = this.#givenUp.get(exchange.peer);
    if (ids === undefined) {
      ids = new Map();
      this.#givenUp.set(exchange.peer, ids);
    }
    const oldest = ids.size < MOST_GIVEN_UP ? undefined : ids.keys().next();
    if (oldest !== undefined && oldest.done !== true) ids.delete(oldest.value);
    ids.set(exchange.peerId, exchange.view);
  }

  /** The late answer to one that was given up has come. @returns what it was; undefined where none is known */
  forget(peer: Side, id: RequestId): RequestView | undefined {
    const view = this.#givenUp.get(peer)?.get(id);
    this.#givenUp.get(peer)?.delete(id);
    return view;
  }

  /** A new server knows nothing of what the old one was asked. */
  forgetAll(peer: Side): void {
    this.#givenUp.delete(peer);
  }

  isFree(peer: Side, id: RequestId): boolean {
    return this.byPeerId(peer, id) === undefined && this.#givenUp.get(peer)?.has(id) !== true;
  }

  /** The open exchange that `peer` answers with this id. */
  byPeerId(peer: Side, id: RequestId): Exchange | undefined {
    return this.#byPeer.get(peer)?.get(id)?.exchange;
  }

  /** The newest open exchange that `asker` knows under this id. */
  byAskerId(asker: Side, id: RequestId): Exchange | undefined {
    return this.#byAsker.get(asker)?.get(id)?.exchange;
  }

  /** The last that is not answered yet under that id, open or not: the next one is answered after it. */
  lastUnanswered(asker: Side, id: RequestId): Exchange | undefined {
    let last = this.byAskerId(asker, id);
    while (last?.next !== undefined) last = last.next;
    return last;
  }

  byProgressToken(asker: Side, token: RequestId): Exchange | undefined {
    return this.#byToken.get(asker)?.get(token)?.exchange;
  }

  /** A copy, so that the caller may settle while it walks. */
  all(): Exchange[] {
    const open: Exchange[] = [];
    for (const boxes of this.#byPeer.values()) {
      for (const { exchange } of boxes.values()) if (exchange !== undefined) open.push(exchange);
    }
    return open;
  }
}

function at(maps: Map<Side, Map<RequestId, Box>>, side: Side): Map<RequestId, Box> {
  let map = maps.get(side);
  if (map === undefined) {
    map = new Map();
    maps.set(side, map);
  }
  return map;
}
