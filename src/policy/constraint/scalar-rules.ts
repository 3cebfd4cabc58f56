// The rules that look at one value as it stands: equals, oneOf, maxLength, min, max, prefix, pattern. Knows no path and no URL.
import { messageOf } from '../../error-text.ts';
import type { Json, JsonScalar } from '../../wire/json.ts';
import { findScalarFault, readNumber, readScalar, readText } from './readable-value.ts';
import { type CompileRule, type Report, type Rule, TOO_MUCH } from './rule.ts';
import { listChoices, quote, quoteScalar } from './shown-text.ts';

/** Longer texts are not matched: the cost of a pattern must be small in any case. */
export const MAX_MATCHED_LENGTH = 65_536;

export const compileEquals: CompileRule<JsonScalar> = (wanted, report) => {
  return checkWanted([wanted], report, false) ? compareScalars('equals', [wanted]) : undefined;
};

export const compileOneOf: CompileRule<readonly JsonScalar[]> = (wanted, report) => {
  return checkWanted(wanted, report, true) ? compareScalars('oneOf', wanted) : undefined;
};

function checkWanted(wanted: readonly JsonScalar[], report: Report, isList: boolean): boolean {
  let ok = wanted.length > 0;
  if (!ok) report('', 'must name at least one value: an empty list would refuse everything');
  for (const [index, value] of wanted.entries()) {
    const fault = findScalarFault(value);
    if (fault === undefined) continue;
    report(isList ? `[${index}]` : '', `${fault}, because such a value is refused in every call`);
    ok = false;
  }
  return ok;
}

/** By type and value: `1` is not `"1"`; `1` and `1.0` are one number. */
function compareScalars(kind: 'equals' | 'oneOf', wanted: readonly JsonScalar[]): Rule {
  const allowed = new Set(wanted);
  const text = `must be ${listChoices(wanted.map(quoteScalar))}`;
  return {
    kind,
    check(value) {
      const read = readScalar(value);
      if (!read.ok) return text;
      return allowed.has(read.value) ? undefined : text;
    },
  };
}

/** Of a string in code points, of an array in elements. */
export const compileMaxLength: CompileRule<number> = (max, report) => {
  if (!Number.isSafeInteger(max) || max < 0) return void report('', 'must be an integer of at least 0');
  return {
    kind: 'maxLength',
    check(value) {
      if (Array.isArray(value)) return value.length <= max ? undefined : `must have at most ${max} elements`;
      const read = readText(value);
      if (!read.ok) return typeof value === 'string' ? read.fault : 'must be a string or an array';
      return isLonger(read.value, max) ? `must have at most ${max} characters` : undefined;
    },
  };
};

function isLonger(text: string, max: number): boolean {
  // a code point is one or two units, so most texts need no counting
  if (text.length <= max) return false;
  return text.length > 2 * max || countPoints(text) > max;
}

/** Code points of a text without lone surrogates. */
export function countPoints(text: string): number {
  let points = 0;
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) points++;
  return points;
}

export const compileMin: CompileRule<number> = (min, report) => {
  return boundNumber('min', min, report, (value) => value >= min, `must be a number of at least ${min}`);
};

export const compileMax: CompileRule<number> = (max, report) => {
  return boundNumber('max', max, report, (value) => value <= max, `must be a number of at most ${max}`);
};

function boundNumber(
  kind: 'min' | 'max',
  bound: number,
  report: Report,
  holds: (value: number) => boolean,
  text: string,
): Rule | undefined {
  const fault = findScalarFault(bound);
  if (fault !== undefined) return void report('', fault);
  return {
    kind,
    check(value) {
      const read = readNumber(value);
      if (!read.ok) return typeof value === 'number' ? read.fault : text;
      return holds(read.value) ? undefined : text;
    },
  };
}

export const compilePrefix: CompileRule<string> = (prefix, report) => {
  const fault = findScalarFault(prefix) ?? (prefix === '' ? 'must not be empty' : undefined);
  if (fault !== undefined) return void report('', fault);
  return checkText('prefix', (text) => text.startsWith(prefix), `must be a string that begins with ${quote(prefix)}`);
};

export const compilePattern: CompileRule<string> = (source, report, ports) => {
  let matches: (text: string) => boolean;
  try {
    matches = ports.compilePattern(source);
  } catch (error) {
    return void report('', `is no RE2 pattern: ${messageOf(error)}`);
  }
  const rule = checkText('pattern', matches, `must be a string that matches ${quote(source)} as a whole`);
  return {
    kind: 'pattern',
    check(value: Json, budget) {
      if (typeof value === 'string') {
        if (value.length > MAX_MATCHED_LENGTH)
          return `must have at most ${MAX_MATCHED_LENGTH} characters to be matched`;
        // a step of the automaton takes some 150 ns, more where the pattern is large
        if (!budget.spend(100 + 15 * value.length)) return TOO_MUCH;
      }
      return rule.check(value, budget);
    },
  };
};

function checkText(kind: 'prefix' | 'pattern', holds: (text: string) => boolean, text: string): Rule {
  return {
    kind,
    check(value) {
      const read = readText(value);
      if (!read.ok) return typeof value === 'string' ? read.fault : text;
      return holds(read.value) ? undefined : text;
    },
  };
}
