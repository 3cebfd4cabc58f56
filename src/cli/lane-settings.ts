// What a gateway is told of one server: from its entry, what it offered before, and whether it may start at all.

import { inventorySpec, loadInventory } from '../adapters/inventory-documents.ts';
import { sha256Digest } from '../adapters/sha256-digest.ts';
import type { ServerPolicy } from '../config/policy.ts';
import type { Refusing } from '../core/denial.ts';
import type { LaneSettings } from '../core/gateway/settings.ts';
import { isGuardError } from '../guard-error.ts';
import type { RunLock } from './run-lock.ts';

export interface LanePlace {
  readonly stateDir: string;
  readonly tenant: string;
  readonly lock: RunLock | undefined;
}

export function laneSettingsOf(
  { id, gateway, onExit }: ServerPolicy,
  { stateDir, tenant, lock }: LanePlace,
): LaneSettings {
  return {
    lane: id,
    prefix: gateway.prefix,
    start: gateway.start,
    startTimeoutMs: gateway.startTimeoutMs,
    idleStopMs: gateway.idleStopMs,
    comesBack: onExit !== 'exit',
    known: knownKinds(stateDir, tenant, id),
    refusal: refusalOf(lock, id),
  };
}

/** One server that nobody has approved does not keep the others from starting: whoever asks for it reads what to run. */
function refusalOf(lock: RunLock | undefined, id: string): Refusing | undefined {
  try {
    lock?.refuseUnapproved(id);
    return undefined;
  } catch (error) {
    if (!isGuardError(error)) throw error;
    const hint = error.hint === undefined ? '' : `: ${error.hint}`;
    return { reason: 'not_approved', rule: 'lock', text: `${error.message}${hint}`, retryAfterMs: undefined };
  }
}

/** What cannot be read is not known: it is a hint, and no permission. */
function knownKinds(stateDir: string, tenant: string, id: string): LaneSettings['known'] {
  try {
    const spec = inventorySpec(stateDir, tenant, id, { say: () => {}, nowMs: () => 0 });
    const lists = loadInventory(spec)?.lists;
    if (lists === undefined) return undefined;
    return [
      ...(lists.tools === undefined ? [] : ['tools' as const]),
      ...(lists.prompts === undefined ? [] : ['prompts' as const]),
      ...(lists.resources === undefined && lists.resourceTemplates === undefined ? [] : ['resources' as const]),
    ];
  } catch {
    return undefined;
  }
}

/** A code that only this process can make, over the text of a cursor. @param key random, of this process */
export function createSeal(key: string): (text: string) => string {
  return (text) => sha256Digest.text(`${key}\n${sha256Digest.text(`${key}\n${text}`)}`).slice(0, 32);
}
