// What the ceilings of this machine come to, all together. Types and the empty value only: every `run` asks, and most machines have
// none.
import type { Restriction } from './restriction.ts';

export interface CeilingFile {
  /** Absolute. */
  readonly path: string;
  /** SHA-256 of its bytes, hex. */
  readonly digest: string;
}

export interface Ceilings {
  readonly files: readonly CeilingFile[];
  readonly restrictions: readonly Restriction[];
  /** `required`: what no lock covers does not run, a run without a config included. */
  readonly lock: 'required' | 'first-use';
  /** The only keys that may approve; undefined: whoever else may. */
  readonly approvers: readonly string[] | undefined;
}

export const NO_CEILINGS: Ceilings = { files: [], restrictions: [], lock: 'first-use', approvers: undefined };
