// What the readers know of a record beside its words: whether it fits its hash, and whether its guard lives. Changes nothing.
import type { CheckExternal } from '../audit/check-payload.ts';
import type { PlacedRecord, Witness } from '../audit/query.ts';
import { findFault } from '../audit/record-fault.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import type { JsonObject } from '../wire/json.ts';
import { judgeLiveness, type ProcessIdentity, readIdentity, readOwnIdentity } from './process-identity.ts';
import { listMarkers } from './segment-markers.ts';
import { sha256Digest } from './sha256-digest.ts';
import { listTenants } from './trail-listing.ts';

/**
 * INVARIANT: made before the segments are read, so that a guard that ends meanwhile leaves `pending`, never a false `lost`.
 * Without `external` no payload in a file of its own is looked at.
 */
export function createWitness(stateDir: string, external: CheckExternal = () => 'ok'): Witness {
  const live = listTenants(stateDir)
    .flatMap((tenant) => listMarkers(trailPaths(tenantDir(stateDir, tenant))))
    .filter((marker) => judgeLiveness(marker.holder) !== 'dead');
  const segments = new Set(live.map((marker) => marker.segment));
  return {
    faultOf: (placed) => findFault(placed, { digest: sha256Digest, external }),
    isAwaited: ({ ref, open }: PlacedRecord) => {
      if (segments.has(ref.segment)) return true;
      // The same guard may have gone on in another segment.
      const writer = writerOf(open);
      return writer !== undefined && (live.some(({ holder }) => isSame(holder, writer)) || isAlive(writer));
    },
  };
}

function writerOf(open: JsonObject | undefined): ProcessIdentity | undefined {
  const writer = readIdentity(open);
  // Without a start time a pid may be anybody's by now.
  return writer?.startTime === null ? undefined : writer;
}

function isSame(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId;
}

/** An `open` does not say in which namespace its pid counts: pid, start and boot agree by chance in no other. */
function isAlive(writer: ProcessIdentity): boolean {
  return judgeLiveness({ ...writer, pidNamespace: readOwnIdentity().pidNamespace }) === 'alive';
}
