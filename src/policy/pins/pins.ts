// The interceptor over definitions: what a server says of its tools must be what was approved, or where nothing was, what was
// first seen. A drifted tool is taken out of every list and its calls are refused; drifted instructions are withheld, and nothing
// else. Reads no argument and no scope.
//
// A call to a tool that is pinned and was not listed in this session passes: hosts call from a list that they kept. A server
// that behaves otherwise than it lists cannot be seen from here.

import { calledName } from '../../core/called-name.ts';
import type { UpstreamId } from '../../core/events.ts';
import {
  type Interceptor,
  type Narrowing,
  type Observed,
  PASS,
  type RepeatMark,
  type RequestView,
  type Verdict,
} from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import { type Json, type JsonObject, memberOf, stringAt } from '../../wire/json.ts';
import { TASK_PAYLOAD_METHODS } from '../../wire/protocol-keys.ts';
import type { CommandOptions } from '../lock/lock-command.ts';
import { refuseList, refuseTool } from './drift-text.ts';
import { listKeptOut, narrowTask } from './kept-out.ts';
import { LONGEST_INSTRUCTIONS } from './pin-room.ts';
import { resolvePins, resolveServerPins } from './pin-settings.ts';
import { Listing, type SeenSet } from './seen-set.ts';
import { type DriftFinding, type Since, Watch } from './watch.ts';

export interface PinnedServer {
  /** Undefined: nothing was approved of it, and nothing was ever seen: what this session sees first is gone by. */
  readonly known: SeenSet | undefined;
  /** Where `known` is from. */
  readonly since: Since;
  /** `{ pins, tools }` as the config in effect has them. */
  readonly config: JsonObject | undefined;
  /** Everything is looked at and said, and nothing is kept back (`mode: observe` of the server). */
  readonly isObserved: boolean;
}

export interface PinParts {
  /** Those whose definitions are watched; any other passes. */
  readonly servers: ReadonlyMap<UpstreamId, PinnedServer>;
  /** Break-glass: as if the server were only observed. */
  readonly isPaused: (server: UpstreamId, now: Instant) => boolean;
  /** Behind the commands that a refusal names; undefined: nothing. */
  readonly commandOptions?: CommandOptions;
  /**
   * What drifted, each thing once. Called before the answer that showed it goes on.
   *
   * @param by why it is let pass all the same; undefined: it is not
   */
  readonly onFinding: (finding: DriftFinding, by: Observed['by'] | undefined) => void;
  /** After them: all that one answer of a server has shown. */
  readonly onFound?: (findings: readonly DriftFinding[], by: Observed['by'] | undefined) => void;
  /** What a list brought so far, as the server offers it: what an approval would pin. `seen` may grow until it is read. */
  readonly onListed: (server: UpstreamId, seen: SeenSet) => void;
}

/** What is kept of one server in a session. */
interface Kept {
  readonly watch: Watch;
  readonly listing: Listing;
  since: Since;
  isObserved: boolean;
  /** As the last handshake showed them. */
  instructions: string | undefined;
  hasInstructions: boolean;
  /** What came of the last list that was read, where its bytes have a number. Any other list in between, and it is read again. */
  last:
    | { readonly repeat: RepeatMark; readonly cursor: string | undefined; readonly narrowings: Narrowings }
    | undefined;
}

type Narrowings = readonly Narrowing[] | undefined;

export interface Pins extends Interceptor {
  /** False for a tool that has drifted and is kept out of use. */
  isInUse(server: UpstreamId, tool: string): boolean;
  /** How many of its tools are not what is gone by, and so out of use; 0 where that is only observed. For a person. */
  countOutOfUse(server: UpstreamId): number;
  /** Another policy holds, or somebody has approved other definitions. Of a server that was not pinned at the start: nothing. */
  retune(server: UpstreamId, pinned: PinnedServer): void;
}

export function createPins(parts: PinParts): Pins {
  const servers = new Map<UpstreamId, Kept>();
  const cursors = new WeakMap<RequestView, string>();
  for (const [server, { known, since, config, isObserved }] of parts.servers) {
    const [settingsOf, serverSettings] = [resolvePins(config), resolveServerPins(config)];
    const watch = new Watch({ server, known, since, settingsOf, serverSettings });
    const unseen = { instructions: undefined, hasInstructions: false, last: undefined };
    servers.set(server, { watch, listing: new Listing(), since, isObserved, ...unseen });
  }
  /** Why it is let pass all the same; undefined: it is not. */
  const laxity = (kept: Kept, server: UpstreamId, now: Instant): Observed['by'] | undefined =>
    kept.isObserved ? 'observe' : parts.isPaused(server, now) ? 'pause' : undefined;

  const narrowRepeated = (kept: Kept, request: RequestView, result: JsonObject, repeat?: RepeatMark): Narrowings => {
    const cursor = cursors.get(request);
    const { last } = kept;
    // INVARIANT: nothing was read since, so every tool of it stands as it stood after all of it was read (`listKeptOut`).
    if (repeat !== undefined && last?.repeat === repeat && last.cursor === cursor) return last.narrowings;
    kept.last = undefined;
    const narrowings = narrowList(kept, request, result);
    if (repeat !== undefined) kept.last = { repeat, cursor, narrowings };
    return narrowings;
  };
  const narrowList = (kept: Kept, request: RequestView, result: JsonObject): Narrowings => {
    const tools = memberOf(result, 'tools');
    if (tools === undefined) return undefined;
    if (!Array.isArray(tools)) return [{ kind: 'refuse', deny: refuseList(request.upstream) }];
    const entries: readonly Json[] = tools;
    const indexes = listKeptOut(kept.watch, entries);
    const { tools: listed, isWhole } = kept.listing.take(cursors.get(request), entries, stringAt(result, 'nextCursor'));
    const { instructions, hasInstructions } = kept;
    const part = isWhole ? {} : ({ isPart: true } as const);
    parts.onListed(request.upstream, { pins: { tools: listed, instructions }, hasInstructions, ...part });
    return indexes.length === 0 ? undefined : [{ kind: 'remove', array: ['tools'], indexes }];
  };

  return {
    name: 'pins',
    asksAgain: true,
    isInUse(server, tool) {
      const standing = servers.get(server)?.watch.standing(tool);
      return standing?.kind !== 'drifted' || standing.mode !== 'deny';
    },
    countOutOfUse(server) {
      const kept = servers.get(server);
      return kept === undefined || kept.isObserved ? 0 : kept.watch.countOutOfUse();
    },
    retune(server, { known, since, config, isObserved }) {
      const kept = servers.get(server);
      if (kept === undefined) return;
      kept.watch.retune({
        server,
        known,
        since,
        settingsOf: resolvePins(config),
        serverSettings: resolveServerPins(config),
      });
      kept.since = since;
      kept.isObserved = isObserved;
      kept.last = undefined;
    },
    onRequest(request: RequestView, now: Instant): Verdict {
      const kept = servers.get(request.upstream);
      if (kept === undefined || request.asked !== 'client') return PASS;
      if (request.method === 'tools/list') {
        const cursor = stringAt(request.params, 'cursor');
        if (cursor !== undefined) cursors.set(request, cursor);
      }
      if (request.tool === undefined) return PASS;
      const standing = kept.watch.standing(request.tool);
      if (standing.kind !== 'drifted' || standing.mode !== 'deny') return PASS;
      const deny = refuseTool(
        request.upstream,
        calledName(request, request.tool),
        standing.change,
        kept.since,
        parts.commandOptions ?? '',
      );
      const by = laxity(kept, request.upstream, now);
      if (by === undefined) return deny;
      return { kind: 'pass', observed: { rule: deny.rule, reason: deny.reason, by } };
    },
    onResponse(request: RequestView, result: JsonObject, now: Instant, repeat?: RepeatMark): Narrowings {
      const kept = servers.get(request.upstream);
      if (kept === undefined || request.asked !== 'client') return undefined;
      const { method, upstream } = request;
      let narrowings: Narrowings;
      if (method === 'tools/list') narrowings = narrowRepeated(kept, request, result, repeat);
      else if (method === 'initialize' || method === 'server/discover') {
        // A handshake is another server: what it lists is told anew.
        kept.last = undefined;
        narrowings = narrowHandshake(kept, result);
      } else if (TASK_PAYLOAD_METHODS.has(method)) {
        narrowings = narrowTask(kept.watch, result);
        // what it shows may be news of a tool
        if (narrowings !== undefined) kept.last = undefined;
      } else return undefined;
      const by = laxity(kept, upstream, now);
      const findings = kept.watch.takeFindings();
      for (const finding of findings) parts.onFinding(finding, by);
      if (findings.length > 0) parts.onFound?.(findings, by);
      return by === undefined ? narrowings : undefined;
    },
  };
}

function narrowHandshake(kept: Kept, result: JsonObject): Narrowings {
  const instructions = memberOf(result, 'instructions');
  // what is no text cannot have been approved
  if (instructions !== undefined && typeof instructions !== 'string') return [{ kind: 'drop', path: ['instructions'] }];
  kept.instructions = (instructions?.length ?? 0) <= LONGEST_INSTRUCTIONS ? instructions : undefined;
  kept.hasInstructions = true;
  return kept.watch.seeInstructions(instructions) ? undefined : [{ kind: 'drop', path: ['instructions'] }];
}
