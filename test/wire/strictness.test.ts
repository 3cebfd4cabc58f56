// The strictness agrees with a reader that was written apart: on generated lines, and on lines broken at random.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_LIMITS, type LineReading } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';
import { judgeBytes } from './reference-scanner.ts';

const limits = { ...DEFAULT_READ_LIMITS, maxDepth: 12 };

/** What must come of the bytes, said by the reference and by nothing else. */
function expectedOf(bytes: Buffer): string {
  if (bytes.includes(0x0d) || bytes.includes(0x0a)) return 'refused';
  const opinion = judgeBytes(bytes);
  if (!opinion.valid || opinion.duplicate || opinion.depth > limits.maxDepth) return 'refused';
  return 'message';
}

// Few names, so that objects often name one twice, half of the time in another spelling.
const key = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', '__proto__', 'é', '\u2028') },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 14, depthSize: 'medium' },
    fc.constantFrom(
      '1',
      '-0',
      '1.0e5',
      'true',
      'null',
      '""',
      '"\\ud800"',
      '"\\\\"',
      '"\\"}"',
      '"a:b"',
      '" "',
      '12345678901234567890',
    ),
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
    fc.array(fc.tuple(key, fc.boolean(), tie('value')), { minLength: 1, maxLength: 4 }).map((members) => {
      const spell = (name: string, escaped: boolean) =>
        escaped
          ? `"${[...name]
              .flatMap((char) => char.split(''))
              .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
              .join('')}"`
          : JSON.stringify(name);
      return `{${members.map(([name, escaped, inner]) => `${spell(name, escaped)} : ${String(inner)}`).join(',')}}`;
    }),
  ),
}));
// The envelope is three levels; up to eleven more put some lines beyond the limit of twelve.
const lineText = fc.tuple(value, fc.nat(11)).map(([inner, levels]) => {
  const deep = `${'['.repeat(levels)}${String(inner)}${']'.repeat(levels)}`;
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"x":${deep}}}}`;
});

const kindOf = (bytes: Buffer): string => {
  const reading: LineReading = readLine(Buffer.concat([bytes, Buffer.from('\n')]), 'client', limits);
  return reading.kind === 'noise' ? 'refused' : reading.kind;
};

describe('strictness', () => {
  it('agrees on what is generated: valid, duplicate, deep', () => {
    const seen = { message: 0, duplicate: 0, deep: 0 };
    fc.assert(
      fc.property(lineText, (text) => {
        const bytes = Buffer.from(text);
        const { duplicate, depth } = judgeBytes(bytes);
        const expected = expectedOf(bytes);
        if (expected === 'message') seen.message++;
        if (duplicate) seen.duplicate++;
        if (depth > limits.maxDepth) seen.deep++;
        expect(kindOf(bytes)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
    // Each verdict is really asked for: measured about 1240, 390 and 560 of 2000.
    expect(Math.min(seen.message, seen.duplicate, seen.deep)).toBeGreaterThan(100);
  });

  it('agrees on what is broken: one to three bytes changed, taken or put in', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom('set', 'take', 'put'),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]":,\\\r 0e.-'))),
    );
    let refused = 0;
    fc.assert(
      fc.property(lineText, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        // The envelope is left whole, so that only the form of the payload decides.
        const from = text.indexOf('"x":') + 4;
        const payload = [...Buffer.from(text.slice(from, -3))];
        for (const [where, what, byte] of changes) {
          const at = where % (payload.length + 1);
          if (what === 'set') payload[at] = byte;
          else if (what === 'take') payload.splice(at, 1);
          else payload.splice(at, 0, byte);
        }
        const bytes = Buffer.concat([Buffer.from(text.slice(0, from)), Buffer.from(payload), Buffer.from('}}}')]);
        const expected = expectedOf(bytes);
        if (expected === 'refused') refused++;
        const kind = kindOf(bytes);
        // A change can close the payload early and turn the rest into members of `params` or of the envelope: refusing more is right there.
        if (expected === 'refused' || bytes.includes('},'))
          expect(kind === 'message' && expected === 'refused').toBe(false);
        else expect(kind).toBe(expected);
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});
