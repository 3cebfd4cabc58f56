// Whatever is done to a segment is found, and found at the right record.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashRecord } from '../../src/audit/chain.ts';
import { type SegmentVerdict, verifySegment } from '../../src/audit/verify.ts';
import { digest, linesOf, OTHER_SEGMENT, SEGMENT, sampleSegment } from './sample.ts';

const tools = { digest, external: () => 'missing' as const };
const verify = (lines: readonly string[] | Buffer, segment = SEGMENT) =>
  verifySegment(segment, linesOf(Buffer.isBuffer(lines) ? lines : Buffer.from(lines.join(''))), tools);
const brokenAt = (verdict: SegmentVerdict) => (verdict.kind === 'broken' ? verdict.record : verdict.kind);
const lines = sampleSegment();
const any = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) throw new Error('out of range');
  return item;
};
const position = fc.nat(lines.length - 1);

describe('a segment', () => {
  it('is intact as it was written', () => {
    const report = verify(lines);
    expect(report.verdict).toEqual({ kind: 'intact' });
    expect(report).toMatchObject({ end: { seq: lines.length }, removed: 0, tenant: 'default' });
    expect(report.claims.map(({ from, segment }) => [from, segment])).toEqual([['recover', OTHER_SEGMENT]]);
  });

  it('has an unclean end without its seal, and nothing else', () => {
    const open = sampleSegment(false);
    expect(verify(open)).toMatchObject({ verdict: { kind: 'unclean' }, end: { seq: open.length } });
    expect(verify([])).toMatchObject({ verdict: { kind: 'unclean' }, end: { seq: 0 } });
  });

  it('betrays any changed byte at its record', () => {
    const file = Buffer.from(lines.join(''));
    const startsAt = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index).join('')));
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (offset, flip) => {
        const changed = Buffer.from(file);
        changed[offset] = any([...file], offset) ^ flip;
        const record = startsAt.filter((start) => start <= offset).length;
        // The very last LF gone: the seal was never finished, as far as anyone can tell.
        const expected = offset === file.length - 1 ? 'torn' : record;
        expect(brokenAt(verify(changed).verdict)).toBe(expected);
      }),
      { numRuns: 1500 },
    );
  });

  it('betrays a deleted record', () => {
    fc.assert(
      fc.property(position, (index) => {
        const rest = lines.filter((_, i) => i !== index);
        expect(brokenAt(verify(rest).verdict)).toBe(index === lines.length - 1 ? 'unclean' : index + 1);
      }),
    );
  });

  it('betrays records that changed places', () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        fc.pre(a !== b);
        const swapped = lines.with(a, any(lines, b)).with(b, any(lines, a));
        expect(brokenAt(verify(swapped).verdict)).toBe(Math.min(a, b) + 1);
      }),
    );
  });

  it('betrays an inserted record, a copy or an invention', () => {
    fc.assert(
      fc.property(
        fc.nat(lines.length),
        fc.oneof(
          position.map((i) => any(lines, i)),
          fc.constantFrom('\n', '{}\n', 'x\n'),
        ),
        (index, line) => {
          fc.pre(line !== lines[index]); // the same line before itself is the copy one further
          expect(brokenAt(verify(lines.toSpliced(index, 0, line)).verdict)).toBe(index + 1);
        },
      ),
    );
  });

  it('betrays a cut at any byte', () => {
    const file = Buffer.from(lines.join(''));
    fc.assert(
      fc.property(fc.nat(file.length - 1), (length) => {
        const cut = verify(file.subarray(0, length));
        const whole = linesOf(file.subarray(0, length)).filter((line) => line.ended).length;
        const atRecord = length === 0 || file[length - 1] === 10;
        expect(cut.verdict.kind).toBe(atRecord ? 'unclean' : 'torn');
        expect(cut.end.seq).toBe(whole);
      }),
    );
  });

  it('ends with its seal', () => {
    const after = { kind: 'broken', record: lines.length + 1, why: 'there is something after the seal' };
    for (const more of ['x', any(lines, 1), '\n']) expect(verify([...lines, more]).verdict).toEqual(after);
  });

  it('has one way only to write a string', () => {
    const index = lines.findIndex((line) => line.includes('\\r'));
    expect(brokenAt(verify(lines.with(index, any(lines, index).replace('\\r', '\\u000d'))).verdict)).toBe(index + 1);
  });

  it('cannot be renamed', () => {
    expect(brokenAt(verify(lines, OTHER_SEGMENT).verdict)).toBe(1);
  });
});

describe('a forger who knows the hash', () => {
  /** Rewrites the header of record `index` and, with `follow`, everything after it. */
  function forge(index: number, change: (header: string) => string): string[] {
    let prev = '';
    return lines.map((line, i) => {
      const [, header = '', , rest = ''] = /^\{"h":(.*?\}),"hash":"([0-9a-f]{64})"(.*\n)$/.exec(line) ?? [];
      const relinked =
        i > index ? header.replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${prev}"`) : i === index ? change(header) : header;
      const before = JSON.parse(relinked).prev;
      prev = hashRecord(before, relinked, digest);
      return `{"h":${relinked},"hash":"${prev}"${rest}`;
    });
  }

  it('gets past the chain only with everything rewritten (what signed checkpoints are for)', () => {
    const forged = forge(1, (header) => header.replace('read_file', 'exec_file'));
    // The seal says which head it seals, so it has to be forged as well.
    expect(brokenAt(verify(forged).verdict)).toBe(lines.length);
  });

  it.each([
    ['a key twice', (h: string) => h.replace('{', '{"asked":"server",'), 'the header is not in canonical form'],
    ['white space', (h: string) => h.replace(',"method"', ', "method"'), 'the header is not in canonical form'],
    [
      'another key order',
      (h: string) => h.replace('"asked":"client",', '').replace('}', ',"asked":"client"}'),
      'the header is not in canonical form',
    ],
    [
      'no commitment',
      (h: string) => h.replace(/"in":"[0-9a-f]{64}",/, ''),
      'the payload is not the one that the header commits to',
    ],
    [
      'another form',
      (h: string) => h.replace('"p":"line"', '"p":"off"'),
      'the payload is not the one that the header commits to',
    ],
    [
      'a payload made a digest',
      (h: string) => h.replace('"p":"line"', '"p":"digest"'),
      'the payload is not the one that the header commits to',
    ],
    ['a second open', (h: string) => h.replace('"type":"intent"', '"type":"open"'), 'a second `open`'],
    [
      'another number',
      (h: string) => h.replace('"seq":2', '"seq":3'),
      'the record is numbered 3: something was removed, inserted or moved here',
    ],
  ])('is caught by its form: %s', (_name, change, why) => {
    expect(verify(forge(1, change)).verdict).toEqual({ kind: 'broken', record: 2, why });
  });

  it.each([
    [
      'another version',
      (h: string) => h.replace('"v":1', '"v":2'),
      'the format is not version 1: verify it with a newer guard',
    ],
    ['no open', (h: string) => h.replace('"type":"open"', '"type":"event"'), 'the segment does not begin with `open`'],
    ['the open of another', (h: string) => h.replace(SEGMENT, OTHER_SEGMENT), 'the records belong to another segment'],
    [
      'a start elsewhere',
      (h: string) => h.replace(/"prev":"."/, '"prev":"0').replace(/"prev":"[0-9a-f]/, '"prev":"f'),
      'the record does not continue the one before it',
    ],
  ])('is caught at the beginning: %s', (_name, change, why) => {
    expect(verify(forge(0, change)).verdict).toEqual({ kind: 'broken', record: 1, why });
  });

  it('cannot seal other than what is there', () => {
    const last = lines.length - 1;
    for (const change of [
      (h: string) => h.replace(/"count":\d+/, '"count":4'),
      (h: string) => h.replace(/"head":"[0-9a-f]{64}"/, `"head":"${'0'.repeat(64)}"`),
    ]) {
      expect(verify(forge(last, change)).verdict).toEqual({
        kind: 'broken',
        record: last + 1,
        why: 'the seal counts other records',
      });
    }
  });
});

describe('redaction', () => {
  const withPayload = lines.flatMap((line, index) => (line.includes(',"s":"') ? [index] : []));
  const redact = (line: string) => `${line.slice(0, line.indexOf('},"hash":"') + 1 + ',"hash":"'.length + 64)}"}\n`;

  it('leaves the chain valid and is reported', () => {
    fc.assert(
      fc.property(fc.subarray(withPayload), (chosen) => {
        const redacted = lines.map((line, index) => (chosen.includes(index) ? redact(line) : line));
        expect(verify(redacted)).toMatchObject({ verdict: { kind: 'intact' }, removed: chosen.length });
      }),
    );
    expect(withPayload).toHaveLength(3);
  });

  it('does not let anything be put in the place of what was removed', () => {
    const index = any(withPayload, 0);
    const line = any(lines, index).replace('"id":7,"method":"tools/call"},"s"', '"id":8,"method":"tools/call"},"s"');
    expect(line).not.toBe(lines[index]);
    expect(brokenAt(verify(lines.with(index, line)).verdict)).toBe(index + 1);
  });

  it('does not let a record get a payload that never had one', () => {
    const index = lines.length - 2;
    const line = any(lines, index).replace('"}\n', '","p":{},"s":"00112233445566778899aabbccddeeff"}\n');
    expect(brokenAt(verify(lines.with(index, line)).verdict)).toBe(index + 1);
  });
});
