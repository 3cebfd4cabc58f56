// What lists of the merged ones have changed since the client was told: said at the end of an event, each once, where the protocol has
// a place for it.

import type { ListName } from '../interceptor.ts';
import type { ClientMemory } from './client-memory.ts';
import type { Greetings } from './greetings.ts';
import type { Lane } from './lane.ts';
import { CHANGES, type Listens } from './listens.ts';
import type { Outbox } from './outbox.ts';

type ChangedList = keyof typeof CHANGES;

export class ChangedLists {
  readonly #changed = new Set<ChangedList>();

  /** What it offers has come or gone. */
  note(lane: Lane): void {
    const { known } = lane.settings;
    const offers = (kind: 'tools' | 'prompts' | 'resources'): boolean =>
      lane.capabilities === undefined ? (known ?? ['tools']).includes(kind) : lane.offers(kind);
    if (offers('tools')) this.#changed.add('toolsListChanged');
    if (offers('prompts')) this.#changed.add('promptsListChanged');
    if (offers('resources')) this.#changed.add('resourcesListChanged');
  }

  /** One list of one server is another by the guard's doing. */
  noteList(list: ListName): void {
    this.#changed.add(`${list}ListChanged`);
  }

  tell(to: {
    readonly client: ClientMemory;
    readonly outbox: Outbox;
    readonly listens: Listens;
    readonly greetings: Greetings;
  }): void {
    if (this.#changed.size === 0) return;
    const { client, outbox, listens, greetings } = to;
    const changed = new Set(this.#changed);
    this.#changed.clear();
    if (client.hasLeft) return;
    if (client.era === 'modern') listens.tellChanged(changed);
    // Nothing is told before the client has heard all there was at first.
    if (client.era !== 'legacy' || !client.isGreeted || client.initialized === undefined) return;
    for (const kind of changed) {
      if (!greetings.announces(kind.replace('ListChanged', ''))) continue;
      outbox.toClient(Buffer.from(`{"jsonrpc":"2.0","method":"${CHANGES[kind]}"}\n`));
    }
  }
}
