// Loads a policy with what its constraints need of this machine. The pattern engine is loaded only for a config that has patterns:
// hosts start every server twice.
import { createConstraintPorts } from '../adapters/constraint-ports.ts';
import type { PortsFor } from '../config/compile-scope.ts';

/** Calls `load`, and again where it asked for a pattern. @throws what the last call of `load` throws */
export async function withConstraints<T>(load: (portsFor: PortsFor) => T): Promise<T> {
  let isWanted = false;
  const withoutEngine: PortsFor = (cwd, home, args = []) =>
    createConstraintPorts({ cwd, home, args }, () => {
      isWanted = true;
      throw new Error('the pattern engine is not loaded');
    });
  try {
    const loaded = load(withoutEngine);
    if (!isWanted) return loaded;
  } catch (error) {
    if (!isWanted) throw error;
  }
  return load(await loadPortsFor());
}

/** For commands that may take their time. */
export async function loadPortsFor(): Promise<PortsFor> {
  const { compileRe2 } = await import('../adapters/re2-pattern.ts');
  return (cwd, home, args = []) => createConstraintPorts({ cwd, home, args }, compileRe2);
}
