// What a session presents: from a file that only this user can read, else from the environment, which forgets it.
import * as child from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeTokenFile } from '../../../src/adapters/new-token-file.ts';
import { MAX_TOKEN_BYTES, readPresented } from '../../../src/adapters/token-file.ts';

const uid = process.getuid?.();
let directory: string;
let path: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'token-file-'));
  path = join(directory, 'token');
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const put = (text: string, mode = 0o600): void => fs.writeFileSync(path, text, { mode });
const read = (at = path) => readPresented({ flag: at, env: {}, config: undefined }, uid);
const unreadable = (detail: string) => ({
  kind: 'refused',
  why: 'token_file_unreadable',
  detail,
  source: '--token-file',
});

describe('a file', () => {
  test.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    ['secret\n\n', 'secret\n'],
    [' secret', ' secret'],
    ['', ''],
  ])('that holds %j presents %j', (text, expected) => {
    put(text);
    expect(read()).toEqual({ kind: 'text', text: expected, source: '--token-file' });
  });

  test.each([0o640, 0o604, 0o660, 0o620, 0o602, 0o610, 0o601, 0o644])('of mode %o is not read', (mode) => {
    put('secret');
    fs.chmodSync(path, mode);
    expect(read()).toEqual(unreadable(`others can read it (mode ${mode.toString(8)})`));
  });

  test('of mode 400 is read', () => {
    put('secret', 0o400);
    expect(read()).toMatchObject({ kind: 'text' });
  });

  test('of another user is not read', () => {
    put('secret');
    expect(readPresented({ flag: path, env: {}, config: undefined }, (uid ?? 0) + 1)).toEqual(
      unreadable('it belongs to somebody else'),
    );
  });

  test('that is a link is not read, wherever it leads', () => {
    put('secret');
    const link = join(directory, 'link');
    fs.symlinkSync(path, link);
    expect(read(link)).toEqual(unreadable('it is a link'));
  });

  test('that is none: a directory, a pipe that nobody writes to, nothing', () => {
    child.execFileSync('mkfifo', ['-m', '600', path]);
    expect(read()).toEqual(unreadable('it is no regular file'));
    expect(read(directory)).toEqual(unreadable('it is no regular file'));
    expect(read(join(directory, 'nothing'))).toEqual(unreadable('there is no such file'));
    expect(read(join(directory, 'x'.repeat(300)))).toEqual(unreadable('no file has so long a name'));
  });

  test('is bounded', () => {
    put('x'.repeat(MAX_TOKEN_BYTES));
    expect(read()).toMatchObject({ kind: 'text' });
    put('x'.repeat(MAX_TOKEN_BYTES + 1));
    expect(read()).toEqual({ kind: 'refused', why: 'too_large', source: '--token-file' });
    put('x'.repeat(1_000_000));
    expect(read()).toMatchObject({ kind: 'refused', why: 'too_large' });
  });
});

describe('where it is looked for', () => {
  test('the command line, else the environment, else the config', () => {
    put('of the file');
    const env = (): Record<string, string> => ({ MCP_GUARD_TOKEN: 'of the environment' });
    const at = (flag: string | undefined, given: Record<string, string>, config: string | undefined) =>
      readPresented({ flag, env: given, config }, uid);
    expect(at(path, env(), undefined)).toMatchObject({ text: 'of the file', source: '--token-file' });
    expect(at(undefined, env(), path)).toMatchObject({ text: 'of the environment', source: 'MCP_GUARD_TOKEN' });
    expect(at(undefined, { MCP_GUARD_TOKEN: '' }, path)).toMatchObject({
      text: 'of the file',
      source: 'auth.tokenFile',
    });
    expect(at(undefined, {}, undefined)).toEqual({ kind: 'none' });
  });

  test('the first that is named decides, whatever is found there', () => {
    put('of the file');
    const nothing = join(directory, 'nothing');
    expect(readPresented({ flag: nothing, env: { MCP_GUARD_TOKEN: 'x' }, config: path }, uid)).toEqual(
      unreadable('there is no such file'),
    );
  });

  test('what is in the environment is bounded, too', () => {
    const env = { MCP_GUARD_TOKEN: 'x'.repeat(MAX_TOKEN_BYTES + 1) };
    expect(readPresented({ flag: undefined, env, config: undefined }, uid)).toMatchObject({ why: 'too_large' });
  });

  test('the environment forgets it, whether it was used or not', () => {
    put('of the file');
    for (const flag of [undefined, path]) {
      const env: Record<string, string | undefined> = { MCP_GUARD_TOKEN: 'secret', OTHER: 'x' };
      readPresented({ flag, env, config: undefined }, uid);
      expect(Object.keys(env)).toEqual(['OTHER']);
    }
  });
});

describe('a new file', () => {
  test('can be read by this user alone, and is not written over', () => {
    writeTokenFile(path, 'secret\n', 'new');
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
    expect(read()).toMatchObject({ text: 'secret' });
    expect(() => writeTokenFile(path, 'other\n', 'new')).toThrow(/something stands there already/);
    expect(read()).toMatchObject({ text: 'secret' });
    writeTokenFile(path, 'other\n', 'replace');
    expect(read()).toMatchObject({ text: 'other' });
  });

  test('is not written through a link; the text is in no error', () => {
    const target = join(directory, 'target');
    fs.symlinkSync(target, path);
    expect(() => writeTokenFile(path, 'secret', 'new')).toThrow(/^(?!.*secret)/s);
    expect(fs.existsSync(target)).toBe(false);
    expect(() => writeTokenFile(join(directory, 'no', 'such'), 'secret', 'replace')).toThrow(/^(?!.*secret)/s);
  });
});
