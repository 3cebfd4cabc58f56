// A denial covers names that a lenient server may take for the one that it says; a grant is of the very name.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldName, foldPattern } from '../../../src/policy/scope/folded-name.ts';
import { decideTarget } from '../../../src/policy/scope/scope-decision.ts';
import { layersOf } from './make-scope.ts';

const EVERYTHING = [{ tool: '*' }, { prompt: '*' }, { request: '*' }];

function isGranted(kind: 'tool' | 'prompt' | 'request', name: string, pattern: string): boolean {
  const layers = layersOf({ grants: EVERYTHING, deny: [{ [kind]: pattern }] });
  return decideTarget(layers, kind, name, 0).granted;
}

const VARIANTS = ['Danger', 'danger ', ' danger', 'dan\u200bger', 'ｄanger', 'danger\u0301', 'DANGER', 'dangеr\t'];

test.each(VARIANTS.slice(0, 7))('%j is denied with `danger`, as tool, prompt and request', (name) => {
  for (const kind of ['tool', 'prompt', 'request'] as const) expect(isGranted(kind, name, 'danger')).toBe(false);
});

test.each([
  ['get_SECRET_key', '*_secret_*'],
  ['get_secret_key', '*_SECRET_*'],
  ['ΌΔΟΣ', 'όδος'],
  ['STRASSE', 'straße'],
  ['Kill', 'kill'],
])('%s is denied by %s', (name, pattern) => {
  expect(isGranted('tool', name, pattern)).toBe(false);
});

test.each([
  ['dangers', 'danger'],
  // another letter, which only looks the same
  [VARIANTS[7] ?? '', 'danger'],
  ['anything', '＊'],
  ['anything', '\u200b*'],
  ['get-secret-key', '*_secret_*'],
])('%s is another name than %s', (name, pattern) => {
  expect(isGranted('tool', name, pattern)).toBe(true);
});

test('a grant is of the very name', () => {
  const layers = layersOf({ grants: [{ tool: 'read' }] });
  expect(decideTarget(layers, 'tool', 'Read', 0).granted).toBe(false);
});

test('a name folds piece by piece as it folds whole, and once is enough', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  fc.assert(
    fc.property(text, text, (left, right) => {
      expect(foldName(left) + foldName(right)).toBe(foldName(left + right));
      expect(foldName(foldName(left))).toBe(foldName(left));
    }),
  );
  expect(foldPattern('A*b?')).toBe('a*b?');
});
