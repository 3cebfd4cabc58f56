// What was used of one server: each tool, prompt, resource and request by its name, how often, when last, and where its
// arguments pointed. Pure; whoever reads the trail feeds it. attacker-controlled: names and arguments. INVARIANT: bounded.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';
import type { TargetKind } from '../scope/scope-policy.ts';

/** Of one argument, by its JSON pointer (`*` for every element): the directories and hosts that it named. */
export interface ArgumentUse {
  readonly roots: ReadonlySet<string>;
  /** The paths themselves, as they were written; where there are more than are kept, the first of them. */
  readonly paths: ReadonlySet<string>;
  readonly hosts: ReadonlySet<string>;
}

/** How a call ended. `done`: with a result that is no error. `open`: no end of it is on record. */
export type UseEnd = 'done' | 'failed' | 'open';

export interface NameUse {
  /** Those that were let pass, whatever became of them. */
  readonly calls: number;
  /** Of those: that came to a result, and that did not. Of the others no end is on record. */
  readonly done: number;
  readonly failed: number;
  /** Milliseconds since the epoch. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of those that came to a result alone: what a server refused is nothing that anybody needs. */
  readonly args: ReadonlyMap<string, ArgumentUse>;
  /** Arguments that were given a text which is neither an absolute path nor a URL, by their pointers; of those calls, too. */
  readonly unplaced: ReadonlySet<string>;
  /** More arguments, directories or hosts than are kept. */
  readonly hasMore: boolean;
}

export interface ServerUse {
  readonly byKind: Readonly<Record<TargetKind, ReadonlyMap<string, NameUse>>>;
  /** The oldest record of this server, milliseconds since the epoch: of what was before nothing is known. */
  readonly sinceMs: number;
  /** More names than are kept: what is not here may have been used. */
  readonly hasMore: boolean;
}

export interface UseCollector {
  readonly use: ServerUse;
  /** There is a record of the server, whatever it says. */
  note(atMs: number): void;
  add(kind: TargetKind, name: string, atMs: number, end: UseEnd): void;
  /** Of a call that was added as `done`. @param args undefined where they are not on record */
  addArguments(tool: string, args: JsonObject | undefined): void;
}

const MOST_NAMES = 10_000;
const MOST_POINTERS = 16;
const MOST_VALUES = 32;
const MOST_STRINGS = 64;
const DEEPEST = 4;
const LONGEST_TEXT = 4_096;

interface Growing {
  calls: number;
  done: number;
  failed: number;
  firstMs: number;
  lastMs: number;
  readonly args: Map<string, { readonly roots: Set<string>; readonly paths: Set<string>; readonly hosts: Set<string> }>;
  readonly unplaced: Set<string>;
  hasMore: boolean;
}

export function collectUse(): UseCollector {
  const byKind = {
    tool: new Map<string, Growing>(),
    resource: new Map<string, Growing>(),
    prompt: new Map<string, Growing>(),
    request: new Map<string, Growing>(),
    method: new Map<string, Growing>(),
  };
  const use = { byKind, sinceMs: Number.POSITIVE_INFINITY, hasMore: false };
  let names = 0;
  return {
    use,
    note(atMs) {
      use.sinceMs = Math.min(use.sinceMs, atMs);
    },
    add(kind, name, atMs, end) {
      let known = byKind[kind].get(name);
      if (known === undefined) {
        if (names >= MOST_NAMES) {
          use.hasMore = true;
          return;
        }
        names += 1;
        known = {
          ...{ calls: 0, done: 0, failed: 0, firstMs: atMs, lastMs: atMs },
          ...{ args: new Map(), unplaced: new Set<string>(), hasMore: false },
        };
        byKind[kind].set(name, known);
      }
      known.calls += 1;
      if (end !== 'open') known[end] += 1;
      known.firstMs = Math.min(known.firstMs, atMs);
      known.lastMs = Math.max(known.lastMs, atMs);
    },
    addArguments(tool, args) {
      const known = byKind.tool.get(tool);
      if (known !== undefined && args !== undefined) readArguments(known, args);
    },
  };
}

function readArguments(known: Growing, args: JsonObject): void {
  let strings = 0;
  const walk = (value: Json | undefined, pointer: string, depth: number): void => {
    if (typeof value === 'string') {
      strings += 1;
      if (strings <= MOST_STRINGS) note(known, pointer, value);
    } else if (depth < DEEPEST && Array.isArray(value)) {
      for (const element of value.slice(0, MOST_STRINGS)) walk(element, `${pointer}/*`, depth + 1);
    } else if (depth < DEEPEST && isJsonObject(value)) {
      for (const [key, member] of Object.entries(value).slice(0, MOST_STRINGS))
        walk(member, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1);
    }
  };
  walk(args, '', 0);
}

function note(known: Growing, pointer: string, text: string): void {
  if (pointer.length > LONGEST_TEXT) return;
  const [root, host] = text.length > LONGEST_TEXT ? [] : [rootOf(text), hostOf(text)];
  if (root === undefined && host === undefined) {
    if (known.unplaced.size < MOST_STRINGS) known.unplaced.add(pointer);
    else if (!known.unplaced.has(pointer)) known.hasMore = true;
    return;
  }
  let entry = known.args.get(pointer);
  if (entry === undefined) {
    if (known.args.size >= MOST_POINTERS) {
      known.hasMore = true;
      return;
    }
    entry = { roots: new Set(), paths: new Set(), hosts: new Set() };
    known.args.set(pointer, entry);
  }
  if (root !== undefined && entry.paths.size < MOST_VALUES) entry.paths.add(text);
  for (const [set, found] of [[entry.roots, root] as const, [entry.hosts, host] as const]) {
    if (found === undefined || set.has(found)) continue;
    if (set.size >= MOST_VALUES) known.hasMore = true;
    else set.add(found);
  }
}

/** The directory of what reads as an absolute path; undefined for anything else. */
function rootOf(text: string): string | undefined {
  const path = text.replace(/^file:\/\/(localhost)?(?=\/)/i, '');
  if (!/^(~?\/|[A-Za-z]:[\\/])/.test(path) || path.startsWith('//')) return undefined;
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  return end <= 0 ? '/' : path.slice(0, end);
}

/** Host, and port where it is written, of what reads as a URL. */
function hostOf(text: string): string | undefined {
  const [, authority = ''] = /^(?:https?|wss?):\/\/([^/?#\\\s]+)/i.exec(text) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase();
  return host === '' ? undefined : host;
}
