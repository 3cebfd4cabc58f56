// Remembers what a server last listed, page by page, so that a refusal can name the tools that work, and says where another policy
// shows other tools, prompts or resources. Narrows nothing.
import type { ChangedList, Interceptor, ListName } from '../core/interceptor.ts';
import { isJsonObject, type Json, type JsonObject, memberOf, stringAt } from '../wire/json.ts';
import { ListedResources } from './listed-resources.ts';

/** Of one list. */
const MOST_NAMES = 4096;
const LONGEST_NAME = 256;
const LONGEST_URI = 2048;

export interface Roster extends Interceptor {
  /** To be called before another policy is in force: notes what is shown, so that `onPolicyChange` can tell what is not any more. */
  beforePolicyChange(): void;
  /** What was shown while more grants were alive may be shown no more. @param beforeMs wall clock: when they were @param nowMs when they are not */
  grantsEnded(beforeMs: number, nowMs: number): void;
  /** The tools that the client may see; undefined before the first list. */
  toolsOf(server: string): readonly string[] | undefined;
  /** All that the server has, whoever may see them; undefined where no list has gone by to its last page. */
  allOf(server: string): readonly string[] | undefined;
  /** What the client may see of a list by the policy of now; undefined where it has not gone by to its last page, or was cut. */
  shownOf(server: string, member: RosterMember): readonly string[] | undefined;
  /** The server has listed this resource or template in this session, or one for it, and the client may not see it. */
  hides(server: string, uri: string): boolean;
}

/** What its entries are called by, and under which name a client is told that it has changed. */
interface Kind {
  readonly list: ListName;
  readonly member: RosterMember;
  readonly key: string;
  readonly target: RosterTarget;
  readonly longest: number;
}

export type RosterTarget = 'tool' | 'prompt' | 'resource';
export type RosterMember = 'tools' | 'prompts' | 'resources' | 'resourceTemplates';

interface Listed {
  readonly server: string;
  readonly kind: Kind;
  readonly names: Set<string>;
  /** More pages were to come. */
  open: boolean;
  /** There was more than is remembered: whether it is another under another policy cannot be told. */
  isCut: boolean;
  shown: readonly string[] | undefined;
}

const TOOLS: Kind = { list: 'tools', member: 'tools', key: 'name', target: 'tool', longest: LONGEST_NAME };
const URIS = { list: 'resources', target: 'resource', longest: LONGEST_URI } as const;
const RESOURCES: Kind = { ...URIS, member: 'resources', key: 'uri' };
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['tools/list', TOOLS],
  ['prompts/list', { ...TOOLS, list: 'prompts', member: 'prompts', target: 'prompt' }],
  ['resources/list', RESOURCES],
  ['resources/templates/list', { ...URIS, member: 'resourceTemplates', key: 'uriTemplate' }],
]);

/** @param mayShow INVARIANT: false for what a scope hides; asked when the names are given out, not when they are noted. `atMs`: wall clock, now if undefined */
export function createRoster(
  mayShow: (server: string, name: string, target: RosterTarget, atMs?: number) => boolean,
): Roster {
  const lists = new Map<string, Listed>();
  const resources = new Map<string, ListedResources>();
  let changed: readonly ChangedList[] = NOTHING;
  const shownOf = (listed: Listed): readonly string[] => {
    listed.shown ??= [...listed.names].filter((name) => mayShow(listed.server, name, listed.kind.target));
    return listed.shown;
  };
  const noteResource = (server: string, { member }: Kind, text: string): void => {
    const listed = resources.get(server) ?? new ListedResources();
    resources.set(server, listed);
    if (member === 'resources') listed.noteUri(text);
    else listed.noteTemplate(text);
  };
  const toolsOf = (server: string): Listed | undefined => lists.get(keyOf(server, TOOLS));
  const tell = ({ server: upstream, kind }: Listed): void => {
    const isTold = changed.some((one) => one.upstream === upstream && one.list === kind.list);
    if (!isTold) changed = [...changed, { upstream, list: kind.list }];
  };
  return {
    name: 'roster',

    beforePolicyChange() {
      for (const listed of lists.values()) shownOf(listed);
    },

    onPolicyChange() {
      for (const listed of lists.values()) {
        const before = listed.shown?.join('\n');
        listed.shown = undefined;
        if (!listed.isCut && shownOf(listed).join('\n') === before) continue;
        tell(listed);
      }
    },

    grantsEnded(beforeMs, nowMs) {
      for (const listed of lists.values()) {
        const { names, server, kind } = listed;
        listed.shown = undefined;
        const isShown = (name: string, atMs: number): boolean => mayShow(server, name, kind.target, atMs);
        if (listed.isCut || [...names].some((name) => isShown(name, beforeMs) !== isShown(name, nowMs))) tell(listed);
      }
    },

    takeChangedLists() {
      const taken = changed;
      changed = NOTHING;
      return taken;
    },

    onResponse({ method, upstream }, result) {
      const kind = KINDS.get(method);
      const entries = kind === undefined ? undefined : entriesOf(result, kind);
      if (kind === undefined || entries === undefined) return undefined;
      let listed = lists.get(keyOf(upstream, kind));
      if (listed?.open !== true) {
        listed = { server: upstream, kind, names: new Set(), open: false, isCut: false, shown: undefined };
        lists.set(keyOf(upstream, kind), listed);
      }
      // attacker-controlled: bounded, and a name is only ever compared or shown inert.
      for (const entry of entries) {
        const name = isJsonObject(entry) ? stringAt(entry, kind.key) : undefined;
        if (name === undefined) continue;
        if (kind.target === 'resource') noteResource(upstream, kind, name);
        if (name.length > kind.longest || listed.names.size >= MOST_NAMES) listed.isCut = true;
        else listed.names.add(name);
      }
      listed.shown = undefined;
      listed.open = typeof result.nextCursor === 'string';
      return undefined;
    },

    allOf(server) {
      const listed = toolsOf(server);
      return listed === undefined || listed.open ? undefined : [...listed.names];
    },

    hides(server, uri) {
      return resources.get(server)?.has(uri) === true && !mayShow(server, uri, RESOURCES.target);
    },

    shownOf(server, member) {
      const listed = lists.get(keyOf(server, { member }));
      if (listed === undefined || listed.open || listed.isCut) return undefined;
      // anew: who asks is about to show it, whatever was told of it before
      return [...listed.names].filter((name) => mayShow(server, name, listed.kind.target));
    },

    toolsOf(server) {
      const listed = toolsOf(server);
      return listed === undefined ? undefined : shownOf(listed);
    },
  };
}

const NOTHING: readonly ChangedList[] = [];

function entriesOf(result: JsonObject, { member }: Kind): readonly Json[] | undefined {
  const entries = memberOf(result, member);
  return Array.isArray(entries) ? entries : undefined;
}

/** Members hold no blank. */
function keyOf(server: string, { member }: Pick<Kind, 'member'>): string {
  return `${member} ${server}`;
}
