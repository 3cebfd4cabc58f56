// What lists of the merged ones are others than the client was told: said at the end of a turn, each once, where the protocol has a
// place for it, and only where the list differs or may differ; of what a server says itself, so often and no more. Knows no entry of
// a list.
import { notificationLine } from '../../wire/reply.ts';
import { LIST_NAMES, type ListName } from '../interceptor.ts';
import type { ClientMemory } from './client-memory.ts';
import type { Greetings } from './greetings.ts';
import type { Lane } from './lane.ts';
import type { Listens } from './listens.ts';
import type { Outbox } from './outbox.ts';
import { CHANGES, type ChangedList } from './stream-filter.ts';

/** A server that says again within this that a list of its has changed is heard once, at its end: a client lists anew each time. */
const SPACING_MS = 500;
const NEVER = Number.POSITIVE_INFINITY;

/** Which list a notification says to have changed. */
export function listNamed(method: string): ListName | undefined {
  return LIST_NAMES.find((list) => CHANGES[`${list}ListChanged`] === method);
}

export class ChangedLists {
  readonly #changed = new Set<ChangedList>();
  /** A server has said so itself in this turn. */
  readonly #heard = new Set<ChangedList>();
  /** Which servers have just had their say of a list. */
  readonly #says = new Map<ChangedList, Map<Lane, Say>>();

  /** Monotonic ms at which something is to be told; Infinity for never. */
  get wakeAtMs(): number {
    let atMs = NEVER;
    for (const says of this.#says.values())
      for (const { untilMs, isOwed } of says.values()) if (isOwed) atMs = Math.min(atMs, untilMs);
    return atMs;
  }

  /** What it offers is another thing, whatever the client has seen of it. */
  note(lane: Lane): void {
    for (const list of offered(lane)) this.noteList(list);
  }

  /** It is there. @param isAsked a list that is being asked for now will say it */
  came(lane: Lane, isAsked: (list: ListName) => boolean): void {
    const { isIntroduced } = lane;
    lane.isIntroduced = false;
    for (const list of offered(lane)) {
      if (lane.shown.get(list) === true || isAsked(list)) continue;
      lane.shown.set(list, true);
      if (!isIntroduced) this.noteList(list);
    }
  }

  /** It is gone. Nothing to tell where no list had anything of it. */
  left(lane: Lane): void {
    for (const list of offered(lane)) {
      if (lane.shown.get(list) === true) this.noteList(list);
      lane.shown.set(list, false);
    }
  }

  /** One list of one server is another. */
  noteList(list: ListName): void {
    this.#changed.add(`${list}ListChanged`);
  }

  /** A server says so itself. @returns false where the client hears it later */
  maySay(lane: Lane, list: ListName, nowMs: number): boolean {
    const kind = `${list}ListChanged` as const;
    const says = this.#says.get(kind) ?? new Map<Lane, Say>();
    this.#says.set(kind, says);
    const say = says.get(lane);
    if (say !== undefined && nowMs < say.untilMs) {
      say.isOwed = true;
      return false;
    }
    says.set(lane, { untilMs: nowMs + SPACING_MS, isOwed: false });
    return true;
  }

  /** The client has just got this from a server itself. */
  heard(list: ListName): void {
    this.#heard.add(`${list}ListChanged`);
  }

  /** What is due is told with the rest, and what is told of a list is told for all who had more to say of it. */
  #owe(nowMs: number): void {
    for (const [list, says] of this.#says) {
      if ([...says.values()].some(({ untilMs, isOwed }) => isOwed && untilMs <= nowMs)) this.#changed.add(list);
      const isTold = this.#changed.has(list) || this.#heard.has(list);
      for (const [lane, say] of says) {
        if (say.isOwed && isTold) [say.isOwed, say.untilMs] = [false, nowMs + SPACING_MS];
        if (!say.isOwed && say.untilMs <= nowMs) says.delete(lane);
      }
    }
  }

  tell(to: {
    readonly client: ClientMemory;
    readonly outbox: Outbox;
    readonly listens: Listens;
    readonly greetings: Greetings;
  }): void {
    const { client, outbox, listens, greetings } = to;
    this.#owe(outbox.now.monoMs);
    const changed = new Set([...this.#changed].filter((list) => !this.#heard.has(list)));
    this.#changed.clear();
    this.#heard.clear();
    if (changed.size === 0 || client.hasLeft) return;
    if (client.era === 'modern') listens.tellChanged(changed);
    // Nothing is told before the client has heard all there was at first.
    if (client.era !== 'legacy' || !client.isGreeted || client.initialized === undefined) return;
    for (const kind of changed) {
      if (!greetings.announces(kind.replace('ListChanged', ''))) continue;
      outbox.toClient(notificationLine(CHANGES[kind]));
    }
  }
}

/** Of one server and one list. */
interface Say {
  /** Monotonic ms. */
  untilMs: number;
  /** It has said so again since. INVARIANT: that is told, or the client hears of the list from somebody else. */
  isOwed: boolean;
}

function offered(lane: Lane): readonly ListName[] {
  const { known } = lane.settings;
  return LIST_NAMES.filter((list) =>
    lane.capabilities === undefined ? (known ?? ['tools']).includes(list) : lane.offers(list),
  );
}
