// How drift of one tool is met, from the `pins` of a server and of its `tools`, as they are written in a config. A key of
// `tools` that is the very name decides alone, else the strictest of all patterns that match; what they leave open is the
// server's, then `deny`. Pure.
import type { JsonObject } from '../../wire/json.ts';
import { isJsonObject, memberOf, objectOf } from '../../wire/json.ts';
import { PIN_MODES } from '../lock/field-table.ts';
import { type PinRule, readPinRule } from '../lock/pin-rules.ts';
import { compilePattern } from '../pattern.ts';

export interface PinSettings {
  /** `deny`: a drifted tool is hidden and refused. `warn`: said and recorded. `off`: not looked at. */
  readonly mode: (typeof PIN_MODES)[number];
  /** Fields of a definition whose change is no drift; `instructions` for those of the server. */
  readonly ignored: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();
const MOST_REMEMBERED = 4_096;

/** @param server `{ pins, tools }` as a config has them; undefined for its own defaults. */
export function resolvePins(server: JsonObject | undefined): (tool: string) => PinSettings {
  const own = readPinRule(memberOf(server, 'pins'));
  const tools = objectOf(memberOf(server, 'tools'));
  const rules = Object.entries(tools).map(([key, entry]) => ({
    pattern: compilePattern(key),
    rule: readPinRule(isJsonObject(entry) ? memberOf(entry, 'pins') : undefined),
  }));
  const known = new Map<string, PinSettings>();
  return (tool) => {
    const hit = known.get(tool);
    if (hit !== undefined) return hit;
    const exact = rules.filter(({ pattern }) => pattern.source === tool);
    const found = exact.length > 0 ? exact : rules.filter(({ pattern }) => pattern.matches(tool));
    const settings = settle(
      found.map(({ rule }) => rule),
      own,
    );
    // the names are the server's and the caller's to choose
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(tool, settings);
    return settings;
  };
}

/** The rule of the server itself, for its instructions. */
export function resolveServerPins(server: JsonObject | undefined): PinSettings {
  return settle([], readPinRule(memberOf(server, 'pins')));
}

function settle(rules: readonly PinRule[], server: PinRule): PinSettings {
  const ranks = rules.flatMap(({ rank }) => rank ?? []);
  const [first, ...others] = rules.flatMap(({ ignored }) => (ignored === undefined ? [] : [ignored]));
  const rank = ranks.length > 0 ? Math.min(...ranks) : (server.rank ?? 0);
  const ignored =
    first === undefined
      ? (server.ignored ?? NONE)
      : new Set([...first].filter((field) => others.every((other) => other.has(field))));
  return { mode: PIN_MODES[rank] ?? 'deny', ignored };
}
