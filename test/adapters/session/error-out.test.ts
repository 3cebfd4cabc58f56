// stderr that nobody reads must neither stop the guard nor fill its memory.
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { ErrorOut } from '../../../src/adapters/error-out.ts';

it('drops what is not read, and says how much once it is', () => {
  const seen: string[] = [];
  let release: (() => void) | undefined;
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      seen.push(chunk);
      release = done;
    },
  });
  const out = new ErrorOut(stream);
  const line = `${'x'.repeat(1023)}\n`;
  for (let index = 0; index < 5000; index += 1) out.write(line);
  expect(stream.writableLength).toBeLessThan(1_100_000);
  const drain = () => {
    for (let index = 0; index < 5000 && release !== undefined; index += 1) {
      const done: () => void = release;
      release = undefined;
      done();
    }
  };
  drain();
  out.write('last\n');
  drain();
  expect(seen.some((text) => /about \d+ bytes of stderr were not shown/.test(text))).toBe(true);
  expect(seen.at(-1)).toBe('last\n');
});
