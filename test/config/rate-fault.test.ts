// What is said of a text that is no rate: what it would be read as, and what was probably meant, which is always one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explainRate } from '../../src/config/rate-fault.ts';
import { readRate } from '../../src/policy/limits/rate.ts';
import { compile } from './compiled.ts';

test.each([
  ['60/hour', false, 'did you mean `60/h`?'],
  ['60/m', false, 'did you mean `60/min`?'],
  ['5 / sec', false, 'did you mean `5/s`?'],
  ['1_000/Day', false, 'did you mean `1000/day`?'],
  ['3 per minute', false, 'did you mean `3/min`?'],
  ['5MB/min', true, 'did you mean `5000000/min`?'],
  ['64KiB/s', true, 'did you mean `65536/s`?'],
  ['2g/h', true, 'write a whole number and `/s`, `/min`, `/h` or `/day`, as in `5000000/min`'],
  ['5MB/min', false, 'write a whole number and `/s`, `/min`, `/h` or `/day`, as in `60/min`'],
  ['60/week', false, 'write a whole number and `/s`, `/min`, `/h` or `/day`, as in `60/min`'],
  ['0/min', false, 'write at least `1`; a scope says better what is denied'],
])('%s (of bytes: %s)', (text, isOfBytes, mend) => {
  expect(explainRate(text, isOfBytes)[1]).toBe(mend);
});

test('a config says it of calls, and of bytes', () => {
  const limits = [{ key: ['tool'], rate: '60/hour', bytes: { in: '0/min', out: '5MB/min' } }];
  expect(compile({ version: 1, limits })).toMatchObject({
    ok: false,
    diagnostics: [
      {
        path: 'limits[0].rate',
        what: '`60/hour` is no rate',
        why: 'it is read as calls per unit',
        mend: 'did you mean `60/h`?',
      },
      { path: 'limits[0].bytes.in', why: 'a rate of nothing admits nothing, ever' },
      { path: 'limits[0].bytes.out', why: 'it is read as bytes per unit', mend: 'did you mean `5000000/min`?' },
    ],
  });
});

test('what is guessed is a rate', () => {
  const text = fc.stringMatching(/^[0-9_]{1,10} ?[kKmMgGiB]{0,3}(\/| per )[a-zA-Z]{1,7}$/);
  fc.assert(
    fc.property(text, fc.boolean(), (one, isOfBytes) => {
      fc.pre(readRate(one) === undefined);
      const [, near] = /^did you mean `(.*)`\?$/.exec(explainRate(one, isOfBytes)[1]) ?? [];
      if (near !== undefined) expect(readRate(near)).toBeDefined();
    }),
  );
});
