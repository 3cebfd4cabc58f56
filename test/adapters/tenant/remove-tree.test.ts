// A tree is removed whole, and nothing beside it: whoever still writes in it can put no link in the place of a directory.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeTree } from '../../../src/adapters/remove-tree.ts';
import { replaceCall } from '../breaker/fs-steps.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'guard-tree-'));
  fs.mkdirSync(join(root, 'other'));
  fs.writeFileSync(join(root, 'other', 'ledger'), 'books');
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));
const at = (...steps: string[]): string => join(root, ...steps);
const isWhole = () => fs.readFileSync(at('other', 'ledger'), 'utf8') === 'books';

test('everything goes: closed directories, names that are no text, links; not what they lead to', () => {
  fs.mkdirSync(at('home', 'closed', 'inner'), { recursive: true });
  fs.writeFileSync(at('home', 'closed', 'inner', 'file'), '');
  fs.symlinkSync(at('other'), at('home', 'link'));
  fs.writeFileSync(Buffer.concat([Buffer.from(`${at('home')}/`), Buffer.from([0xff, 0xfe])]), '');
  fs.chmodSync(at('home', 'closed', 'inner'), 0);
  fs.chmodSync(at('home', 'closed'), 0);
  removeTree(at('home'));
  expect([fs.readdirSync(root), isWhole()]).toEqual([['other'], true]);
  removeTree(at('home'));
});

test('a link alone, and one file, go by themselves', () => {
  fs.symlinkSync(at('other'), at('link'));
  removeTree(at('link'));
  expect([fs.readdirSync(root), isWhole()]).toEqual([['other'], true]);
});

test('deeper than descriptors would reach', () => {
  let deep = at('home');
  for (let depth = 0; depth < 300; depth += 1) deep = join(deep, 'd');
  fs.mkdirSync(deep, { recursive: true });
  removeTree(at('home'));
  expect(fs.readdirSync(root)).toEqual(['other']);
});

// by names there is no protection: only where descriptors have paths
test.runIf(process.platform === 'linux')('a directory that becomes a link while it is emptied leads nowhere', () => {
  fs.mkdirSync(at('home', 'aaa'), { recursive: true });
  fs.writeFileSync(at('home', 'aaa', 'ledger'), '');
  let isSwapped = false;
  const swap = (): void => {
    if (isSwapped) return;
    isSwapped = true;
    fs.renameSync(at('home', 'aaa'), at('home', 'away'));
    fs.symlinkSync(at('other'), at('home', 'aaa'));
  };
  // after the names were read, before any of them is removed
  const restore = replaceCall('readdirSync', (original) => (...given) => {
    const names = original(...given);
    if (Array.isArray(names) && names.some((name) => String(name) === 'ledger')) swap();
    return names;
  });
  try {
    removeTree(at('home'));
  } finally {
    restore();
  }
  expect([isSwapped, fs.readdirSync(root), isWhole()]).toEqual([true, ['other'], true]);
});

test.runIf(process.platform === 'linux')('who goes on writing is said, and the end comes', () => {
  fs.mkdirSync(at('home', 'aaa'), { recursive: true });
  const restore = replaceCall('readdirSync', (original) => (...given) => {
    const names = original(...given);
    if (fs.existsSync(at('home', 'aaa'))) fs.writeFileSync(at('home', 'aaa', `${Math.random()}`), '');
    return names;
  });
  try {
    expect(() => removeTree(at('home'))).toThrow('is written to while it is removed');
  } finally {
    restore();
  }
});
