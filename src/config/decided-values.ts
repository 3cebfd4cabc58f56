// Every value of which a voice beside the config (a ceiling, a tenant's block) leaves another than the config has, and who that is: for
// a person. Asks what `run` asks, before and after each voice; decides nothing. Knows no screen.
// INVARIANT: no key of a ceiling that holds a value is left out: a test over its schema.

import { resolvePins, resolveServerPins } from '../policy/pins/pin-settings.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { objectOf } from '../wire/json.ts';
import { createBreakerLookup } from './breaker-lookup.ts';
import { strongestLevel } from './isolation-policy.ts';
import type { Policy, ServerPolicy } from './policy.ts';
import { requiredIsolation } from './restrict-layers.ts';
import { restrictPins } from './restrict-pins.ts';
import { type Decided, restrictPolicy } from './restrict-policy.ts';
import type { Restriction } from './restriction.ts';
import { toolDeadline } from './tool-deadline.ts';

export interface Undecided {
  /** What holds without them. */
  readonly policy: Policy;
  readonly restrictions: readonly Restriction[];
  /** The server as a document has it: `{ pins, tools }`. */
  readonly serverDocument: (id: string) => JsonObject;
}

type Values = ReadonlyMap<string, string | number>;

/** In the order of the voices: of several for one path the last holds. */
export function listDecided({ policy, restrictions, serverDocument }: Undecided): readonly Decided[] {
  const { decided } = restrictPolicy(policy, restrictions);
  const more: Decided[] = [];
  let before = policy;
  for (const restriction of restrictions) {
    const after = restrictPolicy(before, [restriction]).policy;
    for (const [id, entry] of after.servers) {
      const [then, now] = [before, after].map((one) => readServer(one, id, toolsOf(entry), serverDocument(id)));
      if (then !== undefined && now !== undefined) more.push(...compare(`servers.${id}`, then, now, restriction.by));
    }
    before = after;
  }
  return [...decided, ...more];
}

interface ServerValues {
  readonly own: Values;
  /** Told already, by `restrictPolicy`: a tool that has its server's is not told of. */
  readonly deadline: Values;
  readonly tools: ReadonlyMap<string, Values>;
}

function compare(at: string, then: ServerValues, now: ServerValues, by: string): readonly Decided[] {
  const own = changes(then.own, now.own);
  const general = [...own, ...changes(then.deadline, now.deadline)];
  const ofTools = [...now.tools].flatMap(([tool, values]) =>
    changes(then.tools.get(tool) ?? new Map(), values)
      .filter((one) => !general.some(({ path, was, is }) => path === one.path && was === one.was && is === one.is))
      .map((one) => ({ ...one, path: `tools.${tool}.${one.path}` })),
  );
  return [...own, ...ofTools].map(({ path, was, is }) => ({ path: `${at}.${path}`, was, is, by }));
}

function changes(then: Values, now: Values): readonly Omit<Decided, 'by'>[] {
  return [...now].flatMap(([path, is]) => {
    const was = then.get(path) ?? 'none';
    return was === is ? [] : [{ path, was, is }];
  });
}

/** The keys of `tools` on either side, each asked for as if it were a name. */
function toolsOf({ tools, restrictedBy = [] }: ServerPolicy): readonly string[] {
  return [...new Set([...tools, ...restrictedBy.flatMap((one) => one.tools ?? [])].map(({ pattern }) => pattern))];
}

function readServer(
  policy: Policy,
  id: string,
  tools: readonly string[],
  document: JsonObject,
): ServerValues | undefined {
  const entry = policy.servers.get(id);
  if (entry === undefined) return undefined;
  const { restrictedBy = [] } = entry;
  const lookup = createBreakerLookup(policy);
  // what every tool has of which no key says more
  const silent = { ...entry, tools: [], restrictedBy: restrictedBy.map(({ tools: _, ...rest }) => rest) };
  const plain = createBreakerLookup({ ...policy, servers: new Map([[id, silent]]) });
  const pinned = restrictPins(document, restrictedBy);
  const pinsOf = resolvePins(pinned);
  const level = strongestLevel([entry.isolation?.required, requiredIsolation(restrictedBy).level]);
  return {
    own: new Map([
      ['isolation.required', level],
      ...flatten('pins', showPins(resolveServerPins(pinned))),
      ...flatten('breaker', breakerOf(plain, id, '')),
      ...flatten('breaker.server', {
        ...settingsOf(plain, id, undefined),
        maxInFlight: plain.bulkhead.serverSettings(id).maxInFlight,
      }),
    ]),
    deadline: flatten('deadline', { ...entry.deadline }),
    tools: new Map(
      tools.map((tool) => [
        tool,
        new Map([
          ...flatten('deadline', { ...toolDeadline(entry, tool) }),
          ...flatten('breaker', breakerOf(lookup, id, tool)),
          ...flatten('pins', showPins(pinsOf(tool))),
        ]),
      ]),
    ),
  };
}

type Lookup = ReturnType<typeof createBreakerLookup>;
type Plain = Readonly<Record<string, Json | undefined>>;

function settingsOf(lookup: Lookup, server: string, tool: string | undefined): Plain {
  const { slowCall, ...settings } = lookup.settingsOf(server, tool);
  return { ...settings, slowCall: slowCall === undefined ? undefined : { ...slowCall } };
}

function breakerOf(lookup: Lookup, server: string, tool: string): Plain {
  const { maxInFlight, ceiling, maxWaitMs } = lookup.bulkhead.toolSettings(server, tool);
  const most = Math.min(maxInFlight ?? Number.POSITIVE_INFINITY, ceiling ?? Number.POSITIVE_INFINITY);
  return { ...settingsOf(lookup, server, tool), maxInFlight: most, maxWaitMs };
}

function showPins({ mode, ignored }: ReturnType<typeof resolveServerPins>): Plain {
  return { mode, ignore: [...ignored].sort().join(', ') || 'nothing' };
}

/** Each value by its path; what is not set, or has no bound, is `none`. */
function flatten(at: string, values: Plain): Map<string, string | number> {
  const found = new Map<string, string | number>();
  for (const [key, value] of Object.entries(values)) {
    const path = `${at}.${key}`;
    if (typeof value === 'object' && value !== null) {
      for (const [inner, one] of flatten(path, objectOf(value))) found.set(inner, one);
    } else if (typeof value === 'number' && Number.isFinite(value)) found.set(path, value);
    else found.set(path, value === undefined || typeof value === 'number' ? 'none' : String(value));
  }
  return found;
}
