// How far a server is kept from the rest of the machine: what a config asks for, with every default filled in. Pure; knows neither
// what the machine can do nor how it is done (adapters/isolation).
import type { NetworkReach } from '../policy/lock/network-reach.ts';
import { ISOLATION_LEVELS, type IsolationLevel } from './restriction.ts';
import type { ServerDocument } from './schema.ts';

export interface IsolationPolicy {
  /** The least that will do. */
  readonly required: IsolationLevel;
  /** From L2 on; below it nothing keeps a server from the network. Domains: for L3, and only there. */
  readonly network: NetworkReach;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Absolute: from L2 on, beside the system's own directories and the tenant's. */
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  readonly openFiles: number;
  /** Counted over a whole user: holds from L1 on. Undefined: the system's. */
  readonly processes: number | undefined;
  /** Of each process: what it may have written to of its own. Undefined: the system's. */
  readonly memoryBytes: number | undefined;
}

const OPEN_FILES = 4096;
const PROCESSES = 512;

type IsolationDocument = NonNullable<ServerDocument['isolation']>;

export function compileIsolation(
  written: IsolationDocument | undefined,
  absolute: (path: string) => string,
): IsolationPolicy | undefined {
  if (written === undefined) return undefined;
  return {
    required: written.required ?? 'L0',
    network: written.network ?? false,
    uid: written.uid,
    gid: written.gid ?? written.uid,
    readable: (written.readable ?? []).map(absolute),
    writable: (written.writable ?? []).map(absolute),
    openFiles: written.openFiles ?? OPEN_FILES,
    processes: written.processes ?? PROCESSES,
    memoryBytes: written.memoryBytes,
  };
}

/** L0 where nobody asks for any. */
export function strongestLevel(levels: readonly (IsolationLevel | undefined)[]): IsolationLevel {
  const ranks = levels.map((level) => (level === undefined ? 0 : ISOLATION_LEVELS.indexOf(level)));
  return ISOLATION_LEVELS[Math.max(0, ...ranks)] ?? 'L3';
}
