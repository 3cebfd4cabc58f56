// From a file to a policy: who may have written it, what is read of it, and that nothing of it is executed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigPlace } from '../../src/config/find-config.ts';
import { loadPolicy, tryLoad } from '../../src/config/load-config.ts';
import { GuardError } from '../../src/guard-error.ts';

const uid = process.getuid?.();
const context = { env: { HOME: '/home/ada' }, uid };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guard-load-'));
});

function write(name: string, text: string | Buffer, mode = 0o600): ConfigPlace {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return { path, origin: 'flag', digest: undefined };
}

function failure(place: ConfigPlace): GuardError {
  try {
    loadPolicy(place, context);
  } catch (error) {
    if (error instanceof GuardError) return error;
    throw error;
  }
  throw new Error('it was loaded');
}

const VALID = '{"version":1,"servers":{"a":{"command":"x"}}}';
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

test.each<[string, string]>([
  ['c.json', VALID],
  ['c.yaml', 'version: 1\nservers:\n  a: { command: x }\n'],
  ['c.yml', 'version: 1\nservers: { a: &a { command: x }, b: *a }\n'],
  ['.mcp-guardrc', 'version: 1\nservers: { a: { command: x } }\n'],
  ['.mcp-guardrc', VALID],
])('%s is read', (name, text) => {
  const policy = loadPolicy(write(name, text), context);
  expect(policy.servers.get('a')?.command).toBe('x');
  expect(policy.source).toEqual({ path: join(directory, name), digest: digestOf(text) });
});

test('relative paths count from the directory of the file', () => {
  const place = write('c.json', '{"version":1,"log":{"file":"l.log"},"servers":{"a":{"command":"x","cwd":"sub"}}}');
  const policy = loadPolicy(place, context);
  expect(policy.log.file).toBe(join(directory, 'l.log'));
  expect(policy.servers.get('a')?.cwd).toBe(join(directory, 'sub'));
});

describe('the file is refused', () => {
  test.each<[string, string, string | Buffer, string]>([
    ['no JSON', 'c.json', '{"version":1,,}', 'config_unparsable'],
    ['JSON with a comment', 'c.json', '{"version":1} // x', 'config_unparsable'],
    ['an empty JSON file', 'c.json', '', 'config_unparsable'],
    ['no YAML', 'c.yaml', 'a: [1', 'config_unparsable'],
    ['a YAML key that stands twice', 'c.yaml', 'version: 1\nversion: 1', 'config_unparsable'],
    ['two YAML documents', 'c.yaml', 'version: 1\n---\nversion: 1', 'config_unparsable'],
    ['a YAML function', 'c.yaml', 'version: !!js/function "function(){}"', 'config_unparsable'],
    ['an empty YAML file', 'c.yaml', '', 'config_invalid'],
    ['JavaScript', 'c.js', 'module.exports = { version: 1 }', 'config_unparsable'],
    ['a module', 'c.mjs', 'export default { version: 1 }', 'config_unparsable'],
    ['TypeScript', 'c.ts', 'export default { version: 1 }', 'config_unparsable'],
    ['no UTF-8', 'c.json', Buffer.from([0x22, 0xff, 0x22]), 'config_unparsable'],
    ['more than 1 MiB', 'c.json', `${VALID}${' '.repeat(1_048_576)}`, 'config_unreadable'],
    ['a JSON key that stands twice', 'c.json', '{"version":1,"version":1}', 'config_invalid'],
    ['$import', 'c.json', '{"version":1,"$import":"./other.json"}', 'config_invalid'],
  ])('%s', (_, name, text, code) => {
    expect(failure(write(name, text))).toMatchObject({ code, exitCode: 78 });
  });

  test('a YAML bomb is refused before it is unfolded', () => {
    const layers = Array.from(
      { length: 20 },
      (_, i) => `  l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(',')}]`,
    );
    expect(failure(write('c.yaml', `version: 1\nservers:\n  l0: &l0 x\n${layers.join('\n')}\n`)).message).toContain(
      'more than 100000 values',
    );
  });

  test('a parse error says where, and quotes nothing of the file', () => {
    const error = failure(write('c.json', '{\n "env": { "A": "hunter2" "B": 1 }\n}'));
    expect(error.message).toMatch(/ at line 2, column 26$/);
    expect(`${error.message} ${error.hint}`).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
    expect(failure(write('c.yaml', 'a: hunter2\nb: [hunter2')).message).toMatch(
      /flow collection at line \d, column \d+$/,
    );
  });

  test('every diagnostic stands in the message', () => {
    const error = failure(write('c.json', '{"version":2,"x":1}'));
    expect(error.message).toContain('has 2 errors');
    expect(error.message).toContain('version: `2` is not allowed here');
    expect(error.message).toContain('x: unknown key `x`');
  });

  test('where it does not exist, or is no file', () => {
    const absent = { path: join(directory, 'nope.json'), origin: 'flag', digest: undefined } as const;
    expect(failure(absent).code).toBe('config_missing');
    expect(failure({ ...absent, path: directory }).code).toBe('config_unreadable');
    execFileSync('mkfifo', [join(directory, 'fifo.json')]);
    expect(failure({ ...absent, path: join(directory, 'fifo.json') }).code).toBe('config_unreadable');
  });

  test.each([0o620, 0o602, 0o666, 0o660])('mode %o: somebody else could have written it', (mode) => {
    expect(failure(write('c.json', VALID, mode))).toMatchObject({ code: 'config_untrusted', exitCode: 78 });
  });

  test('a link to such a file', () => {
    const { path } = write('c.json', VALID, 0o666);
    symlinkSync(path, join(directory, 'link.json'));
    expect(failure({ path: join(directory, 'link.json'), origin: 'user', digest: undefined }).code).toBe(
      'config_untrusted',
    );
  });

  test.skipIf(uid !== 0)('of another user; a link of another user', () => {
    const place = write('c.json', VALID);
    symlinkSync(place.path, join(directory, 'link.json'));
    lchownSync(join(directory, 'link.json'), 12_345, 12_345);
    expect(failure({ ...place, path: join(directory, 'link.json') }).code).toBe('config_untrusted');
    chownSync(place.path, 12_345, 12_345);
    expect(failure(place).code).toBe('config_untrusted');
  });

  test('which was allowed and has changed, or vanished', () => {
    const place = { ...write('c.json', VALID), origin: 'project', digest: digestOf(VALID) } as const;
    expect(loadPolicy(place, context).servers.size).toBe(1);
    write('c.json', `${VALID}\n`);
    expect(failure(place)).toMatchObject({ code: 'config_changed', exitCode: 78 });
    rmSync(place.path);
    expect(failure(place).code).toBe('config_changed');
  });
});

test('readable by all, and through a link of one’s own, is fine', () => {
  const { path } = write('c.json', VALID, 0o644);
  symlinkSync('c.json', join(directory, 'link.json'));
  expect(tryLoad({ path: join(directory, 'link.json'), origin: 'user', digest: undefined }, context).ok).toBe(true);
  expect(existsSync(path)).toBe(true);
});

test('nothing in the working directory is executed or obeyed while a config is loaded', () => {
  const place = write('c.json', VALID);
  const hostile = join(directory, 'hostile');
  mkdirSync(join(hostile, '.config'), { recursive: true });
  const planted = join(hostile, 'executed');
  const code = `require('node:fs').writeFileSync(${JSON.stringify(planted)}, ''); module.exports = {};`;
  for (const name of ['config.js', 'config.cjs', 'mcp-guardrc.js']) writeFileSync(join(hostile, '.config', name), code);
  writeFileSync(join(hostile, '.mcp-guardrc.js'), code);
  writeFileSync(join(hostile, 'package.json'), '{"cosmiconfig":{"searchPlaces":["x.js"]},"mcp-guard":{"version":1}}');
  // what the loader imports is imported in a process whose working directory is the hostile one
  const before = process.cwd();
  process.chdir(hostile);
  try {
    expect(loadPolicy(place, context).servers.size).toBe(1);
  } finally {
    process.chdir(before);
  }
  expect(existsSync(planted)).toBe(false);
});
