// What is kept of what a server offers: its lists, bounded, with each definition as the server wrote it. Types, the strict reader
// of a document, and how a newer look replaces an older one. Knows no file and no protocol.
import { isJsonObject, type Json, type JsonObject, stringAt } from '../../wire/json.ts';
import { isCount, isMoment } from '../../wire/number-kinds.ts';

export const LIST_KINDS = ['tools', 'resources', 'resourceTemplates', 'prompts'] as const;
export type ListKind = (typeof LIST_KINDS)[number];

/** One tool, resource, template or prompt. attacker-controlled. */
export interface KnownEntry {
  /** What a scope names it by: the name of a tool or prompt, the URI of a resource, the text of a template. */
  readonly name: string;
  /**
   * Members of the definition, as the server wrote them: `title`, `description`, `annotations`, `inputSchema` (tools), `arguments`
   * (prompts), `mimeType` (resources). Undefined where it is too large to keep; shortened (short-definition.ts) where there is a digest.
   */
  readonly definition: JsonObject | undefined;
  /** SHA-256, hex, of the whole definition where that is not kept. */
  readonly digest: string | undefined;
}

export interface KnownList {
  readonly entries: readonly KnownEntry[];
  /** Entries that are not in it: without a name, or beyond what is kept. */
  readonly omitted: number;
  /** Every page was seen, to the last. */
  readonly isComplete: boolean;
  /** Of all of it, whether kept or not; equal for equal lists on equal pages. */
  readonly digest: string;
  /** Milliseconds since the epoch: offered so since, and (to the day) when last. */
  readonly sinceMs: number;
  readonly seenAtMs: number;
}

/** As the server calls itself. attacker-controlled. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
}

export type KnownLists = Readonly<Partial<Record<ListKind, KnownList>>>;

/** What one server last offered, as it lies in `<state>/<tenant>/inventory/<server>.json`. */
export interface Inventory {
  readonly version: 1;
  /** The guard's name of the server. */
  readonly name: string;
  readonly server: ServerFacts | undefined;
  readonly lists: KnownLists;
}

/** What a session has seen: some of the lists. */
export interface Offered {
  readonly server: ServerFacts | undefined;
  readonly lists: KnownLists;
}

/** A list that has not changed is not worth a write more than once in this time. */
const SEEN_EVERY_MS = 86_400_000;

/** With what was seen now; the same value where that is nothing new. */
export function mergeInventory(known: Inventory, offered: Offered): Inventory {
  const isOtherServer = offered.server !== undefined && !isSameServer(known.server, offered.server);
  let lists = known.lists;
  for (const kind of LIST_KINDS) {
    const seen = offered.lists[kind];
    if (seen === undefined) continue;
    const list = mergeList(known.lists[kind], seen, isOtherServer);
    if (list !== known.lists[kind]) lists = { ...lists, [kind]: list };
  }
  if (lists === known.lists && !isOtherServer) return known;
  return { ...known, server: offered.server ?? known.server, lists };
}

function mergeList(known: KnownList | undefined, seen: KnownList, isOtherServer: boolean): KnownList {
  if (known === undefined) return seen;
  if (known.digest === seen.digest) {
    const isOld = Math.abs(seen.seenAtMs - known.seenAtMs) >= SEEN_EVERY_MS;
    return isOld ? { ...known, seenAtMs: seen.seenAtMs } : known;
  }
  // a client that reads one page only must not take away what another has read to its end
  return known.isComplete && !seen.isComplete && !isOtherServer ? known : seen;
}

function isSameServer(one: ServerFacts | undefined, other: ServerFacts): boolean {
  return one?.name === other.name && one.version === other.version;
}

/** Undefined where the value is no such document, or another server's. Nothing is cast. */
export function readInventory(value: unknown, name: string): Inventory | undefined {
  const document = asObject(value);
  if (document === undefined || document.version !== 1 || document.name !== name) return undefined;
  const lists = asObject(document.lists);
  if (lists === undefined) return undefined;
  const read: Partial<Record<ListKind, KnownList>> = {};
  for (const kind of LIST_KINDS) {
    if (!Object.hasOwn(lists, kind)) continue;
    const list = readList(lists[kind]);
    if (list === undefined) return undefined;
    read[kind] = list;
  }
  const hasServer = Object.hasOwn(document, 'server') && document.server !== undefined;
  const server = hasServer ? readServer(document.server) : 'none';
  if (server === undefined) return undefined;
  return { version: 1, name, server: server === 'none' ? undefined : server, lists: read };
}

function readServer(value: Json | undefined): ServerFacts | undefined {
  const server = asObject(value);
  const [name, version] = [stringAt(server, 'name'), stringAt(server, 'version')];
  return name === undefined || version === undefined ? undefined : { name, version };
}

function readList(value: Json | undefined): KnownList | undefined {
  const list = asObject(value);
  const digest = stringAt(list, 'digest');
  if (list === undefined || digest === undefined || !Array.isArray(list.entries)) return undefined;
  const { omitted, isComplete, sinceMs, seenAtMs } = list;
  if (!isCount(omitted) || !isMoment(sinceMs) || !isMoment(seenAtMs) || typeof isComplete !== 'boolean')
    return undefined;
  const entries: KnownEntry[] = [];
  for (const one of list.entries) {
    const entry = readEntry(one);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return { entries, omitted, isComplete, digest, sinceMs, seenAtMs };
}

function readEntry(value: Json): KnownEntry | undefined {
  const entry = asObject(value);
  const name = stringAt(entry, 'name');
  if (entry === undefined || name === undefined) return undefined;
  const digest = stringAt(entry, 'digest');
  // what is about to be written has the member with no value, what was read does not have it
  if (!Object.hasOwn(entry, 'definition') || entry.definition === undefined)
    return digest === undefined ? undefined : { name, definition: undefined, digest };
  const definition = asObject(entry.definition);
  return definition === undefined ? undefined : { name, definition, digest };
}

function asObject(value: unknown): JsonObject | undefined {
  // untyped input enters here: what came out of `JSON.parse` is JSON
  const json = value as Json | undefined;
  return isJsonObject(json) ? json : undefined;
}
