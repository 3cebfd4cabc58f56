// A file is read whole or refused; what it takes in memory is its own size, and what is said of its size beforehand is not believed.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readTrustedFile } from '../../src/config/trusted-file.ts';

const base = mkdtempSync(join(tmpdir(), 'guard-trusted-'));
afterAll(() => rmSync(base, { recursive: true }));

const read = (path: string, maxBytes: number) => {
  const found = readTrustedFile(path, { uid: undefined, secret: false, maxBytes });
  return found.kind === 'read' ? found.bytes.toString() : found;
};

describe('a file of n bytes', () => {
  const file = join(base, 'file');
  test.each([0, 1, 7, 8])('n = %i of 8 is read', (size) => {
    writeFileSync(file, 'x'.repeat(size));
    expect(read(file, 8)).toBe('x'.repeat(size));
  });

  test.each([9, 10, 1000])('n = %i of 8 is refused', (size) => {
    writeFileSync(file, 'x'.repeat(size));
    expect(read(file, 8)).toEqual({ kind: 'unreadable', why: 'it is larger than 8 bytes' });
  });
});

// A file that grows between the look and the reading; the kernel says 0 of such a one from the start.
test.runIf(process.platform === 'linux')('a file that holds more than was said is read on, to the limit', () => {
  const status = read('/proc/self/limits', 65_536);
  expect(status).toMatch(/^Limit.*Max realtime timeout[^\n]*\n$/s);
  expect(read('/proc/self/limits', 100)).toEqual({ kind: 'unreadable', why: 'it is larger than 100 bytes' });
});

test('memory is taken for the file, not for what is allowed', () => {
  const file = join(base, 'small');
  writeFileSync(file, 'x');
  appendFileSync(file, 'y');
  const found = readTrustedFile(file, { uid: undefined, secret: false, maxBytes: 2 ** 30 });
  expect(found.kind === 'read' && found.bytes.buffer.byteLength).toBeLessThan(65_536);
});
