// The pauses of a tenant as the disk shows them, looked at now and then. Writes nothing, loads no lowdb.
// TRUST: what this machine's key has signed (pause-seal.ts); what cannot be read or is signed by nobody pauses nothing.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { NO_PAUSES, type Pauses, readPauses } from '../policy/pause.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { type DocumentSpec, readDocument } from './document-file.ts';
import { areSealed } from './pause-seal.ts';
import { codeOf } from './state-paths.ts';

/** What a person orders is seen within this, by the monotonic clock. */
const LOOK_EVERY_MS = 200;

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
  readonly #spec: DocumentSpec<Pauses>;
  #pauses: Pauses = NO_PAUSES;
  #signature = 'none';
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** @param spec its `say` is told, once for each change, why a document pauses nothing */
  constructor(spec: DocumentSpec<Pauses>) {
    this.#spec = spec;
  }

  /** Never throws. @param monoMs the session's clock */
  read(monoMs: number): Pauses {
    if (monoMs - this.#lookedAtMs < LOOK_EVERY_MS) return this.#pauses;
    this.#lookedAtMs = monoMs;
    // Before reading: what is replaced meanwhile is read again next time. The document is only ever replaced, so its inode tells.
    const signature = sign(this.#spec.path);
    if (signature === this.#signature) return this.#pauses;
    this.#signature = signature;
    this.#pauses = this.#load();
    return this.#pauses;
  }

  #load(): Pauses {
    try {
      const reading = readDocument(this.#spec, this.#spec.path);
      if (reading.kind === 'good') return reading.data;
      if (reading.kind === 'corrupt')
        this.#spec.say(
          `\`${this.#spec.path}\` holds no pauses that this machine signed (${reading.why}): nothing is paused`,
        );
    } catch (error) {
      this.#spec.say(`${error instanceof Error ? error.message : String(error)}: nothing is paused`);
    }
    return NO_PAUSES;
  }
}

function sign(path: string): string {
  try {
    const stat = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? 'none' : `${stat.ino}:${stat.mtimeNs}:${stat.ctimeNs}:${stat.size}`;
  } catch (error) {
    return String(codeOf(error));
  }
}
