// What a resource template becomes with values put in, and whether that stays where the template is. A template is granted as it is
// written, so what is put in must not lead out of it. Source of the operators: RFC 6570. Opens nothing.
import type { Json, JsonObject } from '../../wire/json.ts';
import { LONGEST_NAME } from '../target-index.ts';
import { readUri } from './uri-readings.ts';

const EXPRESSION = /\{([^{}]*)\}/g;

/** attacker-controlled: both. @param values what is given so far; what is not given counts as empty */
export function staysInTemplate(template: string, values: JsonObject): boolean {
  if (!Object.values(values).every((value) => typeof value === 'string' && isPlain(value))) return false;
  // one that takes no values is judged as the URI that it is
  if (!template.includes('{')) return true;
  return isPlain(expand(template, values, putIn)) && isPlain(expand(template, values, putInPlainly));
}

/** No segment of dots in any reading of it as a part of a URI. */
function isPlain(text: string | undefined): boolean {
  return text !== undefined && readUri(`x:/${text}`).isPlain;
}

type PutIn = (operator: string, given: readonly (readonly [name: string, value: string])[]) => string;

/** Undefined where it grows longer than a name may be. */
function expand(template: string, values: JsonObject, put: PutIn): string | undefined {
  let room = LONGEST_NAME - template.length;
  const expanded = template.replace(EXPRESSION, (_, expression: string) => {
    const operator = /^[+#./;?&]/.exec(expression)?.[0] ?? '';
    const given = expression
      .slice(operator.length)
      .split(',')
      .flatMap((variable) => givenOf(variable, values, put === putIn));
    for (const [, value] of given) room -= value.length;
    return room < 0 || given.length === 0 ? '' : put(operator, given);
  });
  return room < 0 ? undefined : expanded;
}

/** @param isCut whether `{name:3}` is three characters of it, as RFC 6570 says */
function givenOf(
  variable: string,
  values: JsonObject,
  isCut: boolean,
): readonly (readonly [name: string, value: string])[] {
  const [, name = '', length] = /^([^:*]*)(?::(\d+))?\*?$/.exec(variable.trim()) ?? [];
  const value: Json | undefined = Object.hasOwn(values, name) ? values[name] : undefined;
  if (typeof value !== 'string') return [];
  return [[name, length === undefined || !isCut ? value : [...value].slice(0, Number(length)).join('')]];
}

const putIn: PutIn = (operator, given) => {
  const texts = given.map(([name, value]) => (/[;?&]/.test(operator) ? `${name}=${value}` : value));
  if (operator === '' || operator === '+' || operator === '#') return `${operator.replace('+', '')}${texts.join(',')}`;
  return texts.map((text) => `${operator}${text}`).join('');
};

/** As a server does that only looks for names between braces. */
const putInPlainly: PutIn = (_, given) => given.map(([, value]) => value).join('');
