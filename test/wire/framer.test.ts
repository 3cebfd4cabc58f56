// The framer: what is a line, whatever the chunks, and how much of one is ever held.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineFramer } from '../../src/wire/framer.ts';
import type { Oversize } from '../../src/wire/oversize.ts';

interface Run {
  readonly lines: Buffer[];
  readonly over: Oversize[];
  readonly framer: LineFramer;
}

function start(limitBytes = 1 << 20): Run {
  const lines: Buffer[] = [];
  const over: Oversize[] = [];
  const framer = new LineFramer({
    limitBytes,
    onLine: (line) => lines.push(line),
    onOversize: (one) => over.push(one),
  });
  return { lines, over, framer };
}

function frame(chunks: readonly (string | Buffer)[], limitBytes?: number): { lines: string[]; over: Oversize[] } {
  const run = start(limitBytes);
  for (const chunk of chunks) run.framer.push(Buffer.from(chunk));
  run.framer.end();
  return { lines: run.lines.map((line) => line.toString('latin1')), over: run.over };
}

describe('what ends a line', () => {
  it.each([
    ['only LF', ['a\rb\u000bc\n'], ['a\rb\u000bc\n']],
    ['one CR before LF is stripped, a second stays', ['a\r\nb\r\r\n'], ['a\n', 'b\r\n']],
    ['CR and LF in two chunks', ['a\r', '\nb\n'], ['a\n', 'b\n']],
    ['the last line may lack its LF', ['a\nb'], ['a\n', 'b\n']],
    ['the last line may end with a CR', ['a\r'], ['a\n']],
    ['blank lines are passed on', ['\n \r\n'], ['\n', ' \n']],
    ['no input, no line', [], []],
    ['nothing after the last LF, no line', ['a\n'], ['a\n']],
  ])('%s', (_, chunks, lines) => {
    expect(frame(chunks).lines).toEqual(lines);
  });

  it('hands a line whole in a chunk on as a view, adjacent to the next', () => {
    const run = start();
    const chunk = Buffer.from('one\ntwo\npart');
    run.framer.push(chunk);
    expect(
      run.lines.map((line) => [line.buffer === chunk.buffer, line.byteOffset - chunk.byteOffset, line.length]),
    ).toEqual([
      [true, 0, 4],
      [true, 4, 4],
    ]);
    expect(run.framer.bufferedBytes).toBe(4);
  });

  it('does not write into the chunk it was given', () => {
    const chunk = Buffer.from('a\r\nb\r\n');
    start().framer.push(chunk);
    expect(chunk.toString()).toBe('a\r\nb\r\n');
  });

  it('does not change a line that it handed out when the next one is built', () => {
    const run = start();
    for (const chunk of ['aa', 'a\nbb', 'b\n']) run.framer.push(Buffer.from(chunk));
    expect(run.lines.map(String)).toEqual(['aaa\n', 'bbb\n']);
  });

  it('takes nothing after its end', () => {
    const run = start();
    run.framer.push(Buffer.from('a'));
    run.framer.end();
    run.framer.end();
    run.framer.push(Buffer.from('b\n'));
    expect(run.lines.map(String)).toEqual(['a\n']);
  });
});

describe('the byte order mark', () => {
  const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

  it.each([
    ['whole', [Buffer.concat([BOM, Buffer.from('a\n')])]],
    ['byte by byte', [BOM.subarray(0, 1), BOM.subarray(1, 2), BOM.subarray(2), Buffer.from('a\n')]],
    ['with an empty chunk in it', [BOM.subarray(0, 2), Buffer.alloc(0), BOM.subarray(2), Buffer.from('a\n')]],
  ])('is stripped once at the start of the stream, %s', (_, chunks) => {
    expect(frame(chunks).lines).toEqual(['a\n']);
  });

  it('is kept anywhere else, and so is a second one', () => {
    expect(frame([Buffer.concat([BOM, BOM, Buffer.from('\n'), BOM, Buffer.from('\n')])]).lines).toEqual([
      `${BOM.toString('latin1')}\n`,
      `${BOM.toString('latin1')}\n`,
    ]);
  });

  it('gives back what only began like one', () => {
    expect(frame([BOM.subarray(0, 1), BOM.subarray(1, 2), Buffer.from('x\n')]).lines).toEqual(['\u00ef\u00bbx\n']);
    expect(frame([BOM.subarray(0, 2)]).lines).toEqual(['\u00ef\u00bb\n']);
  });
});

describe('the limit', () => {
  const call = (pad: number) =>
    `{"jsonrpc":"2.0","id":"x7","method":"tools/call","params":{"pad":"${'p'.repeat(pad)}"}}`;

  it('keeps a line of exactly the limit and drops one byte more, whole or in pieces', () => {
    for (const size of [1, 7, 100]) {
      const exact = 'x'.repeat(100);
      const stream = `${exact}\n${exact}x\nok\n`;
      const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, n) =>
        stream.slice(n * size, (n + 1) * size),
      );
      const { lines, over } = frame(chunks, 100);
      expect(lines).toEqual([`${exact}\n`, 'ok\n']);
      expect(over).toEqual([{ id: undefined, shape: 'unknown', bytes: 101 }]);
    }
  });

  it('says for whom the line was', () => {
    const line = call(5000);
    expect(frame([line.slice(0, 3000), `${line.slice(3000)}\r\nok\n`], 1000)).toEqual({
      lines: ['ok\n'],
      over: [{ id: 'x7', shape: 'request', bytes: line.length + 1 }],
    });
  });

  it('reports an oversize line that the end of the stream cuts', () => {
    expect(frame([call(5000)], 1000).over).toEqual([{ id: 'x7', shape: 'request', bytes: call(5000).length }]);
    expect(frame([call(5000).slice(0, -1)], 1000).over).toEqual([
      { id: undefined, shape: 'unknown', bytes: call(5000).length - 1 },
    ]);
  });

  it('never holds more than the limit, however the bytes arrive', () => {
    const run = start(10_000);
    let most = 0;
    for (let n = 0; n < 300; n++) {
      run.framer.push(Buffer.alloc(n % 2 === 0 ? 1 : 997, 0x78));
      most = Math.max(most, run.framer.bufferedBytes);
    }
    expect(most).toBeLessThanOrEqual(10_000);
    expect(most).toBeGreaterThan(8_000);
    expect(run.framer.bufferedBytes).toBe(0);
  });

  it('scans a 256 MiB line without keeping it', () => {
    const run = start(1 << 20);
    const chunk = Buffer.alloc(1 << 20, 0x78);
    run.framer.push(Buffer.from('{"id":3,"method":"m","params":{"x":"'));
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 256; n++) run.framer.push(chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    run.framer.push(Buffer.from('"}}\n'));
    expect(run.over).toEqual([{ id: 3, shape: 'request', bytes: 36 + (256 << 20) + 3 }]);
  });

  it('does not pay an object for every dripped byte', () => {
    const run = start(1 << 22);
    const drip = Buffer.from('x');
    const before = process.memoryUsage();
    for (let n = 0; n < 1 << 20; n++) run.framer.push(drip);
    const after = process.memoryUsage();
    // 1 MiB of bytes; kept as one Buffer each they would be more than 100 MiB of objects.
    expect(after.heapUsed - before.heapUsed).toBeLessThan(48 << 20);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4 << 20);
    run.framer.push(Buffer.from('\n'));
    expect(run.lines[0]?.length).toBe((1 << 20) + 1);
  });
});

describe('chunking', () => {
  const byte = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(0x0a, 0x0d, 0xef, 0xbb, 0xbf, 0x22, 0x5c, 0x7b, 0x7d, 0x3a) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 255 }) },
  );
  const piece = fc.oneof(
    fc.array(byte, { maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('{"id":1,"method":"a\\"b"}\n', '{"i\\u0064":"\\u0031","result":{}}\r\n', 'x'.repeat(20_000))
      .map((text) => Buffer.from(text)),
  );

  it('never changes the lines, whatever the splits and the limit', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.nat(2000)),
        fc.constantFrom(4, 16, 100, 50_000),
        (pieces, cuts, limit) => {
          const stream = Buffer.concat(pieces);
          const chunks: Buffer[] = [];
          let from = 0;
          for (const cut of cuts) {
            chunks.push(stream.subarray(from, from + cut));
            from += cut;
          }
          chunks.push(stream.subarray(Math.min(from, stream.length)));
          expect(frame(chunks, limit)).toEqual(frame([stream], limit));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('gives back every byte but CR before LF and the first BOM', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const stream = Buffer.concat(pieces).toString('latin1');
        const bare = stream.startsWith('\u00ef\u00bb\u00bf') ? stream.slice(3) : stream;
        const expected = bare.endsWith('\n') || bare === '' ? bare : `${bare}\n`;
        expect(frame([Buffer.from(stream, 'latin1')]).lines.join('')).toBe(expected.replaceAll('\r\n', '\n'));
      }),
    );
  });
});
