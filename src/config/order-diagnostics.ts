// Puts what is wrong with a config into the order in which it stands there, whoever found it. Knows no rule of a config.
import type { Diagnostic } from './diagnostics.ts';
import { isPlainObject, showPath } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';

/** What stands nowhere (a key that is missing) comes where it belongs: right behind the beginning of what should hold it. */
export function orderDiagnostics(document: unknown, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const places = new Map<string, number>();
  const walk = (value: unknown, path: JsonPath): void => {
    const shown = showPath(path);
    // of what is not shown one path may stand for several places
    if (!places.has(shown)) places.set(shown, places.size);
    if (Array.isArray(value)) for (const [index, one] of value.entries()) walk(one, [...path, index]);
    else if (isPlainObject(value)) for (const [key, one] of Object.entries(value)) walk(one, [...path, key]);
  };
  walk(document, []);
  const placeOf = (path: string): number => {
    for (let at = path; at !== ''; at = at.replace(LAST_STEP, '')) {
      const place = places.get(at);
      if (place !== undefined) return place;
    }
    return 0;
  };
  return diagnostics
    .map((diagnostic) => ({ diagnostic, place: placeOf(diagnostic.path) }))
    .sort((left, right) => left.place - right.place)
    .map(({ diagnostic }) => diagnostic);
}

/** `.key`, `[2]`, `["a key"]`, or all that is left. */
const LAST_STEP = /(?:\.[\w$-]+|\[(?:\d+|…|"(?:[^"\\]|\\.)*")\]|^[^.[]*|.)$/su;
