// A config that a test writes, compiled: the policy, or what is wrong with it as a person reads it.
import { type Compilation, type CompileInput, compilePolicy } from '../../src/config/compile.ts';
import { showDiagnostic } from '../../src/config/diagnostics.ts';
import type { Policy } from '../../src/config/policy.ts';

interface Compiler {
  compile(document: unknown): Compilation;
  /** @throws Error with every diagnostic where it has any */
  policyOf(document: unknown): Policy;
  /** Empty where it is legal. */
  errorsOf(document: unknown): readonly string[];
}

/** @param given what is not as usual: no variables, no ports, and the file is `/c/config.json` */
export function compilerWith(given: Partial<CompileInput> = {}): Compiler {
  const compile = (document: unknown): Compilation =>
    compilePolicy({
      document,
      variables: {},
      source: { path: '/c/config.json', digest: 'd' },
      absolute: (path) => (path.startsWith('/') ? path : `/c/${path}`),
      ...given,
    });
  return {
    compile,
    policyOf(document) {
      const compiled = compile(document);
      if (!compiled.ok) throw new Error(compiled.diagnostics.map(showDiagnostic).join('\n'));
      return compiled.policy;
    },
    errorsOf(document) {
      const compiled = compile(document);
      return compiled.ok ? [] : compiled.diagnostics.map(showDiagnostic);
    },
  };
}

export const { compile, policyOf, errorsOf } = compilerWith();
