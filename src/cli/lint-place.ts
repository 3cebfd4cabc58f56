// Where a place of the document stands in the file: line and column, for people and for tools that show findings in the text.
// JSON only: of YAML the places are not known.
import type { Path } from '../policy/lint/lint-input.ts';
import { valueSpan } from '../wire/splice.ts';

export interface TextRegion {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly endLine: number;
  /** Behind the last unit. */
  readonly endColumn: number;
}

export type Locate = (path: Path) => TextRegion | undefined;

/** What is not there is where it would be: at the nearest object above. @param text undefined: not JSON */
export function createLocator(text: string | undefined): Locate {
  if (text === undefined) return () => undefined;
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const placeOf = (offset: number): { readonly line: number; readonly column: number } => {
    const after = starts.findIndex((start) => start > offset);
    const line = after === -1 ? starts.length : after;
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
  return (path) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const span = valueSpan(text, path.slice(0, length));
      if (span === undefined) continue;
      const [start, end] = [placeOf(span.start), placeOf(span.end)];
      // an object that stands for what is missing in it: its first line is enough
      if (length < path.length || end.line > start.line) {
        const endOfLine = (text.indexOf('\n', span.start) + text.length + 1) % (text.length + 1);
        const last = placeOf(Math.min(span.end, endOfLine));
        return { ...start, endLine: last.line, endColumn: last.column };
      }
      return { ...start, endLine: end.line, endColumn: end.column };
    }
    return undefined;
  };
}
