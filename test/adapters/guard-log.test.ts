// The guard's own log and the file it may be written to.
import { linkSync, mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createGuardLog } from '../../src/adapters/guard-log.ts';

const directory = mkdtempSync(join(tmpdir(), 'guard-log-'));
const own = join(directory, 'state');
const open = (file: string | undefined, lines: string[] = []) =>
  createGuardLog({
    level: 'warn',
    file,
    ownFiles: [own],
    namedBy: '`--log-file`',
    writeError: (text) => void lines.push(text),
  });

test('goes to stderr and to the file, private, inert, by level', () => {
  const file = join(directory, 'guard.log');
  const lines: string[] = [];
  const log = open(file, lines);
  log.write('error', 'a\u001b[2J');
  log.write('info', 'quiet');
  expect(lines).toEqual(['mcp-guard: error: a\\u{1b}[2J\n']);
  expect(readFileSync(file, 'utf8')).toMatch(/^\S+ error a\\u\{1b\}\[2J\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each([
  ['whose directory does not exist', 'gone/guard.log', 'its directory does not exist', 'make the directory first'],
  ['that is a directory', '.', 'EISDIR', 'name a file that this user can write'],
])('a file %s is a usage error that says who named it', (_, name, why, hint) => {
  const file = join(directory, name);
  expect(() => open(file)).toThrow(
    expect.objectContaining({
      code: 'usage',
      exitCode: 64,
      message: `cannot write the log file \`${file}\` (\`--log-file\`): ${why}`,
      hint,
    }),
  );
});

describe('text of servers goes into a log, and nowhere else', () => {
  const refusal = (why: string) => expect.objectContaining({ code: 'usage', message: expect.stringContaining(why) });

  test.each([
    '# mine\n',
    '{}',
    '\n',
    ' ',
    '2026-07-28T09:00:00.000Z',
    'x 2026-07-28T09:00:00.000Z warn a',
    '2026-07-28T09:00:00.000Z rm',
  ])('a file that holds %j is left alone', (text) => {
    const file = join(directory, 'theirs');
    writeFileSync(file, text);
    expect(() => open(file)).toThrow(refusal('it is there, and no log of the guard'));
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('a log of the guard is gone on with, an empty file too', () => {
    const file = join(directory, 'mine.log');
    writeFileSync(file, '');
    open(file).write('error', 'one');
    open(file).write('warn', 'two');
    expect(readFileSync(file, 'utf8')).toMatch(/^\S+ error one\n\S+ warn two\n$/);
  });

  test('no link is followed, to whatever it leads', () => {
    writeFileSync(join(directory, 'target'), '');
    const [link, gone] = [join(directory, 'link'), join(directory, 'dangling')];
    symlinkSync('target', link);
    symlinkSync('nothing-yet', gone);
    for (const file of [link, gone]) expect(() => open(file)).toThrow(refusal('it is a link'));
    expect(readFileSync(join(directory, 'target'), 'utf8')).toBe('');
  });

  test('nothing but a regular file', () => {
    expect(() => open('/dev/null')).toThrow(refusal('no log of the guard'));
  });

  test("nothing in the places of the guard's own files, by whatever name", () => {
    mkdirSync(own);
    symlinkSync('state', join(directory, 'alias'));
    for (const name of ['state', 'state/guard.log', 'alias/guard.log', 'state/../state/guard.log']) {
      expect(() => open(join(directory, name))).toThrow(refusal('the guard keeps files of its own there'));
    }
    const hard = join(directory, 'hard');
    writeFileSync(join(own, 'pauses.json'), '{"version":1}');
    linkSync(join(own, 'pauses.json'), hard);
    expect(() => open(hard)).toThrow(refusal('no log of the guard'));
    expect(() => open(join(directory, 'state2'))).not.toThrow();
  });
});
