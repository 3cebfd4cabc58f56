// Which file a token may take the place of: none but a missing one, or the one that holds the token itself.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isFreePath, mayReplaceFile } from '../../../src/adapters/new-token-file.ts';

test('a missing one and that of the token; no other, no link, no directory', () => {
  const directory = mkdtempSync(join(tmpdir(), 'token-file-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const at = (name: string, text?: string): boolean => {
    const path = join(directory, name);
    if (text !== undefined) writeFileSync(path, text);
    return mayReplaceFile(path, (found) => found === 'the token');
  };
  expect(at('missing')).toBe(true);
  expect(at('own', 'the token\n')).toBe(true);
  expect(at('bare', 'the token')).toBe(true);
  for (const text of ['', 'notes', 'the token\nnotes\n', `the token${' '.repeat(2_000)}`])
    expect(at('o', text)).toBe(false);
  symlinkSync(join(directory, 'own'), join(directory, 'link'));
  mkdirSync(join(directory, 'dir'));
  expect([at('link'), at('dir')]).toEqual([false, false]);
  symlinkSync(join(directory, 'nowhere'), join(directory, 'dangling'));
  const free = ['own', 'dir', 'dangling', 'missing'].map((name) => isFreePath(join(directory, name)));
  expect(free).toEqual([false, false, false, true]);
});
