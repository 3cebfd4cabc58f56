// A template with values put in stays where the template is, whoever puts them in.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { staysInTemplate } from '../../../src/policy/scope/template-readings.ts';

test.each<[string, Record<string, string>, boolean]>([
  ['file:///srv/notes/{a}', { a: 'x' }, true],
  ['file:///srv/notes/{a}', { a: '' }, true],
  ['file:///srv/notes/{a}/{b}', { b: 'x' }, true],
  ['file:///srv/notes/.{a}', { a: 'rc' }, true],
  ['file:///srv/notes/{a}.{ext}', { a: 'x', ext: 'md' }, true],
  ['file:///srv/notes{/a*}', { a: 'x' }, true],
  ['db://x{?q,limit}', { q: 'a', limit: '3' }, true],
  ['file:///srv/notes/x', { a: 'x' }, true],
  ['file:///srv/notes/{a}', { a: '../x' }, false],
  ['file:///srv/notes/.{a}./etc', { a: '' }, false],
  ['file:///srv/notes/.{a}./etc', {}, false],
  ['file:///srv/notes/.{a}./etc', { b: 'x' }, false],
  ['file:///srv/notes/.{a}{b}./etc', { a: '' }, false],
  ['file:///srv/notes/{a}%2e/etc', { a: '' }, false],
  ['file:///srv/notes/{a}/etc', { a: 'x', b: '..' }, false],
  // two empty values without the comma between them
  ['file:///srv/notes/.{a,b}./etc', { a: '', b: '' }, false],
  // each of the operators of RFC 6570
  ['file:///srv/notes/{.a}./etc', { a: '' }, false],
  ['file:///srv/notes/.{a:1}/etc', { a: '.x' }, false],
  ['file:///srv/notes/.{a:0}./etc', { a: 'xyz' }, false],
  ['file:///srv/notes/.{+a}./etc', { a: '' }, false],
  // not in time
  ['file:///srv/{a}'.concat('{a}'.repeat(2_000)), { a: 'x'.repeat(8_000) }, false],
  [`file:///srv/{${'a,'.repeat(2_000)}a}`, { a: 'x'.repeat(8_000) }, false],
  ['{'.repeat(200_000), { a: 'x' }, false],
])('%.60s %.40j → %s', (template, values, expected) => {
  expect(staysInTemplate(template, values)).toBe(expected);
});

test('what stays has no segment of dots when it is put in by hand', () => {
  const piece = fc.constantFrom('.', '..', '/', 'x', '{a}', '{b}', '{+a}', '%2e');
  const value = fc.constantFrom('', '.', 'x', '%2e', 'x/.');
  let stayed = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), value, value, (pieces, a, b) => {
      const template = `file:///srv/${pieces.join('')}`;
      if (!template.includes('{') || !staysInTemplate(template, { a, b })) return;
      stayed += 1;
      const put = template.replaceAll(/\{\+?a\}/g, a).replaceAll('{b}', b);
      expect(new URL(put).href.startsWith('file:///srv/')).toBe(true);
      expect(put.replaceAll('%2e', '.').split('/')).not.toContain('..');
    }),
    { numRuns: 1_500 },
  );
  expect(stayed).toBeGreaterThan(50);
});
