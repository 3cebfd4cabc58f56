// Makes one bounded list of the pages that a server sends, a few entries at a time. Knows no session and no file.
// attacker-controlled: every entry.
import { isJsonObject, type Json, type JsonObject, stringAt } from '../../wire/json.ts';
import { utf8Length } from '../../wire/utf8-length.ts';
import { LONGEST_NAME } from '../target-index.ts';
import type { KnownEntry, KnownList, ListKind } from './known-list.ts';
import { shortenDefinition } from './short-definition.ts';

/** UTF-8 bytes of one definition. A longer one of a tool is shortened; where that is still longer, only the digest is kept. */
const LONGEST_DEFINITION = 65_536;
/** What an entry costs in a document beside its name and definition; 64 of it are a digest. */
const OVERHEAD = 110;

/** By what an entry is named, and what of it is kept. */
const SHAPES: Readonly<Record<ListKind, { readonly name: string; readonly members: readonly string[] }>> = {
  tools: { name: 'name', members: ['title', 'description', 'annotations', 'inputSchema'] },
  resources: { name: 'uri', members: ['name', 'title', 'description', 'mimeType', 'annotations'] },
  resourceTemplates: { name: 'uriTemplate', members: ['name', 'title', 'description', 'mimeType', 'annotations'] },
  prompts: { name: 'name', members: ['title', 'description', 'arguments'] },
};

const KIB = 1024;
/**
 * UTF-8 bytes: all of a list, the whole definitions in it, and those that are shortened. INVARIANT: all lists together fit a state
 * document (4 MiB).
 */
const ROOM: Readonly<Record<ListKind, { readonly all: number; readonly definitions: number; readonly short: number }>> =
  {
    tools: { all: 2816 * KIB, definitions: 1344 * KIB, short: 448 * KIB },
    resources: { all: 512 * KIB, definitions: 256 * KIB, short: 0 },
    resourceTemplates: { all: 128 * KIB, definitions: 96 * KIB, short: 0 },
    prompts: { all: 384 * KIB, definitions: 256 * KIB, short: 0 },
  };

/** Entries that are taken in one step: some milliseconds at most, for definitions of common size. */
const STEP_ENTRIES = 200;
/** UTF-16 units that end a step early. */
const STEP_LENGTH = 524_288;

export class ListBuilder {
  readonly #kind: ListKind;
  readonly #digest: (text: string) => string;
  readonly #entries: KnownEntry[] = [];
  #chain = '';
  #omitted = 0;
  #room: number;
  #definitionRoom: number;
  #shortRoom: number;

  /** @param digest SHA-256, hex */
  constructor(kind: ListKind, digest: (text: string) => string) {
    this.#kind = kind;
    this.#digest = digest;
    this.#room = ROOM[kind].all;
    this.#definitionRoom = ROOM[kind].definitions;
    this.#shortRoom = ROOM[kind].short;
  }

  /** Takes some entries of a page, from `from` on. @returns where to go on; the length where that was all */
  take(page: readonly Json[], from: number): number {
    const texts: string[] = [];
    let length = 0;
    let at = from;
    for (; at < page.length && texts.length < STEP_ENTRIES && length < STEP_LENGTH; at += 1) {
      const text = this.#add(page[at]);
      length += text.length;
      texts.push(text);
    }
    this.#chain = this.#digest(`${this.#chain}\n${texts.join('\n')}`);
    return at;
  }

  finish(isComplete: boolean, nowMs: number): KnownList {
    return {
      entries: this.#entries,
      omitted: this.#omitted,
      isComplete,
      digest: this.#digest(`${isComplete ? 'complete' : 'part'} ${this.#chain}`),
      sinceMs: nowMs,
      seenAtMs: nowMs,
    };
  }

  /** @returns the text that stands for it in the digest of the list */
  #add(value: Json | undefined): string {
    const { name: key, members } = SHAPES[this.#kind];
    const name = isJsonObject(value) ? stringAt(value, key) : undefined;
    // what is longer is granted by nothing (target-index.ts), and what has no name is not shown
    if (!isJsonObject(value) || name === undefined || name.length > LONGEST_NAME) {
      this.#omitted += 1;
      return '';
    }
    const definition = pick(value, members);
    const text = `${JSON.stringify(name)} ${JSON.stringify(definition)}`;
    const bytes = utf8Length(text) + OVERHEAD;
    if (bytes <= LONGEST_DEFINITION && bytes <= this.#definitionRoom && bytes <= this.#room) {
      this.#definitionRoom -= bytes;
      this.#room -= bytes;
      this.#entries.push({ name, definition, digest: undefined });
      return text;
    }
    const short = this.#shorten(name, definition);
    const cost = short?.bytes ?? utf8Length(JSON.stringify(name)) + OVERHEAD;
    if (cost > this.#room) {
      this.#omitted += 1;
      return text;
    }
    this.#room -= cost;
    this.#shortRoom -= short?.bytes ?? 0;
    this.#entries.push({ name, definition: short?.definition, digest: this.#digest(JSON.stringify(definition)) });
    return text;
  }

  /** Undefined where it is none of a tool, or there is no room for it either. */
  #shorten(name: string, whole: JsonObject): { readonly definition: JsonObject; readonly bytes: number } | undefined {
    const definition = this.#shortRoom > 0 ? shortenDefinition(whole) : undefined;
    if (definition === undefined) return undefined;
    const bytes = utf8Length(`${JSON.stringify(name)} ${JSON.stringify(definition)}`) + OVERHEAD;
    const isKept = bytes <= LONGEST_DEFINITION && bytes <= this.#shortRoom && bytes <= this.#room;
    return isKept ? { definition, bytes } : undefined;
  }
}

function pick(entry: JsonObject, members: readonly string[]): JsonObject {
  const picked: Record<string, Json | undefined> = {};
  for (const key of members) if (Object.hasOwn(entry, key)) picked[key] = entry[key];
  return picked;
}
