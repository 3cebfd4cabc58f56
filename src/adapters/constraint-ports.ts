// What constraints on arguments are given of this machine: links, home, directories. Knows no rule and no pattern engine.
import { type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { listCommandPaths } from '../policy/constraint/command-paths.ts';
import type { ConstraintPorts } from '../policy/constraint/constraint-document.ts';
import { isTooLong, lacksEntry, leadsThroughProcess, resolveRealPath, type SeenEntries } from './real-path.ts';
import { createUserHomes } from './user-homes.ts';

export interface ServerSurroundings {
  /** Absolute; undefined: where the guard was started. */
  readonly cwd: string | undefined;
  /** Undefined: that of the user. */
  readonly home: string | undefined;
  /** Of its command. */
  readonly args: readonly string[];
  /** Its environment, where that is known. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export function createConstraintPorts(
  { cwd, home, args, env }: ServerSurroundings,
  compilePattern: ConstraintPorts['compilePattern'],
): ConstraintPorts {
  const homeDir = home ?? homedir();
  const windows = process.platform === 'win32';
  let known: readonly string[] | undefined;
  // not before it is asked: where the guard was started may be gone
  const listBases = (): readonly string[] => {
    const here = cwd ?? process.cwd();
    return [here, ...listCommandPaths(args, { cwd: here, home: homeDir, windows })];
  };
  return {
    compilePattern,
    realPath: (path) => resolveRealPath(path),
    homeDir,
    bases: () => {
      known ??= listBases();
      return known;
    },
    windows,
    directoryState: windows ? () => undefined : readDirectoryState,
    homeOf: createUserHomes(),
    variable: (name) => (env !== undefined && Object.hasOwn(env, name) ? env[name] : undefined),
    isPerProcess: (path) => leadsThroughProcess(path),
    isAbsent: (directory, name) => lacksEntry(directory, name),
    atOnce() {
      const seen: SeenEntries = new Map();
      return {
        realPath: (path) => resolveRealPath(path, seen),
        isPerProcess: (path) => leadsThroughProcess(path, seen),
        isAbsent: (directory, name) => lacksEntry(directory, name, seen),
      };
    },
  };
}

/** File times move with the kernel's tick, 10 ms at most: within this long of a change another may bear the same time. */
const UNSURE_MS = 100;

/** The time of change (`ctime`) moves with each entry that is made, removed or renamed, and cannot be set back by hand. */
function readDirectoryState(path: string): string | undefined {
  let found: Stats | undefined;
  try {
    found = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return isTooLong(error) ? 'too long' : undefined;
  }
  // what a command names need not be there
  if (found === undefined) return 'absent';
  if (!found.isDirectory()) return `no directory: ${found.dev}:${found.ino}`;
  const ageMs = Date.now() - found.ctimeMs;
  // A time to come means that a clock was set: nothing can be told from it.
  if (!(ageMs > UNSURE_MS)) return undefined;
  return `${found.dev}:${found.ino}:${found.ctimeMs}`;
}
