// What constraints on arguments are given of this machine: links, home, directories. Knows no rule and no pattern engine.
import { homedir } from 'node:os';
import { listCommandPaths } from '../policy/constraint/command-paths.ts';
import type { ConstraintPorts } from '../policy/constraint/constraint-document.ts';
import { resolveRealPath } from './real-path.ts';

export interface ServerSurroundings {
  /** Absolute; undefined: where the guard was started. */
  readonly cwd: string | undefined;
  /** Undefined: that of the user. */
  readonly home: string | undefined;
  /** Of its command. */
  readonly args: readonly string[];
}

export function createConstraintPorts(
  { cwd, home, args }: ServerSurroundings,
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
    realPath: resolveRealPath,
    homeDir,
    bases: () => {
      known ??= listBases();
      return known;
    },
    windows,
  };
}
