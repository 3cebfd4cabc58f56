// Remembers which tools a server last listed, page by page, so that a refusal can name those that work, and says where another policy
// shows others of them. Narrows nothing.
import type { Interceptor } from '../core/interceptor.ts';
import { isJsonObject, stringAt } from '../wire/json.ts';

const MOST_TOOLS = 4096;
const LONGEST_NAME = 256;

export interface Roster extends Interceptor {
  /** To be called before another policy is in force: notes what is shown, so that `onPolicyChange` can tell what is not any more. */
  beforePolicyChange(): void;
  /** The tools that the client may see; undefined before the first list. */
  toolsOf(server: string): readonly string[] | undefined;
  /** All that the server has, whoever may see them; undefined where no list has gone by to its last page. */
  allOf(server: string): readonly string[] | undefined;
}

interface Listed {
  readonly names: Set<string>;
  /** More pages were to come. */
  open: boolean;
  shown: readonly string[] | undefined;
}

/** @param mayShow INVARIANT: false for what a scope hides; asked when the names are given out, not when they are noted */
export function createRoster(mayShow: (server: string, tool: string) => boolean): Roster {
  const lists = new Map<string, Listed>();
  let changed: readonly string[] = NOTHING;
  const toolsOf = (server: string): readonly string[] | undefined => {
    const listed = lists.get(server);
    if (listed === undefined) return undefined;
    listed.shown ??= [...listed.names].filter((tool) => mayShow(server, tool));
    return listed.shown;
  };
  return {
    name: 'roster',

    beforePolicyChange() {
      for (const server of lists.keys()) toolsOf(server);
    },

    onPolicyChange() {
      for (const [server, listed] of lists) {
        const before = listed.shown?.join('\n');
        listed.shown = undefined;
        if (toolsOf(server)?.join('\n') !== before) changed = [...new Set([...changed, server])];
      }
    },

    takeChangedLists() {
      const taken = changed;
      changed = NOTHING;
      return taken;
    },

    onResponse(request, result) {
      if (request.method !== 'tools/list' || !Array.isArray(result.tools)) return undefined;
      let listed = lists.get(request.upstream);
      if (listed?.open !== true) {
        listed = { names: new Set(), open: false, shown: undefined };
        lists.set(request.upstream, listed);
      }
      // attacker-controlled: bounded, and a name is only ever compared or shown inert.
      for (const tool of result.tools) {
        const name = isJsonObject(tool) ? stringAt(tool, 'name') : undefined;
        if (name === undefined || name.length > LONGEST_NAME || listed.names.size >= MOST_TOOLS) continue;
        listed.names.add(name);
      }
      listed.shown = undefined;
      listed.open = typeof result.nextCursor === 'string';
      return undefined;
    },

    allOf(server) {
      const listed = lists.get(server);
      return listed === undefined || listed.open ? undefined : [...listed.names];
    },

    toolsOf,
  };
}

const NOTHING: readonly string[] = [];
