// What lists of the merged ones are others than the client was told: said at the end of a turn, each once, where the protocol has a
// place for it, and only where the list differs or may differ. Knows no entry of a list.
import { LIST_NAMES, type ListName } from '../interceptor.ts';
import type { ClientMemory } from './client-memory.ts';
import type { Greetings } from './greetings.ts';
import type { Lane } from './lane.ts';
import { CHANGES, type Listens } from './listens.ts';
import type { Outbox } from './outbox.ts';

type ChangedList = keyof typeof CHANGES;

/** Which list a notification says to have changed. */
export function listNamed(method: string): ListName | undefined {
  return LIST_NAMES.find((list) => CHANGES[`${list}ListChanged`] === method);
}

export class ChangedLists {
  readonly #changed = new Set<ChangedList>();
  /** A server has said so itself in this turn. */
  readonly #heard = new Set<ChangedList>();

  /** What it offers is another thing, whatever the client has seen of it. */
  note(lane: Lane): void {
    for (const list of offered(lane)) this.noteList(list);
  }

  /** It is there. @param isAsked a list that is being asked for now will say it */
  came(lane: Lane, isAsked: (list: ListName) => boolean): void {
    for (const list of offered(lane)) {
      if (lane.shown.get(list) === true || isAsked(list)) continue;
      lane.shown.set(list, true);
      this.noteList(list);
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

  /** The client has just got this from a server itself. */
  heard(list: ListName): void {
    this.#heard.add(`${list}ListChanged`);
  }

  tell(to: {
    readonly client: ClientMemory;
    readonly outbox: Outbox;
    readonly listens: Listens;
    readonly greetings: Greetings;
  }): void {
    const changed = new Set([...this.#changed].filter((list) => !this.#heard.has(list)));
    this.#changed.clear();
    this.#heard.clear();
    const { client, outbox, listens, greetings } = to;
    if (changed.size === 0 || client.hasLeft) return;
    if (client.era === 'modern') listens.tellChanged(changed);
    // Nothing is told before the client has heard all there was at first.
    if (client.era !== 'legacy' || !client.isGreeted || client.initialized === undefined) return;
    for (const kind of changed) {
      if (!greetings.announces(kind.replace('ListChanged', ''))) continue;
      outbox.toClient(Buffer.from(`{"jsonrpc":"2.0","method":"${CHANGES[kind]}"}\n`));
    }
  }
}

function offered(lane: Lane): readonly ListName[] {
  const { known } = lane.settings;
  return LIST_NAMES.filter((list) =>
    lane.capabilities === undefined ? (known ?? ['tools']).includes(list) : lane.offers(list),
  );
}
