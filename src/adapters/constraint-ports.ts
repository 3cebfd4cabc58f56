// What constraints on arguments are given of this machine: links, home, working directory. Knows no rule and no pattern engine.
import { homedir } from 'node:os';
import type { ConstraintPorts } from '../policy/constraint/constraint-document.ts';
import { resolveRealPath } from './real-path.ts';

/** @param cwd where the server works; undefined: where the guard was started */
export function createConstraintPorts(
  cwd: string | undefined,
  compilePattern: ConstraintPorts['compilePattern'],
): ConstraintPorts {
  return {
    compilePattern,
    realPath: resolveRealPath,
    homeDir: homedir(),
    cwdOf: () => cwd ?? process.cwd(),
    windows: process.platform === 'win32',
  };
}
