// Watches what a server offers, page by page, before anything is hidden from a client, and tells of a list that is new. Narrows
// nothing and delays no answer: the work is done after it, in small steps. Knows no file.
import type { UpstreamId } from '../../core/events.ts';
import { type Interceptor, PASS, type RepeatMark, type RequestView } from '../../core/interceptor.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { memberOf, stringAt } from '../../wire/json.ts';
import type { ListKind, Offered, ServerFacts } from './known-list.ts';
import { ListBuilder } from './list-builder.ts';
import { readFacts } from './server-facts.ts';

export interface InventoryParts {
  /** SHA-256, hex. */
  readonly digest: (text: string) => string;
  /** Runs an action once, soon, after the answer that is under way. */
  readonly later: (action: () => void) => void;
  /** A list that this session has not seen so before. */
  readonly offer: (server: UpstreamId, offered: Offered) => void;
}

export interface InventoryWatch extends Interceptor {
  /** Takes at once what has come so far, also lists whose last page nobody asked for. For the end of a session. */
  settle(): void;
}

const METHODS: ReadonlyMap<string, ListKind> = new Map<string, ListKind>([
  ['tools/list', 'tools'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
  ['prompts/list', 'prompts'],
]);
/** Pages that may wait to be taken: their answers are held in memory meanwhile. What comes beyond is taken at once. */
const MOST_WAITING = 32;

interface Listing {
  readonly server: UpstreamId;
  readonly kind: ListKind;
  readonly builder: ListBuilder;
  /** The cursor under which its next page is asked for; undefined: it was the last. */
  next: string | undefined;
  /** Milliseconds since the epoch, of the newest page. */
  seenAtMs: number;
  /** Where it is a single page: the mark of its bytes. */
  readonly repeat: RepeatMark | undefined;
}

interface Page {
  readonly listing: Listing;
  readonly entries: readonly Json[];
  /** Entries that are taken already. */
  taken: number;
  readonly isLast: boolean;
}

export function createInventoryWatch({ digest, later, offer }: InventoryParts): InventoryWatch {
  const cursors = new WeakMap<RequestView, string | undefined>();
  const facts = new Map<UpstreamId, ServerFacts>();
  const listings = new Map<string, Listing>();
  const offered = new Map<string, string>();
  const waiting: Page[] = [];

  const tell = ({ server, kind, builder, next, seenAtMs }: Listing): void => {
    const list = builder.finish(next === undefined, seenAtMs);
    const key = keyOf(server, kind);
    if (offered.get(key) === list.digest) return;
    offered.set(key, list.digest);
    offer(server, { server: facts.get(server), lists: { [kind]: list } });
  };
  /** One step of the oldest page. */
  const take = (): void => {
    const [page] = waiting;
    if (page === undefined) return;
    page.taken = page.listing.builder.take(page.entries, page.taken);
    if (page.taken < page.entries.length) return;
    waiting.shift();
    if (page.isLast) tell(page.listing);
  };
  const takeLater = (): void =>
    later(() => {
      take();
      if (waiting.length > 0) takeLater();
    });
  const add = (page: Page): void => {
    while (waiting.length >= MOST_WAITING) take();
    waiting.push(page);
    if (waiting.length === 1) takeLater();
  };

  return {
    name: 'inventory',

    onRequest(request) {
      if (request.asked === 'client' && METHODS.has(request.method)) {
        cursors.set(request, stringAt(request.params, 'cursor'));
      }
      return PASS;
    },

    onResponse(request, result, { wallMs }, repeat) {
      if (request.asked !== 'client') return undefined;
      const { method, upstream } = request;
      if (method === 'initialize' || method === 'server/discover') {
        const known = readFacts(result);
        if (known !== undefined) facts.set(upstream, known);
        return undefined;
      }
      const kind = METHODS.get(method);
      const entries = kind === undefined ? undefined : listAt(result, kind);
      if (kind === undefined || entries === undefined) return undefined;
      const key = keyOf(upstream, kind);
      const cursor = cursors.get(request);
      let listing = listings.get(key);
      if (cursor === undefined) {
        // Byte for byte the list that was taken last: there is nothing new in it.
        if (repeat !== undefined && listing?.next === undefined && listing?.repeat === repeat) return undefined;
        const [builder, isWhole] = [new ListBuilder(kind, digest), stringAt(result, 'nextCursor') === undefined];
        const mark = isWhole ? repeat : undefined;
        listing = { server: upstream, kind, builder, next: undefined, seenAtMs: wallMs, repeat: mark };
        listings.set(key, listing);
      } else if (listing === undefined || listing.next !== cursor) return undefined;
      listing.next = stringAt(result, 'nextCursor');
      listing.seenAtMs = wallMs;
      add({ listing, entries, taken: 0, isLast: listing.next === undefined });
      return undefined;
    },

    settle() {
      while (waiting.length > 0) take();
      for (const listing of listings.values()) if (listing.next !== undefined) tell(listing);
    },
  };
}

/** Names hold no NUL (wire/strict refuses it). */
function keyOf(server: UpstreamId, kind: ListKind): string {
  return `${kind}\0${server}`;
}

function listAt(result: JsonObject, kind: ListKind): readonly Json[] | undefined {
  const list = memberOf(result, kind);
  return Array.isArray(list) ? list : undefined;
}
