// URIs that begin like what is granted and open something else, or are spelt unlike what is denied and open it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import { decideTarget } from '../../../src/policy/scope/scope-decision.ts';
import { readUri } from '../../../src/policy/scope/uri-readings.ts';
import { LONGEST_NAME } from '../../../src/policy/target-index.ts';
import { layersOf } from './make-scope.ts';

const why = (document: ScopeDocument, uri: string): string => {
  const decision = decideTarget(layersOf(document), 'resource', uri, 0);
  if (decision.granted) return 'granted';
  return decision.refusal.kind === 'absent' ? decision.refusal.why : decision.refusal.kind;
};

describe('a pattern grants', () => {
  test.each([
    ...['file:///data/a.txt', 'file:///data/.hidden', 'file:///data/..a', 'file:///data/a..b', 'file:///data/a%20b'],
    ...[
      'file:///data/%E2%82%AC',
      'file:///data/ä',
      'file:///data/100%25',
      'file:///data/a?b=1.5#c',
      'file:///data/{path}',
    ],
    ...['file:///data/{+path}', 'file:///data/a%2Fb', 'file:///data//a', 'file:///data/a%252Fb', 'file:///data/'],
  ])('%s', (uri) => {
    expect(why({ grants: [{ resource: 'file:///data/*' }] }, uri)).toBe('granted');
  });
});

describe('a pattern does not grant', () => {
  test.each([
    ...[
      'file:///data/../etc/passwd',
      'file:///data/..',
      'file:///data/./a',
      'file:///data/a/../../etc',
      'file:///data/.',
    ],
    ...['file:///data/%2e%2e/etc', 'file:///data/%2E./etc', 'file:///data/.%2e/etc', 'file:///data/%252e%252e/etc'],
    ...['file:///data/%25252e%25252e/etc', 'file:///data/%2525252e%2525252e/etc', 'file:///data/..%2fetc'],
    ...[
      'file:///data/%2e%2e%2fetc',
      'file:///data/..%5cetc',
      'file:///data/..\\etc',
      'file:///data\\..\\etc',
      'file:///data/a\\b',
    ],
    ...[
      'file:///data/.\t./etc',
      'file:///data/.\n./etc',
      'file:///data/.%09./etc',
      'file:///data/\0',
      'file:///data/%00/a',
    ],
    ...[
      'file:///data/．．/etc',
      'file:///data/․․/etc',
      'file:///data/‥/etc',
      'file:///data/%EF%BC%8E%EF%BC%8E/etc',
      'file:///data/..／etc',
    ],
    ...[
      'file:///data/..;a=b/etc',
      'file:///data/.. /etc',
      'file:///data/. ./etc',
      'file:///data/.../etc',
      'file:///data/%c0%ae%c0%ae/etc',
    ],
    ...[
      'file:///data/%',
      'file:///data/%zz',
      'file:///data/%ff',
      'file:///data/a?../etc',
      'file:///data/a#/../etc',
      'file:///data/a ',
    ],
    ...[
      'file:///data/a?path=../../etc',
      'file:///data/%5c..%5cetc',
      'file:///data/＼..＼etc',
      `file:///data/${'a'.repeat(LONGEST_NAME)}`,
    ],
  ])('%s', (uri) => {
    expect(why({ grants: [{ resource: 'file:///data/*' }] }, uri)).not.toBe('granted');
    expect(why({ grants: [{ resource: '*' }] }, uri)).not.toBe('granted');
  });

  test('and says so in the record', () => {
    expect(why({ grants: [{ resource: 'file:///data/*' }] }, 'file:///data/../a')).toBe('not_plain');
    expect(why({ grants: [{ resource: 'file:///data/*' }] }, 'file:///etc/../a')).toBe('not_granted');
  });

  test('whatever is written before and behind, in any encoding', () => {
    const dot = fc.constantFrom('.', '%2e', '%2E', '%252e', '．');
    const separator = fc.constantFrom('/', '%2f', '\\', '%5C', '／');
    const word = fc.constantFrom('a', 'b.c', '.d', '%20', 'ä');
    fc.assert(
      fc.property(dot, dot, separator, separator, word, word, (one, two, before, behind, head, tail) => {
        const uri = `file:///data/${head}${before}${one}${two}${behind}${tail}`;
        expect(why({ grants: [{ resource: 'file:///data/*' }] }, uri)).toBe('not_plain');
      }),
    );
  });
});

test('the very text grants, whatever it is', () => {
  const uri = 'file:///data/../etc/passwd';
  expect(why({ grants: [{ resource: uri }] }, uri)).toBe('granted');
  expect(why({ grants: [{ resource: uri }] }, 'file:///data/../etc/shadow')).toBe('not_granted');
  expect(why({ grants: [{ resource: uri }], deny: [{ resource: '*passwd' }] }, uri)).toBe('denied');
});

describe('a denial of file:///data/secret covers', () => {
  test.each([
    ...[
      'file:///data/secret',
      'FILE:///data/secret',
      'file://localhost/data/secret',
      'file://LOCALHOST/data/secret',
      'file:/data/secret',
    ],
    ...[
      'file:///data//secret',
      'file:////data/secret',
      'file:///data/%73ecret',
      'file:///data/%2573ecret',
      'file:///data%2Fsecret',
    ],
    ...[
      'file:///data/secret?',
      'file:///data/secret?a',
      'file:///data/secret#a',
      'file:///data/secret/',
      'file:///data/ｓecret',
    ],
    ...['file:///data/secret.', 'file:///data/secret%20', 'file:///data/secret%3Fa', 'file://127.0.0.1/data/secret'],
  ])('%s', (uri) => {
    expect(why({ grants: [{ resource: '*' }], deny: [{ resource: 'file:///data/secret' }] }, uri)).toBe('denied');
  });

  test.each(['file:///data/secrets', 'file:///data/Secret', 'http://data/secret', 'file:///other/secret'])(
    'not %s',
    (uri) => {
      expect(why({ grants: [{ resource: '*' }], deny: [{ resource: 'file:///data/secret' }] }, uri)).toBe('granted');
    },
  );
});

test('a denial of a directory covers it with a query', () => {
  const document = { grants: [{ resource: '*' }], deny: [{ resource: 'file:///data/dir/' }] };
  expect(why(document, 'file:///data/dir/?a')).toBe('denied');
  expect(why(document, 'file:///data/dir/a')).toBe('granted');
});

test('a reading never throws, and takes no time to speak of', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 64 }), (points) => {
      const text = String.fromCodePoint(...points);
      expect(readUri(text).others).not.toContain(text);
    }),
  );
  expect(readUri(`file:///${'%61'.repeat(LONGEST_NAME / 2)}`)).toEqual({ isPlain: false, others: [] });
  const start = performance.now();
  for (const piece of ['%2e', '../', '.', ' ', '%25', '\ufdfa', '////', '?#']) {
    readUri(`file:///${piece.repeat(LONGEST_NAME / 4)}`.slice(0, LONGEST_NAME));
  }
  expect(performance.now() - start).toBeLessThan(500);
});
