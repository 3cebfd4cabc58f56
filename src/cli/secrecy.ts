// What keeps the secrets of a run's servers out of everything that the guard itself writes. Loads the search only where there is a secret.
import type { Masker, Secret } from '../audit/redact/masker.ts';

export interface Secrecy {
  /** Undefined: there is nothing to mask. */
  readonly masker: Masker | undefined;
  /** The same writer, for masked text. */
  outlet(write: (text: string | Buffer) => void): (text: string | Buffer) => void;
}

export async function openSecrecy(secrets: readonly Secret[]): Promise<Secrecy> {
  const masker = secrets.length === 0 ? undefined : (await import('../audit/redact/masker.ts')).createMasker(secrets);
  return {
    masker,
    outlet: (write) => {
      if (masker === undefined) return write;
      return (text) => write(typeof text === 'string' ? masker.maskText(text) : Buffer.from(masker.maskBytes(text)));
    },
  };
}
