// References to secrets, resolved at spawn.
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { EnvValue } from '../../src/config/env-value.ts';
import { readEnvValue } from '../../src/config/env-value.ts';
import { listSecrets, resolveEnv } from '../../src/config/resolve-env.ts';
import { GuardError } from '../../src/guard-error.ts';

const uid = process.getuid?.();
const sources = { env: { TOKEN: 's3cret', NONE: '' }, uid };

function resolveOne(value: EnvValue): string {
  try {
    return resolveEnv({ KEY: value }, sources).KEY ?? 'nothing';
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    expect(error.message).toContain('`KEY`');
    expect(error.message).not.toContain('s3cret');
    return error.code;
  }
}

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function secretFile(content: string | Buffer, mode = 0o600): string {
  const directory = mkdtempSync(join(tmpdir(), 'guard-secret-'));
  made.push(directory);
  const path = join(directory, 'secret');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}
const file = (path: string): EnvValue => ({ kind: 'file', path });

test('a literal is itself', () => {
  expect(resolveOne({ kind: 'literal', text: 'env:TOKEN' })).toBe('env:TOKEN');
});

test('env: takes a variable of the guard; unset and empty ones are errors', () => {
  expect(resolveOne({ kind: 'env', name: 'TOKEN' })).toBe('s3cret');
  expect(resolveOne({ kind: 'env', name: 'NONE' })).toBe('secret_unresolved');
  expect(resolveOne({ kind: 'env', name: 'NOPE' })).toBe('secret_unresolved');
  expect(resolveOne({ kind: 'env', name: 'toString' })).toBe('secret_unresolved');
});

describe('file:', () => {
  test.each<[string, string | Buffer, string]>([
    ['the text', 's3cret', 's3cret'],
    ['one line terminator off', 's3cret\n', 's3cret'],
    ['CRLF off', 's3cret\r\n', 's3cret'],
    ['two lines', 's3cret\nmore\n', 'secret_unresolved'],
    ['nothing', '', 'secret_unresolved'],
    ['only a line terminator', '\n', 'secret_unresolved'],
    ['a NUL', 's3cret\0', 'secret_unresolved'],
    ['no UTF-8', Buffer.from([0x73, 0xff, 0x33]), 'secret_unresolved'],
    ['too large', 'x'.repeat(65_537), 'secret_unresolved'],
  ])('%s', (_, content, expected) => {
    expect(resolveOne(file(secretFile(content)))).toBe(expected);
  });

  test.each([0o644, 0o640, 0o622, 0o604, 0o660])('mode %o is refused', (mode) => {
    expect(resolveOne(file(secretFile('s3cret', mode)))).toBe('secret_untrusted');
  });

  test('what does not exist, a directory', () => {
    expect(resolveOne(file('/nonexistent/x'))).toBe('secret_unresolved');
    expect(resolveOne(file(tmpdir()))).toBe('secret_unresolved');
  });

  test.skipIf(uid !== 0)('the file or link of another user', () => {
    const path = secretFile('s3cret');
    chownSync(path, 12_345, 12_345);
    expect(resolveOne(file(path))).toBe('secret_untrusted');
  });

  test('a link of this user to its own file', () => {
    const path = secretFile('s3cret');
    symlinkSync(path, `${path}-link`);
    expect(resolveOne(file(`${path}-link`))).toBe('s3cret');
  });
});

describe('what is masked', () => {
  test('references, what `passEnv` hands on, and variables inside of a text; not what stands in the config or on every machine', () => {
    const variables = { VAR: 'of-a-variable', HOME: '/home/ada' };
    const v = (name: string): string => `\${${name}}`;
    const read = (raw: string): EnvValue => {
      const reading = readEnvValue(raw, variables);
      if (!reading.ok) throw new Error(reading.why);
      return reading.value;
    };
    const env = {
      A: read('env:TOKEN'),
      B: read(`Bearer ${v('VAR')} in ${v('HOME')}`),
      C: read('plain'),
      D: read(`literal:${v('VAR')}`),
      E: read(`$${v('VAR')}`),
    };
    const resolved = resolveEnv(env, sources);
    expect(listSecrets(env, resolved, { PASSED: 'handed-on', PATH: '/bin', LC_ALL: 'C' })).toEqual([
      { name: 'A', value: 's3cret' },
      { name: 'B', value: 'of-a-variable' },
      { name: 'PASSED', value: 'handed-on' },
    ]);
  });
});
