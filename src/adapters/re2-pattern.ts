// Patterns that are matched in linear time, whatever the text: RE2 (this is its one importing file; a config without patterns
// does not load it). Knows no rule.
import { RE2JS } from 're2js';

/** Instructions: bounds what matching one character can cost. */
const MAX_PROGRAM_SIZE = 5_000;

/**
 * A test of the whole text. `(?i)` and the like work inside the source; `.` does not match a line break unless `(?s)` is on.
 * Throws where the source is no RE2 pattern (look-around and back-references are none), or too large.
 */
export function compileRe2(source: string): (text: string) => boolean {
  const compiled = RE2JS.compile(source);
  if (compiled.programSize() > MAX_PROGRAM_SIZE) throw new Error('the pattern is too large: use smaller repeat counts');
  return (text) => compiled.matches(text);
}
