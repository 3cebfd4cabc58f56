// What is wrong inside the constraints of a config that is wrong elsewhere, too, so that everything is told at once. Works on an
// unchecked document; a constraint whose own shape is wrong is left to the schema. Knows no kind of constraint.
import type { ConstraintPorts } from '../policy/constraint/constraint-document.ts';
import { type ConstraintProblem, compileConstraints } from '../policy/constraint/constraint-set.ts';
import { isPointer } from '../policy/constraint/pointer.ts';
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, showPath, valueAt } from './json-path.ts';
import { readConstraint } from './read-shape.ts';

export function checkConstraints(
  document: unknown,
  ports: ConstraintPorts,
  report: (diagnostic: Diagnostic) => void,
): void {
  for (const [name, scope] of entriesOf(valueAt(document, ['scopes']))) {
    const grants = valueAt(scope, ['grants']);
    for (const [index, grant] of (Array.isArray(grants) ? grants : []).entries()) {
      for (const [pointer, value] of entriesOf(valueAt(grant, ['args']))) {
        const constraint = readConstraint(value);
        if (constraint === undefined) continue;
        // the schema has told of a key that is no pointer; what stands there is read all the same
        const key = isPointer(pointer) ? pointer : '/';
        const reading = compileConstraints({ args: { [key]: constraint } }, '', ports);
        const above = `.args[${JSON.stringify(key)}]`.length;
        for (const { path, message } of reading.ok ? [] : reading.problems) {
          const place = showPath(['scopes', name, 'grants', index, 'args', pointer]);
          report(explainProblem({ path: `${place}${path.slice(above)}`, message }));
        }
      }
    }
  }
}

export function explainProblem({ path, message }: ConstraintProblem): Diagnostic {
  return { path, what: message, why: '', mend: 'see docs/constraints.md' };
}
