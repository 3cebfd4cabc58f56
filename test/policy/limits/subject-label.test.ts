// Whose a count is, as a person reads it: each field for itself, whatever its value is made of.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelOf, listFields, readLabel, shortenValue } from '../../../src/policy/limits/subject-label.ts';
import { limit } from './limits-scene.ts';

const LIMIT = limit({ key: ['principal', 'client', 'tool'], rate: '1/h' });
const subject = (principal: string, client: string | undefined, tool = 't') => ({
  ...{ tenant: 'default', principal, client, model: undefined, server: 's', tool },
});

test('a value is quoted where it could be read as something else', () => {
  expect(labelOf(LIMIT, 'rate', subject('token:bob', 'principal=token:ada x'))).toBe(
    'limits[0].rate principal=token:bob client="principal=token:ada x" tool=t',
  );
  expect(labelOf(LIMIT, 'rate', subject('ada', undefined, '-'))).toBe('limits[0].rate principal=ada client=- tool="-"');
  expect(labelOf(LIMIT, 'rate', subject('é', 'a\u001b[2J'))).toBe(
    'limits[0].rate principal=é client="a\\\\u{1b}[2J" tool=t',
  );
});

describe('what is read back', () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('"', '\\', ' ', '=', '-', 'principal=', 'a', '…', '\n'), maxLength: 6 }),
  );

  test('is what was written, field by field', () => {
    fc.assert(
      fc.property(value, fc.option(value, { nil: undefined }), value, (principal, client, tool) => {
        const label = labelOf(LIMIT, 'rate', subject(principal, client, tool));
        fc.pre(Buffer.byteLength(label) < 150);
        const [who, by, what] = [principal, client ?? null, tool].map((one) =>
          one === null ? null : shortenValue(one),
        );
        expect(readLabel(label)).toEqual({
          limit: 'limits[0].rate',
          subject: { principal: who, client: by, tool: what },
        });
        expect(readLabel(`x ${listFields(readLabel(label).subject).join(' ')}`).subject).toEqual(
          readLabel(label).subject,
        );
      }),
    );
  });

  test('of one that was cut off the fields before the cut are right', () => {
    for (const long of ['x'.repeat(300), '" principal=ada '.repeat(20), '\\'.repeat(300), '\u202e'.repeat(300)]) {
      const label = labelOf(LIMIT, 'rate', subject('bob', long, long));
      expect(Buffer.byteLength(label)).toBeLessThanOrEqual(160);
      expect(readLabel(label)).toMatchObject({ limit: 'limits[0].rate', subject: { principal: 'bob' } });
    }
  });

  test('of an older guard, without quotes, is never two of one field', () => {
    expect(readLabel('servers.a b.limits[0].rate principal=bob client=principal=ada x principal=ada').subject).toEqual({
      ...{ principal: 'bob', client: 'principal=ada x principal=ada' },
    });
  });
});
