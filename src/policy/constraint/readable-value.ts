// Which strings and numbers every reader takes for the same value. Knows no rule.
import type { Json, JsonScalar } from '../../wire/json.ts';
import { hasUnsafeUnit } from '../../wire/request-id.ts';

export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

/** attacker-controlled. */
export function readText(value: Json): Reading<string> {
  if (typeof value !== 'string') return { ok: false, fault: 'must be a string' };
  const fault = findTextFault(value);
  return fault === undefined ? { ok: true, value } : { ok: false, fault };
}

/** A finite number; where it is an integer, one that no reader rounds. */
export function readNumber(value: Json): Reading<number> {
  if (typeof value !== 'number') return { ok: false, fault: 'must be a number' };
  const fault = findNumberFault(value);
  return fault === undefined ? { ok: true, value } : { ok: false, fault };
}

export function readScalar(value: Json): Reading<JsonScalar> {
  if (typeof value === 'object' && value !== null) {
    return { ok: false, fault: 'must be a string, a number, a boolean or null' };
  }
  const fault = findScalarFault(value);
  return fault === undefined ? { ok: true, value } : { ok: false, fault };
}

/** Why readers may differ about this scalar. */
export function findScalarFault(value: JsonScalar): string | undefined {
  if (typeof value === 'string') return findTextFault(value);
  return typeof value === 'number' ? findNumberFault(value) : undefined;
}

function findTextFault(text: string): string | undefined {
  if (!hasUnsafeUnit(text)) return undefined;
  return 'must not hold a NUL, a lone surrogate or a Unicode line separator';
}

function findNumberFault(value: number): string | undefined {
  if (!Number.isFinite(value)) return 'must be a finite number';
  // INVARIANT: beyond 2^53 the number that the guard compares need not be the one that the server reads
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return 'must not be an integer beyond 2^53';
  return undefined;
}
