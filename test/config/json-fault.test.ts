// Where a text stops being JSON: exactly where the engine's own parser refuses it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonFault } from '../../src/config/json-fault.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('agrees with the parser on any text', () => {
  const piece = fc.constantFrom(
    ...['{', '}', '[', ']', ',', ':', '"a"', '"', '\\', '\\u00e9', '\n', '\t', ' ', '\x7f', '\u2028', '\ud800'],
    ...['0', '01', '-', '1.', '1e5', '-0.5E+1', 'true', 'nul', 'null', '//', "'a'", '\0', '"\\n"', '"\\x"', '\u00a0'],
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, (given) => {
      expect(findJsonFault(given) === undefined).toBe(isJson(given));
    }),
    { numRuns: 3_000 },
  );
});

test('never lies beyond what is wrong', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), fc.nat(), (json, seed) => {
      expect(findJsonFault(json)).toBeUndefined();
      const at = seed % (json.length + 1);
      const fault = findJsonFault(`${json.slice(0, at)}\0`);
      if (fault === undefined) throw new Error('a NUL is no JSON');
      // inside of a string it is the string that is at fault
      expect(fault.at).toBeLessThanOrEqual(at);
      expect(fault.why).not.toBe('it ends too early');
    }),
  );
});

test('a byte order mark counts as a character and is no fault', () => {
  expect(findJsonFault('\uFEFF[1]')).toBeUndefined();
  expect(findJsonFault('\uFEFF[x]')).toMatchObject({ at: 2 });
});

test('a string of a mebibyte, and a mebibyte of brackets, are no trouble', () => {
  expect(findJsonFault(`["${'x'.repeat(1_048_576)}"]`)).toBeUndefined();
  expect(findJsonFault(`["${'x'.repeat(1_048_576)}`)).toMatchObject({ at: 1 });
  expect(findJsonFault('['.repeat(1_048_576))).toMatchObject({ why: 'it ends too early' });
});
