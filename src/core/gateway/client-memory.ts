// What the client has said that a server must hear which starts or comes back later. Bytes as they were; no policy.
import { objectAt } from '../../wire/json.ts';
import type { Line, NotificationMessage, RequestMessage } from '../../wire/message.ts';
import { readClientName, readRevision } from '../attribution.ts';
import type { Lane } from './lane.ts';

export class ClientMemory {
  /** `unknown` until the client has said anything but a probe; an `initialize` makes it legacy, whatever came before. */
  era: 'unknown' | 'legacy' | 'modern' = 'unknown';
  initialize: Line<RequestMessage> | undefined;
  initialized: Line<NotificationMessage> | undefined;
  logLevel: Line<RequestMessage> | undefined;
  /** `name/version`, unverified. */
  name: string | undefined;
  /** It has its answer to `initialize`. Before that, nothing but this answer is said to it. */
  isGreeted = false;
  hasLeft = false;

  /** What a server that comes up must hear again after its greeting, of what the client has asked to be kept. */
  replaysFor(lane: Pick<Lane, 'offers' | 'subscriptions'>): readonly Line[] {
    if (this.era !== 'legacy') return [];
    const level = this.logLevel !== undefined && lane.offers('logging') ? [this.logLevel] : [];
    return [...level, ...lane.subscriptions.values()];
  }

  note(line: Line<RequestMessage>): void {
    const { method, params } = line.message;
    const meta = objectAt(params, '_meta');
    const isModern = readRevision(meta) !== undefined;
    // in 2026-07-28 there is no such method
    if (method === 'initialize' && !isModern) {
      this.era = 'legacy';
      this.initialize = line;
      this.initialized = undefined;
      this.isGreeted = false;
      this.name = readClientName(params) ?? this.name;
      return;
    }
    if (method === 'logging/setLevel') this.logLevel = line;
    if (isModern) this.name = readClientName(meta) ?? this.name;
    // A probe says nothing yet: whoever gets no for an answer goes on with `initialize`. A ping is for anybody.
    if (this.era === 'unknown' && method !== 'server/discover' && method !== 'ping') this.era = 'modern';
  }
}
