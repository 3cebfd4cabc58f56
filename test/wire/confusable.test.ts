// Keys that other readers fold.
import { describe, expect, it } from 'vitest';
import { findKeyFault, foldKey, knowKeys, showText } from '../../src/wire/confusable.ts';

describe('foldKey', () => {
  it.each([
    ['Method', 'method'],
    ['METHOD', 'method'],
    ['param\u017f', 'params'],
    ['to\u212aen', 'token'],
    ['I\u0307d', 'id'],
    ['\u0130d', 'id'],
    ['\u0131d', 'id'],
    ['id\0\0', 'id'],
    ['\0id', '\0id'],
    ['\u03c3', '\u03c2'],
  ])('%j folds like %j', (key, other) => {
    expect(foldKey(key)).toBe(foldKey(other));
  });

  it('keeps different keys apart', () => {
    const keys = ['id', 'ids', '_id', 'i-d', 'id ', '\0id', 'meta', '_meta'];
    expect(new Set(keys.map(foldKey)).size).toBe(keys.length);
  });

  it('is linear on padding', () => {
    expect(foldKey(`${'\0'.repeat(1_000_000)}x`)).toHaveLength(1_000_001);
  });
});

describe('findKeyFault', () => {
  const known = knowKeys('name', 'requestState');

  it('accepts exact keys and strangers', () => {
    expect(
      findKeyFault(JSON.parse('{"name":1,"requestState":2,"x":3,"y":4,"constructor":5,"proto":6}'), known, 'it'),
    ).toBeUndefined();
  });

  it.each([
    ['{"requeststate":1}', 'confusable_key', '`requeststate` in it reads like a protocol key'],
    ['{"__proto__":5}', 'confusable_key', '`__proto__` in it holds members that some readers see beside it'],
    [
      '{"__PROTO__\\u0000":{}}',
      'confusable_key',
      '`__PROTO__\\u0000` in it holds members that some readers see beside it',
    ],
    ['{"x":1,"X":2}', 'confusable_key', 'two keys in it read like `X`'],
    ['{"a\\u0000b\\u001b[31m":1}', 'unsafe_string', 'key `a\\u0000b\\u001b[31m` in it is not safe text'],
  ])('%s', (json, code, detail) => {
    expect(findKeyFault(JSON.parse(json), known, 'it')).toEqual({ kind: 'fault', code, detail });
  });
});

describe('showText', () => {
  it('shows printable ASCII but backticks, everything else escaped, and not much of it', () => {
    expect(showText('a`\u001bé😀')).toBe('a\\u0060\\u001b\\u00e9\\ud83d\\ude00');
    expect(showText('x'.repeat(61))).toBe(`${'x'.repeat(60)}…`);
  });
});
