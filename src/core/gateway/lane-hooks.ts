// What the rest of a gateway is told of its servers as they come and go. Types only.
import type { JsonObject } from '../../wire/json.ts';
import type { Line, RequestMessage } from '../../wire/message.ts';
import type { Lane } from './lane.ts';
import type { Part } from './open-requests.ts';

export interface LaneHooks {
  /** A greeting came to its end. @param result undefined: it was not accepted @param answer what a server that is up said instead */
  onGreeted(lane: Lane, result: JsonObject | undefined, answer?: Buffer): void;
  /** What the client may see of it is gone. */
  onLeft(lane: Lane): void;
  /** It is up, and what waited for it has been sent. */
  onUp(lane: Lane): void;
  /** What waited for it is not sent. */
  onRefused(lane: Lane, part: Part, line: Line<RequestMessage>, kind: 'down' | 'slow'): void;
}
