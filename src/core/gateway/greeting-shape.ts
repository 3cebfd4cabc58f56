// What a server says of itself, in the shape that the protocol says: members of another type are left out, so that a strict client
// does not refuse the one answer that stands for all servers. Pure. attacker-controlled throughout.
import { isJsonObject, type Json, type JsonObject, stringAt } from '../../wire/json.ts';

/** Of the era that greets, newest first. */
export const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const MODERN = ['2026-07-28'];
const SWITCHES: ReadonlySet<string> = new Set(['listChanged', 'subscribe']);
/** Objects all the way down. */
const TREES: ReadonlySet<string> = new Set(['experimental', 'extensions', 'tasks']);
/** A day. */
const LONGEST_TTL_MS = 86_400_000;

/** @returns undefined where the revision is none that this gateway can vouch for */
export function shapedGreeting(result: JsonObject): JsonObject | undefined {
  if (!LEGACY.includes(stringAt(result, 'protocolVersion') ?? '')) return undefined;
  return { ...result, capabilities: shapedCapabilities(result.capabilities) };
}

/** @returns undefined where it names no revision of this era */
export function shapedDiscovery(result: JsonObject): JsonObject | undefined {
  const { supportedVersions: all } = result;
  const known = Array.isArray(all) ? [...MODERN, ...LEGACY].filter((one) => all.includes(one)) : [];
  if (!MODERN.some((one) => known.includes(one))) return undefined;
  return {
    ...result,
    supportedVersions: known,
    capabilities: shapedCapabilities(result.capabilities),
    ttlMs: shapedTtl(result.ttlMs),
  };
}

/** In ms, a whole number; 0 (stale at once) for what is none. */
export function shapedTtl(ttlMs: Json | undefined): number {
  const isTtl = typeof ttlMs === 'number' && ttlMs >= 0;
  return isTtl ? Math.min(Math.floor(ttlMs), LONGEST_TTL_MS) : 0;
}

function shapedCapabilities(capabilities: Json | undefined): JsonObject {
  if (!isJsonObject(capabilities)) return {};
  return Object.fromEntries(
    Object.entries(capabilities).flatMap(([key, value]) =>
      isJsonObject(value) ? [[key, TREES.has(key) ? tree(value, key) : withSwitches(value)] as const] : [],
    ),
  );
}

/** What an experiment or an extension says within is its own. */
function tree(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) =>
      isJsonObject(value) ? [[key, name === 'tasks' ? tree(value, name) : value] as const] : [],
    ),
  );
}

function withSwitches(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([key, value]) => !SWITCHES.has(key) || typeof value === 'boolean'),
  );
}
