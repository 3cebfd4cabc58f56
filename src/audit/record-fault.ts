// Is one record by itself what was written? Pure. Knows no chain: whether it stands where it stood is what `verify` finds.
import { stringAt } from '../wire/json.ts';
import { type Digest, hashRecord } from './chain.ts';
import { type CheckExternal, checkPayload } from './check-payload.ts';
import type { PlacedRecord } from './query.ts';

export interface FaultTools {
  readonly digest: Digest;
  readonly external: CheckExternal;
}

/** One lower-case sentence; undefined where hash and commitment fit. A removed payload is no fault. */
export function findFault({ ref, record }: PlacedRecord, { digest, external }: FaultTools): string | undefined {
  const prev = stringAt(record.header, 'prev') ?? '';
  if (hashRecord(prev, record.headerText, digest) !== record.hash) return 'the header does not have its hash';
  return checkPayload(record, ref.segment, digest, external) === 'mismatch'
    ? 'the payload is not the one that the header commits to'
    : undefined;
}
