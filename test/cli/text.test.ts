// Text on a terminal: inert, measured, and JSON exactly as on record.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringifyInert } from '../../src/cli/call-json.ts';
import { makeInert, makeInertLines } from '../../src/cli/inert-text.ts';
import { indentJson, listMembers, memberText } from '../../src/cli/json-text.ts';
import { makePaint, wantsColor } from '../../src/cli/render.ts';
import { readColumns } from '../../src/cli/terminal.ts';
import { cutMiddle, cutText, fitName, fitText, measureText, wrapWords } from '../../src/cli/text-width.ts';

/** What may steer, hide or reorder: written from the Unicode categories, not from the code under test. */
const STEERS =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points are meant
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/u;

describe('inert text', () => {
  test.each<[string, string, string]>([
    ['ESC', '\u001b[2J', '\\u{1b}[2J'],
    ['C1 CSI', '\u009b2J', '\\u{9b}2J'],
    ['BEL, BS, CR, DEL', '\u0007\b\r\u007f', '\\u{7}\\u{8}\\u{d}\\u{7f}'],
    ['bidi override and isolate', '\u202ea\u2066', '\\u{202e}a\\u{2066}'],
    ['zero-width', 'a\u200bb\u200d\ufeff', 'a\\u{200b}b\\u{200d}\\u{feff}'],
    ['tag characters', '\u{e0041}', '\\u{e0041}'],
    ['variation selectors', '\ufe0f\u{e0101}', '\\u{fe0f}\\u{e0101}'],
    ['line separators', '\u2028\u2029\u0085', '\\u{2028}\\u{2029}\\u{85}'],
    ['lone surrogates', '\ud800', '\\u{d800}'],
    ['private use', '\ue000', '\\u{e000}'],
    ['fillers', '\u3164\u115f\u2800\u00ad', '\\u{3164}\\u{115f}\\u{2800}\\u{ad}'],
    ['line break and tab', 'a\n\tb', 'a\\u{a}\\u{9}b'],
    ['letters of all scripts stay', 'aé漢字🙂 ж', 'aé漢字🙂 ж'],
    ['marks do not pile up', 'a\u0301\u0302\u0303\u0304\u0305b', 'a\u0301\u0302\u0303…b'],
  ])('%s', (_, text, shown) => {
    expect(makeInert(text)).toBe(shown);
  });

  test('nothing that steers is ever left, in lines only the line breaks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(makeInert(text)).not.toMatch(STEERS);
        expect(makeInertLines(text).replaceAll('\n', '')).not.toMatch(STEERS);
      }),
      { numRuns: 500 },
    );
    for (let first = 0; first <= 0x10ffff; first += 1024) {
      const codes = Array.from({ length: 1024 }, (_, offset) => first + offset);
      // the letter between keeps two surrogates from becoming one character, and marks from piling up
      expect(makeInert(codes.map((code) => `${String.fromCodePoint(code)}a`).join(''))).not.toMatch(STEERS);
    }
  });

  test('JSON for scripts is ASCII and means the same', () => {
    fc.assert(
      fc.property(fc.record({ a: fc.string({ unit: 'binary' }) }), (value) => {
        expect(stringifyInert(value)).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(stringifyInert(value))).toEqual(value);
      }),
    );
  });
});

describe('width', () => {
  test('counts wide characters twice', () => {
    expect([measureText('abc'), measureText('漢字'), measureText('🙂'), measureText('é')]).toEqual([3, 4, 2, 1]);
  });

  test('cut text says that it is cut, and fits', () => {
    expect([cutText('abcdef', 4), cutText('漢字漢', 4), cutText('abc', 3), cutText('abc', 0)]).toEqual([
      'abc…',
      '漢…',
      'abc',
      '',
    ]);
    expect([fitText('ab', 4), fitText('ab', 4, 'right'), fitText('漢字', 3)]).toEqual(['ab  ', '  ab', '漢…']);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        expect(measureText(cutText(text, width))).toBeLessThanOrEqual(width);
        expect(measureText(fitText(text, width))).toBe(width);
      }),
    );
  });
});

describe('names and words', () => {
  test('a name that is too long loses its middle', () => {
    expect([cutMiddle('server-filesystem', 12), cutMiddle('server-everything', 12), cutMiddle('abc', 3)]).toEqual([
      'serv…esystem',
      'serv…rything',
      'abc',
    ]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        expect(measureText(cutMiddle(text, width))).toBeLessThanOrEqual(width);
        expect(measureText(fitName(text, width))).toBe(width);
      }),
    );
  });

  test('text is broken between words, and nothing of it is lost', () => {
    expect(wrapWords('an official server, behind the guard', 12)).toEqual([
      'an official',
      'server,',
      'behind the',
      'guard',
    ]);
    expect(wrapWords('a longer-than-that b', 6)).toEqual(['a', 'longer', '-than-', 'that b']);
    expect(wrapWords('x '.repeat(99), Number.POSITIVE_INFINITY)).toHaveLength(1);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 40 }), (text, width) => {
        const lines = wrapWords(text, width);
        expect(Math.max(...lines.map(measureText))).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  test('the width of a terminal is its own; of a pipe what COLUMNS says, else nothing is cut', () => {
    expect([
      readColumns({ isTTY: true, columns: 132 }, '90'),
      readColumns({ isTTY: true }),
      readColumns({}, '90'),
      ...['', '0', '-5', 'x', undefined].map((given) => readColumns({}, given)),
    ]).toEqual([132, 80, 90, ...Array.from({ length: 5 }, () => Number.POSITIVE_INFINITY)]);
  });
});

describe('JSON as it stands', () => {
  test('numbers and strings are not touched', () => {
    expect(indentJson('{"a":[9007199254740993,1.0,-0,1e400],"b":{},"c":[],"d":"x\\u0041"}')).toBe(
      '{\n  "a": [\n    9007199254740993,\n    1.0,\n    -0,\n    1e400\n  ],\n  "b": {},\n  "c": [],\n  "d": "x\\u0041"\n}',
    );
    expect(memberText('{"a":{"b":1},"c": 9007199254740993 }', 'c')).toBe('9007199254740993');
    expect(listMembers('[1]')).toEqual([]);
    expect(memberText('{"x":{"a":1},"y":["a",{"a":2}]}', 'a')).toBeUndefined();
  });

  test('agrees with the parser', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 2), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        expect(JSON.parse(indentJson(text))).toEqual(JSON.parse(text));
        expect(listMembers(text).map(([key, value]) => [key, JSON.parse(value)])).toEqual(
          Object.entries(JSON.parse(text)),
        );
        if (indent === 0) expect(indentJson(text)).toBe(JSON.stringify(object, undefined, 2));
      }),
    );
  });

  test('a string of megabytes, and text that is no JSON, are no trouble', () => {
    const long = JSON.stringify({ a: 'x\\"'.repeat(1_000_000) });
    expect(memberText(long, 'a')?.length).toBe(long.length - 6);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof indentJson(text) + typeof listMembers(text)).toBe('stringobject');
      }),
    );
  });
});

describe('colour', () => {
  test('is nothing but colour', () => {
    expect(makePaint(false)('bad', 'x')).toBe('x');
    expect(makePaint(true)('bad', 'x')).toBe('\u001b[31mx\u001b[39m');
  });

  test.each<[Record<string, string>, boolean, boolean, boolean]>([
    [{}, true, true, true],
    [{}, false, true, false],
    [{}, true, false, false],
    [{ NO_COLOR: '1' }, true, true, false],
    [{ NO_COLOR: '' }, true, true, true],
    [{ TERM: 'dumb' }, true, true, false],
    [{ FORCE_COLOR: '1' }, false, true, true],
    [{ FORCE_COLOR: '0' }, true, true, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, true, false],
    [{ FORCE_COLOR: '1' }, false, false, false],
  ])('%j, terminal %s, flag %s: %s', (env, isTerminal, flag, expected) => {
    expect(wantsColor(env, isTerminal, flag)).toBe(expected);
  });
});
