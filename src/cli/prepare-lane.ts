// Everything that one server of a gateway is started with, or why it is not: whatever is wrong with one keeps no other from starting.
import type { Secret } from '../audit/redact/masker.ts';
import type { ServerPolicy } from '../config/policy.ts';
import { ISOLATION_LEVELS } from '../config/restriction.ts';
import type { Refusing } from '../core/denial.ts';
import type { LaneSettings } from '../core/gateway/settings.ts';
import { isGuardError, showError } from '../guard-error.ts';
import { laneSettingsOf } from './lane-settings.ts';
import type { HeldPolicy } from './open-policy.ts';
import { type PreparedServer, prepareServer } from './prepare-server.ts';
import type { GatewayParts } from './run-gateway.ts';
import type { LaneServer } from './run-lane.ts';

export interface PreparedLane {
  readonly settings: LaneSettings;
  /** Undefined where it is never started. */
  readonly server: Omit<LaneServer, 'process'> | undefined;
  readonly secrets: readonly Secret[];
  /** Undefined where it is never started: then there is nothing that is kept apart. */
  readonly isolation: PreparedServer['isolation'] | undefined;
  /** For stderr. */
  readonly notes: readonly string[];
}

export interface LaneContext extends Pick<GatewayParts, 'flags' | 'stateDir' | 'tenant'> {
  /** As of a `PrepareContext`. */
  readonly say: (server: string, text: string) => void;
}

/** @param held the policy that it is to run under */
export async function prepareLane(
  entry: ServerPolicy,
  held: HeldPolicy,
  { flags, stateDir, tenant, say }: LaneContext,
): Promise<PreparedLane> {
  const settings = laneSettingsOf(entry, { stateDir, tenant, lock: held.lock });
  const left = (refusal: Refusing): PreparedLane => ({
    ...{ settings: { ...settings, refusal }, server: undefined, secrets: [], isolation: undefined, notes: [] },
  });
  if (settings.refusal !== undefined) return left(settings.refusal);
  try {
    const resolved = { name: entry.id, command: entry.command, args: entry.args, entry };
    const context = { env: process.env, uid: process.getuid?.(), stateDir, tenant, say };
    const prepared = await prepareServer(resolved, held.policy, flags, context);
    const { secrets, isolation, notes } = prepared;
    return { settings, server: { entry, prepared }, secrets, isolation, notes };
  } catch (error) {
    if (!isGuardError(error) || error.code === 'usage') throw error;
    const text = showError(error).replace(/\s*\n\s*/g, ': ');
    return left({ reason: 'server_unstartable', rule: undefined, text, retryAfterMs: undefined });
  }
}

/** Of those that are started, for the record; `none` where none is. */
export function weakestOf(lanes: readonly Pick<PreparedLane, 'isolation'>[]): PreparedServer['isolation'] {
  const levels = lanes.flatMap(({ isolation }) => isolation ?? []);
  return levels.sort(byStrength)[0] ?? 'none';
}

/** Weakest first. */
export function byStrength(one: PreparedServer['isolation'], other: PreparedServer['isolation']): number {
  const order: readonly string[] = ['none', ...ISOLATION_LEVELS];
  return order.indexOf(one) - order.indexOf(other);
}
