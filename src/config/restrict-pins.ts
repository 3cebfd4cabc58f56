// What restrictions leave of the `pins` of a server as its document has them: the stricter mode, and what both ignore. Pure.
import { type PinRule, readPinRule, writePinRule } from '../policy/lock/pin-rules.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { memberOf, objectFrom, objectOf } from '../wire/json.ts';
import type { AppliedRestriction } from './restriction.ts';

/** @param server `{ pins, tools }`; what else it has stays */
export function restrictPins(server: JsonObject, applied: readonly AppliedRestriction[]): JsonObject {
  return applied.reduce((left, { pins }) => (pins === undefined ? left : narrowServer(left, pins)), server);
}

function narrowServer(server: JsonObject, pins: PinRule): JsonObject {
  const tools = memberOf(server, 'tools');
  const narrowed = Object.entries(objectOf(tools)).map(([key, entry]): [string, Json | undefined] => {
    const own = memberOf(entry, 'pins');
    // what a tool leaves open is its server's, which is narrowed below
    return [key, own === undefined ? entry : { ...objectOf(entry), pins: narrowRule(readPinRule(own), pins) }];
  });
  const own = readPinRule(memberOf(server, 'pins'));
  return {
    ...server,
    // silence is `deny`, and nothing ignored
    pins: narrowRule({ rank: own.rank ?? 0, ignored: own.ignored ?? new Set() }, pins),
    ...(tools === undefined ? {} : { tools: objectFrom(narrowed) }),
  };
}

/** What the rule leaves open stays open. */
function narrowRule({ rank, ignored }: PinRule, by: PinRule): JsonObject {
  const kept = by.ignored === undefined ? ignored : [...(ignored ?? [])].filter((field) => by.ignored?.has(field));
  const least = rank === undefined || by.rank === undefined ? rank : Math.min(rank, by.rank);
  return writePinRule(least, ignored === undefined || kept === undefined ? undefined : [...kept]) ?? {};
}
