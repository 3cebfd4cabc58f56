// Which resources a server has listed: nothing is forgotten, and where there was too much it may be any.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ListedResources } from '../../src/policy/listed-resources.ts';

test('what was listed is known, of any length, and what was not is not', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 2 }), ([other = '', ...uris]) => {
      const listed = new ListedResources();
      for (const uri of uris) listed.noteUri(`a://${uri}`);
      expect(uris.every((uri) => listed.has(`a://${uri}`))).toBe(true);
      expect(listed.has(`a://${other}`)).toBe(false);
    }),
  );
  const long = new ListedResources();
  long.noteUri(`a://${'x'.repeat(10_000)}1`);
  expect([`a://${'x'.repeat(10_000)}1`, `a://${'x'.repeat(10_000)}2`].map((uri) => long.has(uri))).toEqual([
    true,
    false,
  ]);
});

test('marks of many URIs that are alike differ', () => {
  const listed = new ListedResources();
  for (let n = 0; n < 20_000; n += 1) listed.noteUri(`a://${n}`);
  let known = 0;
  for (let n = 20_000; n < 60_000; n += 1) if (listed.has(`a://${n}`)) known += 1;
  expect(known).toBe(0);
});

test('a template has what fits it, and itself; of a URI that is too long to be read its beginning counts', () => {
  const listed = new ListedResources();
  listed.noteTemplate('a://t/{x}/end');
  listed.noteTemplate('{all}');
  const long = 'x'.repeat(5_000);
  expect(
    ['a://t/{x}/end', 'a://t/7/end', 'a://t/7', '{all}', 'b://1', `a://t/${long}/end`, `b://${long}`].map((text) =>
      listed.has(text),
    ),
  ).toEqual([true, true, false, true, false, true, false]);
});

test.each<[string, (listed: ListedResources, n: number) => void, number]>([
  ['URIs', (listed, n) => listed.noteUri(`a://${n}`), 50_000],
  ['templates', (listed, n) => listed.noteTemplate(`a${n}://{x}`), 500],
])('more %s than are remembered: it may have listed anything', (_, note, most) => {
  const listed = new ListedResources();
  for (let n = 0; n < most; n += 1) note(listed, n);
  note(listed, 0);
  expect(listed.has('z://1')).toBe(false);
  note(listed, most);
  expect(listed.has('z://1')).toBe(true);
});

test('a template that is too long to be read may have any', () => {
  const listed = new ListedResources();
  listed.noteTemplate(`a://{x}${'y'.repeat(2_048)}`);
  expect(listed.has('z://1')).toBe(true);
});
