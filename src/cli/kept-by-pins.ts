// What the pins of a server keep out of use now, from the lock and from what this machine saw of it. Decides nothing: policy/pins does.
import { readSeenPins } from '../adapters/seen-pins.ts';
import { pinKeyOf, pinsOfTenant } from '../config/pin-key.ts';
import { findKeptOut, type KeptOut } from '../policy/pins/drift-on-file.ts';
import { resolvePins, resolveServerPins } from '../policy/pins/pin-settings.ts';
import type { LockedPolicy, ReadConfig } from './locked-policy.ts';

/**
 * @param locked `whole`: as every tenant has it
 * @param complain told what cannot be read
 * @returns undefined where nothing is gone by yet, or its pins are only observed
 */
export function readKeptOut(
  server: string,
  {
    whole,
    policy,
    serverDocument,
    commandOptions,
  }: Pick<LockedPolicy & ReadConfig, 'policy' | 'serverDocument' | 'commandOptions'> & { readonly whole: ReadConfig },
  tenant: string,
  complain: (why: string) => void,
): KeptOut | undefined {
  const entry = policy.servers.get(server);
  if (entry === undefined || entry.mode === 'observe') return undefined;
  const { judgement, document, place } = whole;
  const approved = judgement.kind === 'holds' ? judgement.policy : document;
  const reading = readSeenPins({ ...place, tenant }, pinKeyOf(approved, tenant, server));
  if (reading.kind === 'unreadable') complain(reading.why);
  const seen = reading.kind === 'seen' ? reading.seen : undefined;
  const pins =
    judgement.kind === 'holds' ? pinsOfTenant(approved, tenant, judgement.lock.body.pins).get(server) : undefined;
  const known = pins === undefined ? seen?.first : { pins, hasInstructions: true };
  if (known === undefined) return undefined;
  const written = serverDocument(server);
  return findKeptOut({
    ...{ server, known, last: seen?.last, commandOptions },
    since: pins === undefined ? 'first_seen' : 'approved',
    settingsOf: resolvePins(written),
    serverSettings: resolveServerPins(written),
  });
}
