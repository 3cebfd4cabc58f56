// What the client has said about itself and asked to be kept: enough to introduce it to a restarted server.
// Bytes are kept as they were; nothing is rewritten. Knows no policy.

import { isJsonObject, objectAt, stringAt } from '../wire/json.ts';
import type { Line, NotificationMessage, RequestMessage, ResponseMessage } from '../wire/message.ts';
import { PROTOCOL_VERSION_KEY, readClientName } from './attribution.ts';
import { LIST_NAMES, type ListName } from './interceptor.ts';

const MOST_SUBSCRIPTIONS = 1024;

export class Handshake {
  /** `name/version`, as last heard. */
  clientName: string | undefined;
  /** The `model` of the last sampling result: a hint for the record. */
  lastSampledModel: string | undefined;
  /** `unknown` until the client has shown its era; an `initialize` makes the pipe legacy, whatever came before. */
  era: 'unknown' | 'legacy' | 'modern' = 'unknown';
  /** A server has answered the client's `initialize` with a result. */
  accepted = false;
  /** The lists of which that server may say that they have changed. */
  announces: ReadonlySet<ListName> = new Set();
  /** That server sends log messages. */
  announcesLogging = false;
  #initialize: Line<RequestMessage> | undefined;
  #initialized: Line<NotificationMessage> | undefined;
  #logLevel: Line<RequestMessage> | undefined;
  readonly #subscriptions = new Map<string, Line<RequestMessage>>();
  #lastModernInfo: unknown;

  get initialize(): Line<RequestMessage> | undefined {
    return this.#initialize;
  }

  /** What the client last set; undefined: nothing yet. attacker-controlled. */
  get logLevel(): string | undefined {
    return stringAt(this.#logLevel?.message.params, 'level');
  }

  get initialized(): Line<NotificationMessage> | undefined {
    return this.#initialized;
  }

  /** What a restarted legacy server must hear again, after the handshake, in this order. */
  get replays(): readonly Line<RequestMessage>[] {
    const level = this.#logLevel === undefined ? [] : [this.#logLevel];
    return [...level, ...this.#subscriptions.values()];
  }

  /** Notes a request of the client. Returns true where it told a client name that was not known before. */
  note(line: Line<RequestMessage>): boolean {
    const { method, params } = line.message;
    if (method === 'initialize') {
      this.era = 'legacy';
      this.#initialize = line;
      this.#initialized = undefined;
      return this.#nameIs(readClientName(params));
    }
    if (method === 'logging/setLevel') this.#logLevel = line;
    else if (method === 'resources/subscribe' || method === 'resources/unsubscribe') this.#noteSubscription(line);
    const meta = objectAt(params, '_meta');
    if (meta === undefined || stringAt(meta, PROTOCOL_VERSION_KEY) === undefined) return false;
    if (this.era === 'unknown' && method !== 'server/discover') this.era = 'modern';
    const info = JSON.stringify(objectAt(meta, 'io.modelcontextprotocol/clientInfo'));
    if (info === undefined || info === this.#lastModernInfo) return false;
    this.#lastModernInfo = info;
    return this.#nameIs(readClientName(meta));
  }

  noteAccepted(line: Line<ResponseMessage>): void {
    this.accepted = true;
    const { result } = line.message;
    const capabilities = isJsonObject(result) ? objectAt(result, 'capabilities') : undefined;
    this.announces = new Set(LIST_NAMES.filter((list) => objectAt(capabilities, list)?.listChanged === true));
    this.announcesLogging = objectAt(capabilities, 'logging') !== undefined;
  }

  noteNotification(line: Line<NotificationMessage>): void {
    if (line.message.method === 'notifications/initialized') this.#initialized = line;
  }

  #nameIs(name: string | undefined): boolean {
    if (name === undefined || name === this.clientName) return false;
    this.clientName = name;
    return true;
  }

  #noteSubscription(line: Line<RequestMessage>): void {
    const uri = stringAt(line.message.params, 'uri');
    if (uri === undefined) return;
    if (line.message.method === 'resources/unsubscribe') this.#subscriptions.delete(uri);
    else if (this.#subscriptions.size < MOST_SUBSCRIPTIONS) this.#subscriptions.set(uri, line);
  }
}
