// No form of a secret comes through, whatever stands around it and however the bytes are cut; everything else stays as it was.
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskStream } from '../../../src/audit/redact/masked-stream.ts';
import { createMasker, type Masker, type Secret } from '../../../src/audit/redact/masker.ts';
import { listForms } from '../../../src/audit/redact/secret-forms.ts';

const masker = (...values: string[]): Masker => {
  const made = createMasker(values.map((value, index): Secret => ({ name: `S${index}`, value })));
  if (made === undefined) throw new Error('nothing to mask');
  return made;
};
const TOKEN = 'p/q+r"s\\t é€😀 ghp_1234';

describe('forms', () => {
  const base64 = (before: string) => Buffer.from(`${before}${TOKEN}!tail`).toString('base64');
  test.each([
    ['plain', TOKEN],
    ['in JSON', JSON.stringify({ a: TOKEN })],
    ['in JSON in JSON', JSON.stringify({ a: JSON.stringify({ b: TOKEN }) })],
    [
      'in ASCII JSON',
      JSON.stringify(TOKEN).replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['hex', Buffer.from(TOKEN).toString('hex')],
    ['upper-case hex', Buffer.from(TOKEN).toString('hex').toUpperCase()],
    ['percent-encoded', encodeURIComponent(TOKEN)],
    ['percent-encoded in lower case', encodeURIComponent(TOKEN).replace(/%../g, (c) => c.toLowerCase())],
    ['as a form field', new URLSearchParams({ a: TOKEN }).toString().replaceAll('%2A', '*')],
    ['with every byte percent-encoded', Buffer.from(TOKEN).toString('hex').replace(/../g, '%$&')],
    [
      'with every unit escaped',
      [...TOKEN]
        .map((c) =>
          [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
        )
        .join(''),
    ],
    ['base64', base64('')],
    ['base64, one byte later', base64('a')],
    ['base64, two bytes later', base64('ab')],
    ['base64 for URLs', Buffer.from(`x:${TOKEN}`).toString('base64url')],
    ['base64 in JSON of PHP', base64('').replaceAll('/', '\\/')],
  ])('%s', (_, shown) => {
    const masked = masker(TOKEN).maskText(`before ${shown} after`);
    expect(masked).toContain('[secret S0]');
    expect(masked).toMatch(/^before .* after$/);
    // nothing of it is left that is longer than the few characters which other bytes take part in
    expect(masked.replaceAll('[secret S0]', '').length).toBeLessThan(40);
  });

  const ODD = "p@s/s<w&rd>!('x')*+k3y=~9";
  const unit = (c: string) => c.charCodeAt(0).toString(16).padStart(4, '0');
  const html = ODD.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const go = JSON.stringify(ODD).replace(/[<>&]/g, (c) => `\\u${unit(c)}`);
  test.each([
    ['JSON of Go', go],
    ['JSON of .NET', JSON.stringify(ODD).replace(/[<>&'+]/g, (c) => `\\u${unit(c).toUpperCase()}`)],
    ['JSON of Go in JSON', JSON.stringify({ a: go })],
    [
      'quote of Python',
      encodeURIComponent(ODD)
        .replace(/[!'()*]/g, (c) => `%${unit(c).slice(2)}`)
        .replaceAll('%2F', '/'),
    ],
    ['URLSearchParams', new URLSearchParams({ a: ODD }).toString()],
    ['encodeURI', encodeURI(ODD)],
    ['percent-encoded twice', encodeURIComponent(encodeURI(ODD))],
    ['HTML', html],
    ['HTML with numbers', ODD.replace(/['<>&]/g, (c) => `&#x${unit(c)};`)],
    ['HTML in HTML', html.replaceAll('&', '&amp;')],
    ['HTML in a URL', encodeURIComponent(html)],
    ['hex with colons', (Buffer.from(ODD).toString('hex').match(/../g) ?? []).join(':')],
    ['for a shell', ODD.replaceAll("'", "'\\''")],
    [
      'wrapped Base64 in JSON',
      JSON.stringify(
        (
          Buffer.from(ODD.repeat(3))
            .toString('base64')
            .match(/.{1,20}/g) ?? []
        ).join('\r\n'),
      ),
    ],
  ])('of an encoder that escapes what it likes: %s', (_, shown) => {
    const masked = masker(shown.includes('\\r') ? ODD.repeat(3) : ODD).maskText(`before ${shown} after`);
    expect(masked).toMatch(/^before .*\[secret S0\].* after$/);
    expect(masked.replace('[secret S0]', '').length).toBeLessThan(30);
  });

  const wrap = (text: string, width: number, mark: string) =>
    (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(mark);
  test.each([
    ['Base64 of base64(1)', 'base64', 76, '\n'],
    ['Base64 of PEM', 'base64', 64, '\n'],
    ['Base64 of a mail', 'base64', 76, '\r\n'],
    ['hex of xxd', 'hex', 60, '\n'],
  ] as const)('%s, wherever a line breaks', (_, encoding, width, mark) => {
    for (let before = 0; before < 80; before += 1) {
      const text = wrap(
        Buffer.from(`${'x'.repeat(before)}${ODD.repeat(3)}${'y'.repeat(60)}`).toString(encoding),
        width,
        mark,
      );
      const masked = masker(ODD.repeat(3)).maskText(`it says\n${text}\nand no more`);
      expect(masked).toMatch(/^it says\n[\s\S]*\[secret S0\][\s\S]*\nand no more$/);
      expect(Buffer.from(masked.replaceAll(/\s/g, ''), encoding).includes(ODD.slice(0, 6))).toBe(false);
    }
  });

  test('a line break is one between all other lines', () => {
    for (const [first, second] of [
      [ODD.slice(0, 10), ODD.slice(10)],
      [`${'-'.repeat(40)} ${'abcdefgh'.slice(0, 4)}`, 'efgh'],
    ] as const)
      expect(masker(ODD, 'abcdefgh').maskText(`${first}\n${second}`)).toBe(`${first}\n${second}`);
  });

  test('what was escaped JSON is JSON still', () => {
    for (let depth = 0, text = go; depth < 4; depth += 1, text = JSON.stringify(`a${text}`)) {
      const masked = masker(ODD).maskText(text);
      expect(masked).toContain('[secret S0]');
      expect(() => JSON.parse(masked)).not.toThrow();
    }
  });

  test('a key of several lines is masked line by line', () => {
    const masked = masker('-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nabcd\n').maskText(
      'x MIIEvQIBADANBg -----BEGIN KEY-----',
    );
    expect(masked).toBe('x [secret S0] [secret S0]');
  });

  test('a long line is masked to its end', () => {
    const long = Array.from({ length: 300 }, (_, index) => `k${index}`).join('');
    expect(masker(long).maskText(`<${long}>`)).toMatch(/^<(\[secret S0\])+>$/);
    expect(Math.max(...listForms(long).map(({ length }) => length))).toBeLessThanOrEqual(6 * 256);
  });

  test.each(['', 'short77', '1234567\n7654321'])('%j is too short', (value) => {
    expect(listForms(value)).toEqual([]);
    expect(createMasker([{ name: 'A', value }])).toBeUndefined();
  });

  test('a secret that is no Unicode text is no reason to fail', () => {
    expect(masker('abcdefgh\ud800').maskText('abcdefgh\ufffd')).toBe('[secret S0]');
  });
});

describe('many secrets', () => {
  test('of two that overlap the place is masked whole', () => {
    expect(masker('abcdefghij', 'efghijklmn', 'abcdefgh').maskText('-abcdefghijklmn-')).toBe('-[secret S0]-');
  });

  test('one that begins like another is found to its end', () => {
    expect(masker('abcdefgh', 'abcdefghijkl').maskText('abcdefghijkl abcdefgh')).toBe('[secret S0] [secret S0]');
  });

  test('where there is none, the very object comes back', () => {
    const bytes = Buffer.from('{"a":"nothing of the kind"}');
    expect(masker(TOKEN).maskBytes(bytes)).toBe(bytes);
  });

  const value = fc.stringMatching(/^[ab"\\/+é]{8,14}$/);
  const pieces = fc.array(fc.oneof(fc.stringMatching(/^[ab"\\/+é]{0,5}$/), fc.nat({ max: 2 })), { maxLength: 8 });

  test('finds what a search for each form finds', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), pieces, (values, parts) => {
        const text = parts
          .map((part) => (typeof part === 'string' ? part : (values[part % values.length] ?? '')))
          .join('');
        const bytes = Buffer.from(text);
        const covered = new Set<number>();
        for (const { start, end } of masker(...values).find(bytes))
          for (let at = start; at < end; at += 1) covered.add(at);
        const wanted = new Set<number>();
        for (const form of values.flatMap(listForms).map((one) => Buffer.from(one))) {
          for (let at = bytes.indexOf(form); at !== -1; at = bytes.indexOf(form, at + 1))
            for (let within = at; within < at + form.length; within += 1) wanted.add(within);
        }
        expect([...wanted].filter((at) => !covered.has(at))).toEqual([]);
        // escapes are read, too: only where there is none is that all
        if (!/[\\%&"]/.test(text)) expect(covered.size).toBe(wanted.size);
      }),
    );
  });
});

describe('a stream', () => {
  const run = (one: Masker, chunks: readonly Uint8Array[]): string => {
    const stream = maskStream(one);
    return Buffer.concat([...chunks.map((chunk) => stream.push(chunk)), stream.end()]).toString();
  };

  test('is masked as the whole would be, wherever it is cut', () => {
    const text = `a ${TOKEN}\n${Buffer.from(TOKEN).toString('base64')} ${TOKEN}${TOKEN} end`;
    const bytes = Buffer.from(text);
    const whole = masker(TOKEN, 'end-of-it').maskText(text);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        expect(run(masker(TOKEN, 'end-of-it'), chunks)).toBe(whole);
      }),
    );
  });

  test('is masked across the lines of wrapped Base64 as the whole would be', () => {
    const lines =
      Buffer.from(`${'x'.repeat(611)}${TOKEN}${'y'.repeat(900)}`)
        .toString('base64')
        .match(/.{1,64}/g) ?? [];
    for (const mark of ['\n', '\r\n']) {
      const bytes = Buffer.from(`one${mark}${lines.join(mark)}${mark}two${mark}`);
      const whole = masker(TOKEN).maskText(bytes.toString());
      expect(whole).toMatch(/^one\r?\n[\s\S]+\[secret S0\][\s\S]+two\r?\n$/);
      fc.assert(
        fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }), (cuts) => {
          const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          expect(run(masker(TOKEN), chunks)).toBe(whole);
        }),
      );
    }
  });

  test('of Base64 that never ends is not held for ever', () => {
    const stream = maskStream(masker(TOKEN));
    let shown = 0;
    for (let index = 0; index < 40; index += 1)
      shown += stream.push(Buffer.from(`${'A'.repeat(76)}\n`.repeat(50))).length;
    expect(shown).toBeGreaterThan(39 * 77 * 50);
  });

  test('without a line break, a secret that is partly due to be shown is held back whole', () => {
    const bytes = Buffer.from(`${'x'.repeat(400)}${TOKEN}${'y'.repeat(400)}`);
    for (let cut = 400; cut < 800; cut += 1) {
      const shown = run(masker(TOKEN), [bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(shown).toBe(`${'x'.repeat(400)}[secret S0]${'y'.repeat(400)}`);
    }
  });

  test('shows a line as soon as it is whole, and holds back little of another', () => {
    const stream = maskStream(masker(TOKEN));
    expect(Buffer.from(stream.push(Buffer.from('one\ntw'))).toString()).toBe('one\n');
    expect(Buffer.from(stream.push(Buffer.from('o\n'))).toString()).toBe('two\n');
    expect(stream.push(Buffer.alloc(100_000, 'x')).length).toBeGreaterThan(99_000);
  });

  test('of nothing but secrets is not held for ever', () => {
    const stream = maskStream(masker('aaaaaaaa'));
    let shown = '';
    for (let index = 0; index < 40; index += 1) shown += Buffer.from(stream.push(Buffer.alloc(4096, 'a'))).toString();
    expect(shown).toMatch(/^(\[secret S0\])+$/);
  });
});
