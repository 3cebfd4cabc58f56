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
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigPlace } from '../../src/config/find-config.ts';
import { loadPolicy, tryLoad } from '../../src/config/load-config.ts';
import { GuardError } from '../../src/guard-error.ts';

const uid = process.getuid?.();
const context = { env: { HOME: '/home/ada' }, uid };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guard-load-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

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

  const inEnv = (value: string) => `version: 1\nservers:\n  a:\n    command: x\n    env:\n      TOKEN: ${value}\n`;

  test.each<[string, string, RegExp]>([
    ['an alias', inEnv('*hunter2'), /an alias \(`\*`\) without its anchor .* at line 6, column \d+$/],
    ['a tag', inEnv('!hunter2'), /an unknown tag \(`!`\).* at line \d, column \d+$/],
    ['a verbatim tag', inEnv('!<hunter2> x'), /an unknown tag/],
    ['a tag handle', '%TAG !hunter2! x\n---\nversion: !hunter!x 1\n', /an unknown tag/],
    ['a tag handle twice', '%TAG !hunter2! x\n%TAG !hunter2! x\n---\nversion: 1\n', /as YAML at line \d, column \d+$/],
    ['a tag prefix', '%TAG !a! hunter2^\n---\nversion: 1\n', /as YAML at line \d, column \d+$/],
    ['a tag name', inEnv('!hunter2^ x'), /as YAML at line \d, column \d+$/],
    ['a tag that does not fit', inEnv('!!binary "hunter2%"'), /a value that its tag \(`!`\) does not fit at line/],
    ['a tag of another kind', inEnv('!<?> [hunter2]'), /a value that its tag \(`!`\) does not fit at line/],
    ['a name twice', inEnv('x\n      hunter2: 1\n      hunter2: 2'), /duplicated mapping key at line/],
    ['a stray character', inEnv('@hunter2: x: y'), / at line 6, column \d+$/],
  ])('YAML with %s: the reason quotes nothing of the file', (_, text, message) => {
    const error = failure(write('c.yaml', text));
    expect(error.message).toMatch(message);
    expect(`${error.message.replaceAll(directory, '')} ${error.hint}`).not.toContain('hunter');
  });

  test.each<[string, string, string]>([
    ['a bare word', '{"version":1,"env":{"TOKEN":hunter2}}', ': a value should stand at line 1, column 29'],
    ['a bare key', '{hunter2:1}', ': a key in double quotes or `}` should stand at line 1, column 2'],
    ['single quotes', "{'hunter2':1}", ': a key in double quotes or `}` should stand at line 1, column 2'],
    [
      'a position in the text',
      '["hunter2 at position 5" x]',
      ': a comma or the closing bracket should stand at line 1, column 26',
    ],
    ['an open string', '{"a":"hunter2', ': a string is not closed, or holds what must be escaped at line 1, column 6'],
    ['a slip after the fault', '{"a":hunter2, /* x */ "b":[1,]}', ': a value should stand at line 1, column 6'],
    ['more after its end', '{"hunter2":1}}', ': nothing should follow at line 1, column 14'],
    ['nothing', '', ': it ends too early at line 1, column 1'],
    ['half of it', '{"version":1,\n"a":', ': it ends too early at line 2, column 5'],
  ])('JSON with %s: the reason is right and quotes nothing of the file', (_, text, message) => {
    const error = failure(write('c.json', text));
    expect(error.message.endsWith(` as JSON${message}`)).toBe(true);
    expect(`${error.message.replaceAll(directory, '')} ${error.hint}`).not.toContain('hunter');
  });

  test('every diagnostic stands in the message', () => {
    const error = failure(write('c.json', '{"version":2,"x":1}'));
    expect(error.message).toContain('has 2 errors');
    expect(error.message).toContain('version: `2` is not allowed here');
    expect(error.message).toContain('x: unknown key `x`');
  });

  test.each([
    [
      'a line comment',
      '{\n  // the version\n  "version": 1\n}',
      ': a comment at line 2, column 3',
      'JSON has no comments',
    ],
    ['a block comment', '{ /* "x" */ "version": 1 }', ': a comment at line 1, column 3', 'as YAML'],
    ['a comment of YAML', '{\n # x\n"version": 1 }', ': a comment at line 2, column 2', 'JSON has no comments'],
    [
      'a last comma',
      '{"url": "http://x/*", "version": 1,\n}',
      ': a comma after the last entry at line 1, column 35',
      '',
    ],
    ['something else', '{"url": "http://x/*" 1}', ' at line 1, column 22', 'mend its syntax'],
  ])('JSON with %s says so', (_, text, message, hint) => {
    const error = failure(write('c.json', text));
    expect(error.message.endsWith(message)).toBe(true);
    expect(error.hint).toContain(hint);
  });

  test('a key that stands twice hides no other error', () => {
    const { message } = failure(write('c.json', '{"version":1,"version":2,"x":1}'));
    expect(message).toContain('has 3 errors');
    expect(message).toContain('version: key stands twice');
    expect(message).toContain('x: unknown key `x`');
    expect(message).toMatch(/\n {2}a key that is not understood is refused[^\n]*$/);
  });

  test('which has gone or changed: the very command to run, also in a path that a shell would split', () => {
    directory = join(directory, "it's here");
    mkdirSync(directory);
    const place = { ...write('c.json', VALID), origin: 'project', digest: digestOf('other') } as const;
    const word = `'${place.path.replace("'", "'\\''")}'`;
    expect(failure(place).hint).toBe(
      `look at it, then run \`mcp-guard config allow ${word}\` again, or run \`mcp-guard config allow --forget ${word}\` to go on without it`,
    );
    rmSync(place.path);
    expect(failure(place).hint).toBe(
      `put it back as it was, or run \`mcp-guard config allow --forget ${word}\` to go on without it`,
    );
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
