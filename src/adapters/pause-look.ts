// The pauses of a tenant as the disk shows them, looked at now and then. Writes nothing, loads no lowdb.
// TRUST: what this machine's key has signed (pause-seal.ts); what cannot be read or is signed by nobody pauses nothing.
import { join } from 'node:path';
import { messageOf } from '../error-text.ts';
import { NO_PAUSES, type Pauses, readPauses } from '../policy/pause.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { type DocumentSpec, readDocument } from './document-file.ts';
import { DocumentLook } from './document-look.ts';
import { areSealed } from './pause-seal.ts';

export function pausesSpec(
  stateDir: string,
  tenant: string,
  parts: Pick<DocumentSpec<never>, 'say' | 'nowMs'>,
): DocumentSpec<Pauses> {
  const path = join(tenantDir(stateDir, tenant), 'pauses.json');
  const check = (value: unknown): Pauses | undefined => {
    const pauses = readPauses(value);
    return pauses !== undefined && areSealed(stateDir, tenant, pauses) ? pauses : undefined;
  };
  // a second copy of the same text: an older one could bring back a pause that was ended
  return { ...parts, path, version: 1, empty: NO_PAUSES, check, backup: 'same' };
}

export class PauseLook {
  readonly #look: DocumentLook<Pauses>;

  /** @param spec its `say` is told, once for each change, why a document pauses nothing */
  constructor(spec: DocumentSpec<Pauses>) {
    this.#look = new DocumentLook(spec, loadPauses);
  }

  /** Never throws. @param monoMs the session's clock */
  read(monoMs: number): Pauses {
    return this.#look.read(monoMs) ?? NO_PAUSES;
  }
}

function loadPauses(spec: DocumentSpec<Pauses>): Pauses {
  try {
    const reading = readDocument(spec, spec.path);
    if (reading.kind === 'good') return reading.data;
    if (reading.kind === 'corrupt')
      spec.say(`\`${spec.path}\` holds no pauses that this machine signed (${reading.why}): nothing is paused`);
  } catch (error) {
    spec.say(`${messageOf(error)}: nothing is paused`);
  }
  return NO_PAUSES;
}
