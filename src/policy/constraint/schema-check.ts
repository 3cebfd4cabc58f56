// What a compiled piece of a schema is. Types and the little that all keywords share; knows no keyword.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import type { ConstraintPorts } from './constraint-document.ts';
import type { Budget } from './rule.ts';

export interface Mismatch {
  readonly path: readonly string[];
  /** What follows the name of the place in a sentence. */
  readonly text: string;
  /** INVARIANT: false where the value could not be judged; no `not` and no `anyOf` turns that into a match. */
  readonly certain: boolean;
}

/** Undefined where the value matches. */
export type SchemaCheck = (value: Json, path: readonly string[], budget: Budget) => Mismatch | undefined;

/** One keyword of one schema object, while it is compiled. */
export interface KeywordPlace {
  /** The object that the keyword stands in. */
  readonly schema: JsonObject;
  readonly ports: ConstraintPorts;
  /** `at` is relative to the keyword. */
  report(at: string, message: string): void;
  /** Reports what is wrong with it itself. */
  compile(schema: Json, at: string): SchemaCheck;
}

/** Undefined where something was reported. */
export type CompileKeyword = (value: Json, place: KeywordPlace) => SchemaCheck | undefined;

export type JsonType = 'null' | 'boolean' | 'object' | 'array' | 'number' | 'string';

export function typeOf(value: Json): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isJsonObject(value)) return 'object';
  return typeof value === 'string' ? 'string' : typeof value === 'number' ? 'number' : 'boolean';
}

export function refuse(path: readonly string[], text: string): Mismatch {
  return { path, text, certain: true };
}

export const MATCHES: SchemaCheck = () => undefined;
