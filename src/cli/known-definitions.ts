// What is known of the definitions of one program, from the sessions of everybody who runs it. Pure; knows no file.
import type { PinSubject } from '../config/pin-key.ts';
import { type PinSet, writePinSet } from '../policy/pins/pin-set.ts';
import type { SeenSet } from '../policy/pins/seen-set.ts';
import { isSameJson } from '../wire/same-json.ts';

/** What is known of a server's definitions. */
export interface Known {
  /** As a session last saw them, over all pages. */
  readonly last: SeenSet | undefined;
  /** What is gone by where nothing was approved. */
  readonly first: SeenSet | undefined;
  /** Names of tools that were seen somewhere else, as without a config. */
  readonly tools: readonly string[];
}

export interface KnownToAll extends Known {
  /** Tenants that run it saw different definitions: those of none are taken for all. */
  readonly isSplit: boolean;
}

/**
 * @param knownOf what the sessions of one tenant saw; of nobody where the config knows no tenants
 * @param pinned what was approved: who saw just that, and others something else since, has only not been there for a while
 */
export function knownTo(
  { server, tenants, key }: Pick<PinSubject, 'server' | 'tenants' | 'key'>,
  knownOf: (server: string, tenant: string | undefined, key: string) => Known,
  pinned: PinSet | undefined,
): KnownToAll {
  const all = (tenants ?? [undefined]).map((tenant) => knownOf(server, tenant, key));
  const seen = all.flatMap(({ last }) => last ?? []);
  const complete = seen.filter(({ isPart }) => isPart !== true);
  const whole = complete.length === 0 ? seen : complete;
  const fresh = whole.filter(({ pins }) => pinned === undefined || !isSamePins(pins, pinned));
  const last = fresh[0] ?? whole[0];
  const isSplit = fresh.some(({ pins }) => last !== undefined && !isSamePins(pins, last.pins));
  return {
    last: isSplit ? undefined : last,
    first: all.find(({ first }) => first !== undefined)?.first,
    tools: [...new Set(all.flatMap((one) => [...one.tools, ...(one.last?.pins.tools.keys() ?? [])]))],
    isSplit,
  };
}

export function namesOf(known: KnownToAll | undefined): readonly string[] {
  return [...new Set([...(known?.last?.pins.tools.keys() ?? []), ...(known?.tools ?? [])])];
}

function isSamePins(one: PinSet, other: PinSet): boolean {
  return isSameJson(writePinSet(one), writePinSet(other));
}
