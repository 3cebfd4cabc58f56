// The interceptor over definitions: what a server says of its tools must be what was approved. A drifted tool is taken out of
// every list and its calls are refused; drifted instructions are withheld, and nothing else. Reads no argument and no scope.
//
// A call to a tool that is pinned and was not listed in this session passes: hosts call from a list that they kept. A server
// that behaves otherwise than it lists cannot be seen from here.
import type { UpstreamId } from '../../core/events.ts';
import { type Interceptor, type Narrowing, PASS, type RequestView, type Verdict } from '../../core/interceptor.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { refuseList, refuseTool } from './drift-text.ts';
import type { PinSet } from './pin-set.ts';
import { resolvePins, resolveServerPins } from './pin-settings.ts';
import { type DriftFinding, Watch } from './watch.ts';

export interface PinnedServer {
  /** Undefined: nothing was approved of it yet. */
  readonly approved: PinSet | undefined;
  /** `{ pins, tools }` as the config in effect has them. */
  readonly config: JsonObject | undefined;
  /** Everything is looked at and said, and nothing is kept back (`mode: observe` of the server). */
  readonly isObserved: boolean;
}

export interface Pins extends Interceptor {
  /** What drifted since the last time it was asked: to be recorded and said. */
  takeFindings(): readonly DriftFinding[];
  /** What an approval would pin, of a server of which nothing was approved yet. */
  learned(server: UpstreamId): PinSet | undefined;
}

/** @param servers those whose definitions are watched; any other passes */
export function createPins(servers: ReadonlyMap<UpstreamId, PinnedServer>): Pins {
  const watches = new Map<UpstreamId, Watch>();
  const observed = new Set<UpstreamId>();
  for (const [server, { approved, config, isObserved }] of servers) {
    if (isObserved) observed.add(server);
    const [settingsOf, serverSettings] = [resolvePins(config), resolveServerPins(config)];
    watches.set(server, new Watch({ server, approved, settingsOf, serverSettings }));
  }
  return {
    name: 'pins',
    onRequest(request: RequestView): Verdict {
      if (request.tool === undefined || request.asked !== 'client') return PASS;
      const standing = watches.get(request.upstream)?.standing(request.tool);
      if (standing?.kind !== 'drifted' || standing.mode !== 'deny') return PASS;
      const deny = refuseTool(request.upstream, request.tool, standing.change);
      if (!observed.has(request.upstream)) return deny;
      return { kind: 'pass', observed: { rule: deny.rule, reason: deny.reason } };
    },
    onResponse(request: RequestView, result: JsonObject): readonly Narrowing[] | undefined {
      const watch = watches.get(request.upstream);
      if (watch === undefined || request.asked !== 'client') return undefined;
      const narrowings = narrowResult(watch, request, result);
      return observed.has(request.upstream) ? undefined : narrowings;
    },
    takeFindings: () => [...watches.values()].flatMap((watch) => watch.takeFindings()),
    learned: (server) => watches.get(server)?.learned,
  };
}

function narrowResult(watch: Watch, request: RequestView, result: JsonObject): readonly Narrowing[] | undefined {
  if (request.method === 'tools/list') return narrowList(watch, request.upstream, result);
  if (request.method !== 'initialize' && request.method !== 'server/discover') return undefined;
  const instructions = ownMember(result, 'instructions');
  // what is no text cannot have been approved
  const isText = instructions === undefined || typeof instructions === 'string';
  return isText && watch.seeInstructions(instructions) ? undefined : [{ kind: 'drop', path: ['instructions'] }];
}

function narrowList(watch: Watch, server: UpstreamId, result: JsonObject): readonly Narrowing[] | undefined {
  const tools = ownMember(result, 'tools');
  if (tools === undefined) return undefined;
  if (!Array.isArray(tools)) return [{ kind: 'refuse', deny: refuseList(server) }];
  const entries: readonly Json[] = tools;
  const indexes = entries.flatMap((entry, index) => {
    const standing = watch.see(entry);
    // an entry without a name has no definition to compare
    return standing === undefined || (standing.kind === 'drifted' && standing.mode === 'deny') ? [index] : [];
  });
  return indexes.length === 0 ? undefined : [{ kind: 'remove', array: ['tools'], indexes }];
}

function ownMember(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
