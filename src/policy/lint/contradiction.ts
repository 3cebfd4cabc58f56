// Constraints that no argument can meet: kinds that ask for different types, values that break the rules beside them, arguments
// that the tool has not got. Pure. What a compiler of constraints refuses (`min` above `max`) is no business of this.
import type { JsonObject } from '../../wire/json.ts';
import { listOf } from '../../wire/json.ts';
import type { ConstraintPorts } from '../constraint/constraint-document.ts';
import { checkArguments, compileConstraints } from '../constraint/constraint-set.ts';
import { declaredArguments } from './argument-kind.ts';
import { quoteName, quoteNames } from './finding.ts';
import type { OfferedTool } from './lint-input.ts';
import { constraintsOf } from './subject.ts';

const OF_NUMBERS = ['min', 'max'];
/** `maxLength` takes lists, too. */
const OF_TEXTS = ['prefix', 'pattern', 'within', 'host', 'sql'];
/** Each reads a text as something that the other does not take. */
const UNLIKE: readonly (readonly [string, string])[] = [
  ['within', 'host'],
  ['within', 'sql'],
  ['host', 'sql'],
];

/** What can never hold in the constraints of a grant; empty where nothing is wrong. */
export function findContradictions(grant: JsonObject, ports: ConstraintPorts): readonly string[] {
  return constraintsOf(grant).flatMap(([pointer, constraint]): readonly string[] => {
    const why = contradictionIn(constraint, ports);
    return why === undefined ? [] : [`${quoteName(pointer)} ${why}`];
  });
}

function contradictionIn(constraint: JsonObject, ports: ConstraintPorts): string | undefined {
  const kinds = Object.keys(constraint);
  const number = OF_NUMBERS.find((kind) => kinds.includes(kind));
  const text = [...OF_TEXTS, 'maxLength'].find((kind) => kinds.includes(kind));
  if (number !== undefined && text !== undefined)
    return `must be a number (\`${number}\`) and none (\`${text}\`), so no value fits`;
  const unlike = UNLIKE.find(([left, right]) => kinds.includes(left) && kinds.includes(right));
  if (unlike !== undefined) return `must meet \`${unlike[0]}\` and \`${unlike[1]}\`, and nothing is both`;
  const isListed = Object.hasOwn(constraint, 'equals') || Object.hasOwn(constraint, 'oneOf');
  const others = kinds.filter((kind) => kind !== 'optional');
  if (!isListed || others.length < 2) return undefined;
  const values = Object.hasOwn(constraint, 'equals') ? [constraint.equals ?? null] : listOf(constraint.oneOf);
  const compiled = compileConstraints({ args: { '/value': constraint } }, '', ports);
  if (!compiled.ok) return undefined;
  const fits = values.some((value) => checkArguments(compiled.set, { value }) === undefined);
  return fits
    ? undefined
    : `names values that the rules beside it refuse (${others.map((kind) => `\`${kind}\``).join(', ')})`;
}

/** What a grant asks of a tool that its schema does not have, or refuses that it requires. */
export function findMisfits(grant: JsonObject, tool: OfferedTool): readonly string[] {
  const { required, named } = declaredArguments(tool);
  if (named === undefined) return [];
  const pointers = constraintsOf(grant).map(([pointer, constraint]) => ({ first: firstKey(pointer), constraint }));
  const absent = pointers.filter(
    ({ first, constraint }) =>
      first !== '*' && !named.has(first) && constraint.optional !== true && constraint.absent !== true,
  );
  const closed = grant.additional === false;
  const known = new Set(pointers.map(({ first }) => first));
  const refused = required.filter(
    (name) =>
      (closed && !known.has(name) && !known.has('*')) ||
      pointers.some(({ first, constraint }) => first === name && constraint.absent === true),
  );
  return [
    ...(absent.length === 0
      ? []
      : [`asks for ${quoteNames(absent.map(({ first }) => first))}, which ${quoteName(tool.name)} does not take`]),
    ...(refused.length === 0 ? [] : [`refuses ${quoteNames(refused)}, which ${quoteName(tool.name)} requires`]),
  ];
}

/** The argument that a pointer begins with. */
export function firstKey(pointer: string): string {
  const [, first = ''] = pointer.split('/');
  return first.replaceAll('~1', '/').replaceAll('~0', '~');
}
