// Compiles one constraint and asks it about one value: the scene of the tests of this folder. Judges nothing.
import { compileRe2 } from '../../../src/adapters/re2-pattern.ts';
import { resolveRealPath } from '../../../src/adapters/real-path.ts';
import type { ConstraintDocument, ConstraintPorts } from '../../../src/policy/constraint/constraint-document.ts';
import { checkArguments, compileConstraints, type Violation } from '../../../src/policy/constraint/constraint-set.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';

/** No link anywhere, and nothing exists. */
export const PORTS: ConstraintPorts = {
  compilePattern: compileRe2,
  realPath: (path) => path,
  homeDir: '/home/me',
  bases: () => ['/site'],
  windows: false,
};

/** The disk of this machine. */
export function realPorts(cwd: string, homeDir = cwd): ConstraintPorts {
  return { ...PORTS, realPath: resolveRealPath, bases: () => [cwd], homeDir };
}

export interface Source {
  readonly args?: Readonly<Record<string, ConstraintDocument>>;
  readonly additional?: boolean;
}

export function check(source: Source, args: JsonObject | undefined, ports = PORTS): Violation | undefined {
  const compiled = compileConstraints(source, 'grant', ports);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return checkArguments(compiled.set, args);
}

/** What the constraint says about the value at `/v`; undefined where it holds. */
export function ask(constraint: ConstraintDocument, value: Json, ports = PORTS): string | undefined {
  return check({ args: { '/v': constraint } }, { v: value }, ports)?.text;
}

/** What is wrong with it in a config: path and message. */
export function complaints(constraint: ConstraintDocument, ports = PORTS): readonly string[] {
  const compiled = compileConstraints({ args: { '/v': constraint } }, 'grant', ports);
  return compiled.ok ? [] : compiled.problems.map(({ path, message }) => `${path}: ${message}`);
}
