// A token of another tenant is found whole, in the encodings that programs use, wherever a stream was cut; one's own is no alarm.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCanarySearch } from '../../../src/audit/redact/canary-search.ts';

const PREFIX = 'canary-0123456789abcdef-';
const token = (name: string) => `${PREFIX}${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
const [OWN, OTHER, THIRD] = [token('own'), token('other'), token('third')];

function open(foreign: readonly string[] = [OTHER, THIRD]) {
  let asked = 0;
  const search = createCanarySearch({
    prefix: PREFIX,
    foreign: () => {
      asked += 1;
      return foreign;
    },
  });
  return { search, asked: () => asked };
}
const bytes = (text: string) => Buffer.from(text);

const FORMS: readonly (readonly [string, (text: string) => string])[] = [
  ['as it is', (text) => text],
  ['hex', (text) => Buffer.from(text).toString('hex')],
  ['HEX', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['base64', (text) => Buffer.from(text).toString('base64')],
  ['base64 behind one byte', (text) => Buffer.from(`x${text}`).toString('base64')],
  ['base64 behind two, for URLs', (text) => Buffer.from(`xy${text}zz`).toString('base64url')],
  [
    'base64 over several lines',
    (text) =>
      Buffer.from(`${'x'.repeat(40)}${text}${'y'.repeat(40)}`)
        .toString('base64')
        .replace(/.{76}/g, '$&\n'),
  ],
  ['percent of every byte', (text) => Buffer.from(text).toString('hex').replace(/../g, '%$&')],
  ['JSON in JSON', (text) => JSON.stringify(JSON.stringify({ text }))],
  ['\\u of every unit', (text) => [...text].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('')],
];

describe.each(FORMS)('%s', (_, encode) => {
  test('another’s is found, one’s own is not', () => {
    const { search } = open();
    expect(search.find(bytes(`before ${encode(OTHER)} after`))).toBe(OTHER);
    expect(search.find(bytes(`${encode(OWN)} ${encode(THIRD)}`))).toBe(THIRD);
    expect(search.find(bytes(encode(OWN)))).toBeUndefined();
    expect(search.find(bytes(encode(OTHER.slice(0, -1))))).toBeUndefined();
  });

  test('in a stream, wherever it is cut, once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1 }), (sizes) => {
        const find = open().search.openStream();
        const text = `${'x'.repeat(700)}${encode(OTHER)}${'y'.repeat(700)}${encode(OWN)}`;
        const found: (string | undefined)[] = [];
        for (let at = 0, turn = 0; at < text.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          found.push(find(bytes(text.slice(at, at + size))));
          at += size;
        }
        expect(found.filter((one) => one !== undefined)).toEqual([OTHER]);
      }),
      { numRuns: 20 },
    );
  });
});

test('where no token stands nobody asks who there is', () => {
  const { search, asked } = open();
  expect(search.find(bytes('{"canary":"canary-0123"}'.repeat(1000)))).toBeUndefined();
  expect(asked()).toBe(0);
  search.find(bytes(OWN));
  expect(asked()).toBe(1);
});

test('a tenant that came later is known, and one alone has nobody to meet', () => {
  const known: string[] = [];
  const { search } = open(known);
  expect(search.find(bytes(OTHER))).toBeUndefined();
  known.push(OTHER);
  expect(search.find(bytes(OTHER))).toBe(OTHER);
});
