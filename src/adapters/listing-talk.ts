// What is said to a server that is asked only what it offers: the handshake, then every page of every list. No tool is called. Knows
// no process, no clock and no file. attacker-controlled: every answer. INVARIANT: ends, and holds a bounded amount, whatever comes.
import {
  type KnownList,
  type KnownLists,
  LIST_KINDS,
  type ListKind,
  type ServerFacts,
} from '../policy/inventory/known-list.ts';
import { ListBuilder } from '../policy/inventory/list-builder.ts';
import { readFacts } from '../policy/inventory/server-facts.ts';
import { LONGEST_INSTRUCTIONS } from '../policy/pins/pin-room.ts';
import { Listing as DefinitionPages, type SeenSet, type SeenTools } from '../policy/pins/seen-set.ts';
import { isJsonObject, type Json, type JsonObject, memberOf, objectAt, stringAt } from '../wire/json.ts';
import type { Message, RequestId, RequestMessage, ResponseMessage } from '../wire/message.ts';
import { errorLine, METHOD_NOT_FOUND } from '../wire/reply.ts';

export interface Listing {
  /** As the server calls itself. */
  readonly server: ServerFacts | undefined;
  /** Those that it says it has. */
  readonly lists: KnownLists;
  /** Its tools as wholes and its instructions, to compare with what was approved; undefined where no page of them came. */
  readonly seen: SeenSet | undefined;
  /** Why a list is not whole; inert it is not. */
  readonly faults: readonly { readonly kind: ListKind; readonly why: string }[];
}

export type ListingOutcome =
  | { readonly kind: 'listed'; readonly listing: Listing }
  | { readonly kind: 'refused'; readonly why: string };

export interface TalkParts {
  /** Of the guard. */
  readonly version: string;
  /** SHA-256, hex. */
  readonly digest: (text: string) => string;
  readonly nowMs: () => number;
  readonly send: (line: Buffer) => void;
  /** Called once. */
  readonly done: (outcome: ListingOutcome) => void;
}

const METHODS: Readonly<Record<ListKind, { readonly method: string; readonly capability: string }>> = {
  tools: { method: 'tools/list', capability: 'tools' },
  resources: { method: 'resources/list', capability: 'resources' },
  resourceTemplates: { method: 'resources/templates/list', capability: 'resources' },
  prompts: { method: 'prompts/list', capability: 'prompts' },
};
const CHANGES: ReadonlyMap<string, readonly ListKind[]> = new Map<string, readonly ListKind[]>([
  ['notifications/tools/list_changed', ['tools']],
  ['notifications/resources/list_changed', ['resources', 'resourceTemplates']],
  ['notifications/prompts/list_changed', ['prompts']],
]);
const LEGACY_VERSION = '2025-11-25';
const MODERN_VERSION = '2026-07-28';
const MOST_PAGES = 1_000;
/** A list is read again where it changes meanwhile, but not for ever. */
const MOST_READINGS = 3;
const LONGEST_SAID = 200;

/** Everything that a server may make its lists depend on. What it then asks is answered, and nothing is done. */
const CAPABILITIES: JsonObject = { roots: { listChanged: true }, sampling: {}, elicitation: {} };

export class ListingTalk {
  readonly #parts: TalkParts;
  readonly #lists: Partial<Record<ListKind, KnownList>> = {};
  readonly #faults = new Map<ListKind, string>();
  readonly #readings = new Map<ListKind, number>();
  #waiting: ListKind[] = [];
  #server: ServerFacts | undefined;
  #isModern = false;
  #isOver = false;
  #id = 0;
  #asked: 'initialize' | 'discover' | ListKind | undefined;
  #builder: ListBuilder | undefined;
  #pages = 0;
  #cursor: string | undefined;
  readonly #definitions = new DefinitionPages();
  #seen: SeenTools | undefined;
  #instructions: string | undefined;

  constructor(parts: TalkParts) {
    this.#parts = parts;
  }

  begin(): void {
    const clientInfo = { name: 'mcp-guard', version: this.#parts.version };
    this.#ask('initialize', 'initialize', {
      protocolVersion: LEGACY_VERSION,
      capabilities: CAPABILITIES,
      clientInfo,
    });
  }

  take(message: Message): void {
    if (this.#isOver) return;
    if (message.kind === 'request') this.#answer(message);
    else if (message.kind === 'notification') this.#note(message.method);
    else if (message.id === this.#id) this.#read(message);
  }

  /** A line that could be read in more than one way. @param id of the request that it surely answers */
  refuse(id: RequestId | undefined, why: string): void {
    if (this.#isOver || id !== this.#id) return;
    this.#fail(`its answer was refused: ${why}`);
  }

  #answer({ id, method }: RequestMessage): void {
    if (method === 'ping') this.#say({ id, result: {} });
    else if (method === 'roots/list') this.#say({ id, result: { roots: [] } });
    else this.#parts.send(errorLine(id, METHOD_NOT_FOUND, 'nobody is there: the server is only asked what it offers'));
  }

  #note(method: string): void {
    for (const kind of CHANGES.get(method) ?? []) {
      const isRead = this.#lists[kind] !== undefined || this.#asked === kind;
      if (isRead && !this.#waiting.includes(kind)) this.#waiting.push(kind);
    }
  }

  #read({ result, error }: ResponseMessage): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked === undefined) return;
    if (asked === 'initialize' || asked === 'discover') {
      if (isJsonObject(result)) this.#greeted(result);
      else if (asked === 'initialize') this.#discover();
      else this.#end({ kind: 'refused', why: `it refused the handshake${said(error)}` });
      return;
    }
    const entries = memberOf(result, asked);
    if (isJsonObject(result) && Array.isArray(entries)) this.#page(asked, entries, stringAt(result, 'nextCursor'));
    else if (error?.code === METHOD_NOT_FOUND && this.#pages === 0) this.#next();
    else
      this.#fail(error === undefined ? 'its answer holds no list' : `it answered with an error${said(error)}`, asked);
  }

  #greeted(result: JsonObject): void {
    this.#server = readFacts(result) ?? this.#server;
    const instructions = stringAt(result, 'instructions');
    if (instructions !== undefined && instructions.length <= LONGEST_INSTRUCTIONS) this.#instructions = instructions;
    if (!this.#isModern) this.#say({ method: 'notifications/initialized' });
    const capabilities = objectAt(result, 'capabilities');
    this.#waiting = LIST_KINDS.filter((kind) => objectAt(capabilities, METHODS[kind].capability) !== undefined);
    this.#next();
  }

  /** A server of 2026-07-28 alone knows no `initialize`. */
  #discover(): void {
    this.#isModern = true;
    this.#ask('discover', 'server/discover', {});
  }

  #next(): void {
    for (let kind = this.#waiting.shift(); kind !== undefined; kind = this.#waiting.shift()) {
      const readings = (this.#readings.get(kind) ?? 0) + 1;
      if (readings > MOST_READINGS) continue;
      this.#readings.set(kind, readings);
      this.#faults.delete(kind);
      this.#builder = new ListBuilder(kind, this.#parts.digest);
      this.#pages = 0;
      this.#cursor = undefined;
      this.#ask(kind, METHODS[kind].method, {});
      return;
    }
    const faults = [...this.#faults].map(([kind, why]) => ({ kind, why }));
    const isWhole = this.#seen?.isWhole === true && !this.#faults.has('tools');
    const seen = this.#seen && sightOf({ ...this.#seen, isWhole }, this.#instructions);
    this.#end({ kind: 'listed', listing: { server: this.#server, lists: { ...this.#lists }, seen, faults } });
  }

  #page(kind: ListKind, entries: readonly Json[], cursor: string | undefined): void {
    const builder = this.#builder;
    if (builder === undefined) return;
    for (let taken = 0; taken < entries.length; ) taken = builder.take(entries, taken);
    if (kind === 'tools') this.#seen = this.#definitions.take(this.#cursor, entries, cursor);
    this.#pages += 1;
    if (cursor === undefined) {
      this.#keep(kind, true);
      this.#next();
    } else if (cursor === this.#cursor) this.#fail('it gives the same cursor again', kind);
    else if (this.#pages >= MOST_PAGES) this.#fail(`it has more than ${MOST_PAGES} pages`, kind);
    else {
      this.#cursor = cursor;
      this.#ask(kind, METHODS[kind].method, { cursor });
    }
  }

  /** What has come of a list is kept, and known to be a part. */
  #fail(why: string, asked: 'initialize' | 'discover' | ListKind | undefined = this.#asked): void {
    this.#asked = undefined;
    if (asked === undefined) return;
    if (asked === 'initialize' || asked === 'discover') {
      this.#end({ kind: 'refused', why });
      return;
    }
    this.#faults.set(asked, why);
    this.#keep(asked, false);
    this.#next();
  }

  #keep(kind: ListKind, isComplete: boolean): void {
    const list = this.#builder?.finish(isComplete, this.#parts.nowMs());
    if (list !== undefined) this.#lists[kind] = list;
  }

  #ask(asked: 'initialize' | 'discover' | ListKind, method: string, params: JsonObject): void {
    this.#id += 1;
    this.#asked = asked;
    this.#say({ id: this.#id, method, params: this.#isModern ? { ...params, _meta: this.#meta() } : params });
  }

  #meta(): JsonObject {
    const prefix = 'io.modelcontextprotocol/';
    return {
      [`${prefix}protocolVersion`]: MODERN_VERSION,
      [`${prefix}clientInfo`]: { name: 'mcp-guard', version: this.#parts.version },
      [`${prefix}clientCapabilities`]: CAPABILITIES,
    };
  }

  #say(message: JsonObject): void {
    this.#parts.send(Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`));
  }

  #end(outcome: ListingOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.done(outcome);
  }
}

function sightOf({ tools, isWhole }: SeenTools, instructions: string | undefined): SeenSet {
  return { pins: { tools, instructions }, hasInstructions: true, ...(isWhole ? {} : { isPart: true }) };
}

function said(error: JsonObject | undefined): string {
  const message = stringAt(error, 'message');
  return message === undefined ? '' : `: ${message.slice(0, LONGEST_SAID)}`;
}
