// Every header that is written is its own RFC 8785 form, whatever the names in it are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intentHeader, outcomeHeader } from '../../src/audit/call-header.ts';
import { canonicalText } from '../../src/audit/canonical.ts';
import { createQuoter, MAX_HEADER_TEXT, quoteText, showMillis } from '../../src/audit/header-text.ts';
import { eventHeader, systemHeader } from '../../src/audit/system-header.ts';
import { at, makeEvent, makeIntent, makeOutcome, systemRecords } from './sample.ts';

const link = { seq: 12, prev: 'a'.repeat(64) };
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((c) => String.fromCharCode(c)) }),
);
const isCanonical = (header: string): void => {
  expect(canonicalText(JSON.parse(header))).toBe(header);
};
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const commitment = fc.constantFrom(
  undefined,
  { form: 'line' as const, digest: 'b'.repeat(64) },
  { form: 'off' as const, digest: undefined },
);

describe('headers', () => {
  it('follow RFC 8785 where the RFC gives an example (section 3.2.3, and numbers of appendix B)', () => {
    const text =
      '{"\\u20ac":"Euro","\\r":"CR","\\ufb33":"Dalet","1":"One","\\ud83d\\ude00":"Smiley","\\u0080":"Control","\\u00f6":"o"}';
    const values = Object.values(JSON.parse(canonicalText(JSON.parse(text)) ?? '{}'));
    expect(canonicalText(JSON.parse(text))).toBe(
      '{"\\r":"CR","1":"One","\u0080":"Control","ö":"o","€":"Euro","😀":"Smiley","\ufb33":"Dalet"}',
    );
    expect(values).toHaveLength(7);
    expect(canonicalText([1e21, 1e-7, -0, 333333333.3333333, 1e30])).toBe('[1e+21,1e-7,0,333333333.3333333,1e+30]');
    expect(canonicalText('\ud800')).toBeUndefined();
    expect(canonicalText(Number.NaN)).toBeUndefined();
  });

  it('of an intent are canonical', () => {
    fc.assert(
      fc.property(
        fc.record({
          rpcId: fc.oneof(anyText, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
          server: anyText,
          method: anyText,
          subject: maybe(anyText),
          rule: maybe(anyText),
          reason: maybe(anyText),
          client: maybe(anyText),
          correlation: maybe(fc.dictionary(anyText, anyText)),
          decision: fc.constantFrom('pass' as const, 'deny' as const, 'observe' as const),
          asked: fc.constantFrom('client' as const, 'server' as const),
          model: fc.record({ id: fc.option(anyText), source: fc.constant('operator' as const) }),
          at: fc.record({ wallMs: fc.integer(), monoMs: fc.double({ noNaN: true, min: -1, max: 1e13 }) }),
        }),
        commitment,
        (over, c) => isCanonical(intentHeader(makeIntent(over), link, c, createQuoter())),
      ),
    );
  });

  it('of an outcome are canonical', () => {
    fc.assert(
      fc.property(
        fc.record({
          errorCode: maybe(fc.integer()),
          isError: maybe(fc.boolean()),
          resultType: maybe(anyText),
          taskId: maybe(anyText),
          durationMs: fc.double({ noNaN: true, min: 0, max: 1e9 }),
        }),
        anyText,
        maybe(fc.constant('01jq8zx000abcdef:4')),
        commitment,
        (over, subject, intent, c) =>
          isCanonical(outcomeHeader(makeOutcome(makeIntent({ subject }), over), intent, link, c, quoteText)),
      ),
    );
  });

  it('of an event are canonical, `__proto__` and all', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.oneof(anyText, fc.double(), fc.boolean(), fc.constant(null))), (detail) => {
        isCanonical(eventHeader(makeEvent({ detail }), link));
      }),
    );
    const detail = JSON.parse('{"__proto__":"x","constructor":1}');
    expect(eventHeader(makeEvent({ detail }), link)).toContain('"__proto__":"x"');
  });

  it.each(systemRecords.map((record) => [record.type, record] as const))('of `%s` are canonical', (_type, record) => {
    isCanonical(systemHeader(record, link, at));
  });

  it('keep the outcomes of transport, JSON-RPC and tool apart', () => {
    const of = (over: Parameters<typeof makeOutcome>[1]) =>
      JSON.parse(outcomeHeader(makeOutcome(makeIntent(), over), 'x:1', link, undefined, quoteText));
    expect(of({ settlement: 'result', isError: true })).toMatchObject({
      settlement: 'result',
      isError: true,
      errorCode: null,
    });
    expect(of({ settlement: 'error', isError: undefined, errorCode: -32602 })).toMatchObject({
      settlement: 'error',
      isError: null,
      errorCode: -32602,
    });
    expect(of({ settlement: 'timeout', isError: undefined })).toMatchObject({
      settlement: 'timeout',
      isError: null,
      errorCode: null,
    });
  });

  it('never grow without bound', () => {
    const long = 'x'.repeat(1_000_000);
    const header = intentHeader(
      makeIntent({ subject: long, method: long, rpcId: long, client: long, correlation: { k: long } }),
      link,
      undefined,
      quoteText,
    );
    expect(header.length).toBeLessThan(6 * MAX_HEADER_TEXT);
    const detail = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, long]));
    expect(eventHeader(makeEvent({ detail }), link).length).toBeLessThan(40 * MAX_HEADER_TEXT);
  });

  it('print milliseconds as ECMAScript does', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 2e15 }), (micros) => {
        expect(showMillis(micros / 1000)).toBe(JSON.stringify(micros / 1000));
      }),
    );
    expect([0.05, 0.5, 12.34, 1000, Number.NaN].map(showMillis)).toEqual(['0.05', '0.5', '12.34', '1000', 'null']);
  });

  it('are quoted the same from memory', () => {
    const quote = createQuoter();
    fc.assert(
      fc.property(fc.array(anyText), (names) => {
        for (const name of [...names, ...names]) expect(quote(name)).toBe(quoteText(name));
      }),
    );
  });
});
