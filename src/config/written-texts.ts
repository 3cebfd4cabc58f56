// Texts in a config that may be wrong, read so that none is passed over: a lone text is a list of one, and what stands in the place of a text is
// an error. Pure; knows no key by its name.
import { isPlainObject } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';

export interface WrittenValue {
  /** Undefined: it is not there. */
  readonly value: unknown;
  readonly path: JsonPath;
  /** What is thrown where something else stands there. */
  readonly refuse: (path: JsonPath, wanted: string) => Error;
}

/** @throws as `refuse` says: it is no object */
export function memberIn(object: WrittenValue, key: string): WrittenValue {
  const { value, path, refuse } = object;
  if (value !== undefined && !isPlainObject(value)) throw refuse(path, 'object');
  const member = value !== undefined && Object.hasOwn(value, key) ? value[key] : undefined;
  return { value: member, path: [...path, key], refuse };
}

/** @throws as `memberIn` */
export function listMembers(object: WrittenValue): readonly WrittenValue[] {
  const { value, path, refuse } = object;
  if (value === undefined) return [];
  if (!isPlainObject(value)) throw refuse(path, 'object');
  return Object.keys(value).map((key) => memberIn(object, key));
}

/** @throws as `refuse` says: there is something else than text */
export function readTexts(written: WrittenValue): readonly string[] {
  const { value, path, refuse } = written;
  if (value === undefined) return [];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw refuse(path, 'text');
  return value.map((one: unknown, index) => {
    if (typeof one === 'string') return one;
    throw refuse([...path, index], 'text');
  });
}

/** As `readTexts`, of what need not be a place: a number, or `true`, is a word like another, and names none. */
export function lineTexts(written: WrittenValue): readonly string[] {
  const isWord = (one: unknown): boolean => typeof one === 'number' || typeof one === 'boolean';
  const { value } = written;
  if (isWord(value)) return [];
  return readTexts(
    Array.isArray(value) ? { ...written, value: value.map((one) => (isWord(one) ? '' : one)) } : written,
  );
}
