// The guard's own log and the file it may be written to.
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createGuardLog } from '../../src/adapters/guard-log.ts';

const directory = mkdtempSync(join(tmpdir(), 'guard-log-'));
const open = (file: string | undefined, lines: string[] = []) =>
  createGuardLog({ level: 'warn', file, namedBy: '`--log-file`', writeError: (text) => void lines.push(text) });

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
