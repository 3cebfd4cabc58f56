// What `pins` of a config says, in either of its two notations, and how two of them combine. Knows no definition.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, listOf, memberOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { type Difference, rankIn } from './difference.ts';
import { PIN_MODES } from './field-table.ts';

export interface PinRule {
  /** Place in PIN_MODES, 0 the strictest; undefined where nothing is said. */
  readonly rank: number | undefined;
  /** Fields of a definition that may change; undefined where nothing is said. */
  readonly ignored: ReadonlySet<string> | undefined;
}

/** A word, or `{ mode, ignore }`. A word that is none counts as the strictest. */
export function readPinRule(value: Json | undefined): PinRule {
  if (value === undefined) return { rank: undefined, ignored: undefined };
  const mode = isJsonObject(value) ? memberOf(value, 'mode') : value;
  const ignore = memberOf(value, 'ignore');
  return {
    rank: mode === undefined ? undefined : Math.max(0, rankIn(PIN_MODES, mode)),
    ignored:
      ignore === undefined
        ? undefined
        : new Set(listOf(ignore).filter((field): field is string => typeof field === 'string')),
  };
}

/** The notation of a rule; undefined where it says nothing. */
export function writePinRule(rank: number | undefined, ignored: readonly string[] | undefined): JsonObject | undefined {
  const mode = rank === undefined ? undefined : PIN_MODES[rank];
  if (mode === undefined && ignored === undefined) return undefined;
  return { ...(mode === undefined ? {} : { mode }), ...(ignored === undefined ? {} : { ignore: ignored }) };
}

/** Of a server's `pins`: the stricter word, and what both ignore. */
export function combinePins(
  config: Json | undefined,
  lock: Json | undefined,
  tell: (direction: Difference['direction']) => void,
): Json | undefined {
  if (isSameJson(config, lock)) return config;
  const [ours, theirs] = [readPinRule(config), readPinRule(lock)];
  const [rank, other] = [ours.rank ?? 0, theirs.rank ?? 0];
  const ignored = [...(ours.ignored ?? [])];
  const approved = [...(theirs.ignored ?? [])];
  const both = ignored.filter((field) => approved.includes(field));
  if (rank > other || both.length < ignored.length) tell('wider');
  if (rank < other || both.length < approved.length) tell('narrower');
  return writePinRule(Math.min(rank, other), both);
}
