// When a policy is read again: for every way in which a file can become another, for an approval that ends, and for whoever asks; and not
// for anything else.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestFile, signFiles } from '../../../src/adapters/file-look.ts';
import { watchPolicyFiles } from '../../../src/adapters/policy-watch.ts';

let home: string;
let file: string;
let request: string;
let due: { token: string | null; isForced: boolean }[];
let action: (() => void) | undefined;
let untilMs: number;
let wallMs: number;
let end: () => void;
let settle: (() => void) | undefined;

beforeEach(() => {
  home = fs.mkdtempSync(join(tmpdir(), 'guard-watch-'));
  [file, request] = [join(home, 'config.json'), join(home, 'x.reload')];
  fs.writeFileSync(file, 'one');
  due = [];
  [untilMs, wallMs, settle] = [Number.POSITIVE_INFINITY, 0, undefined];
  end = watchPolicyFiles({
    timers: {
      after: (_, act) => {
        action = act;
        return () => {
          action = undefined;
        };
      },
    },
    clock: { now: () => ({ wallMs, monoMs: 0 }) },
    signature: signFiles([file]),
    files: () => [file],
    requestPath: () => request,
    untilMs: () => untilMs,
    onDue: (token, isForced) => {
      due.push({ token, isForced });
      return settle === undefined ? Promise.resolve() : new Promise((resolve) => (settle = resolve));
    },
  });
});
afterEach(() => {
  end();
  fs.rmSync(home, { recursive: true, force: true });
});

/** One look, to its end. */
async function look(): Promise<void> {
  action?.();
  await new Promise((resolve) => setImmediate(resolve));
}
const CHANGED = [{ token: null, isForced: false }];

describe('a file', () => {
  it.each([
    ['is written over', () => fs.writeFileSync(file, 'two')],
    [
      'is written over by as many bytes, with its time set back',
      () => {
        const { atime, mtime } = fs.statSync(file);
        fs.writeFileSync(file, 'eno');
        fs.utimesSync(file, atime, mtime);
      },
    ],
    [
      'is replaced by renaming',
      () => {
        fs.writeFileSync(`${file}.new`, 'two');
        fs.renameSync(`${file}.new`, file);
      },
    ],
    ['is removed', () => fs.rmSync(file)],
    [
      'becomes a link',
      () => {
        fs.renameSync(file, `${file}.old`);
        fs.symlinkSync(`${file}.old`, file);
        fs.appendFileSync(file, 'x');
      },
    ],
  ])('that %s is seen at the second look, once', async (_, change) => {
    await look();
    await look();
    expect(due).toEqual([]);
    change();
    await look();
    expect(due).toEqual([]);
    await look();
    expect(due).toEqual(CHANGED);
    await look();
    await look();
    expect(due).toEqual(CHANGED);
  });

  it('that is written again and again is not waited for longer than three looks', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      fs.appendFileSync(file, 'x');
      await look();
    }
    expect(due).toEqual(CHANGED);
  });

  it('that changes while the policy is read is read once more', async () => {
    settle = () => {};
    fs.writeFileSync(file, 'two');
    await look();
    await look();
    expect(due).toHaveLength(1);
    fs.writeFileSync(file, 'three');
    const done = settle;
    settle = undefined;
    done();
    await new Promise((resolve) => setImmediate(resolve));
    await look();
    await look();
    expect(due).toHaveLength(2);
  });
});

it('who asks is heard at once, once, and what is no request is taken away unheard', async () => {
  fs.writeFileSync(request, '0123456789abcdef', { mode: 0o600 });
  await look();
  expect(due).toEqual([{ token: '0123456789abcdef', isForced: false }]);
  expect(fs.existsSync(request)).toBe(false);
  for (const text of ['', 'x', '0123456789ABCDEF', 'f'.repeat(100)]) {
    fs.writeFileSync(request, text, { mode: 0o600 });
    await look();
    expect(fs.existsSync(request)).toBe(false);
  }
  fs.writeFileSync(join(home, 'token'), '0123456789abcdef');
  fs.symlinkSync(join(home, 'token'), request);
  await look();
  expect(due).toHaveLength(1);
});

it('an approval that ends is a reason', async () => {
  untilMs = 1_000;
  wallMs = 999;
  await look();
  expect(due).toEqual([]);
  wallMs = 1_000;
  await look();
  expect(due).toEqual([{ token: null, isForced: true }]);
});

it('nothing is looked at after the end', () => {
  end();
  expect(action).toBeUndefined();
});

it('the digest of a file is that of its bytes, and of what is none a word that is no digest', () => {
  expect(digestFile(file)).toBe('7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed');
  expect(digestFile(join(home, 'none'))).toBe('ENOENT');
  expect(digestFile(home)).toBe('unreadable');
});
