// What constraints on arguments are given of this machine: links, home, working directory. Knows no rule and no pattern engine.
import { homedir } from 'node:os';
import type { ConstraintPorts } from '../policy/constraint/constraint-document.ts';
import { resolveRealPath } from './real-path.ts';

/** @param place of the server; undefined: where the guard was started, and the user's home */
export function createConstraintPorts(
  { cwd, home }: { readonly cwd: string | undefined; readonly home: string | undefined },
  compilePattern: ConstraintPorts['compilePattern'],
): ConstraintPorts {
  return {
    compilePattern,
    realPath: resolveRealPath,
    homeDir: home ?? homedir(),
    cwdOf: () => cwd ?? process.cwd(),
    windows: process.platform === 'win32',
  };
}
