// Who may pass through a directory, by owner, group and mode, and which one on the way is named.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findClosed } from '../../../src/adapters/closed-directory.ts';

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'closed-'));
  fs.mkdirSync(join(home, 'a', 'b'), { recursive: true, mode: 0o711 });
  for (const path of [home, join(home, 'a'), join(home, 'a', 'b')]) fs.chmodSync(path, 0o711);
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const owner = own;
const member = { uid: own.uid + 1, gid: own.gid };
const other = { uid: own.uid + 1, gid: own.gid + 1 };

test.each([
  [0o711, []],
  [0o700, ['member', 'other']],
  [0o710, ['other']],
  [0o701, ['member']],
  [0o011, ['owner']],
] as const)('mode %o', (mode, closedTo) => {
  const at = join(home, 'a');
  fs.chmodSync(at, mode);
  const found = Object.entries({ owner, member, other }).map(([name, user]) => [name, findClosed(at, user)]);
  fs.chmodSync(at, 0o711);
  expect(found).toEqual(
    ['owner', 'member', 'other'].map((name) => [name, closedTo.some((one) => one === name) ? at : undefined]),
  );
});

test('the topmost is named, of the way that a link really takes', () => {
  for (const path of [join(home, 'a'), join(home, 'a', 'b')]) fs.chmodSync(path, 0o700);
  fs.symlinkSync(join(home, 'a', 'b'), join(home, 'link'));
  expect(findClosed(join(home, 'link'), other)).toBe(join(home, 'a'));
  expect(() => findClosed(join(home, 'none'), other)).toThrow('ENOENT');
});
