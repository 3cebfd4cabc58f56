// Commands to be copied: whatever the width, a shell reads the same words.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { showCommand } from '../../src/cli/command-lines.ts';

const LONG = "printf '%s|' --config '/srv/a --b it'\\''s/c.json' --tenant acme --reason 'x --y'";

test('what fits stands in one line', () => {
  expect(showCommand('mcp-guard status', 80)).toBe('  mcp-guard status\n');
});

test('what is wider goes on before an option, and never within a value', () => {
  const text = showCommand(LONG, 40);
  expect(text.split('\n')).toEqual([
    "  printf '%s|' \\",
    "    --config '/srv/a --b it'\\''s/c.json' \\",
    '    --tenant acme \\',
    "    --reason 'x --y'",
    '',
  ]);
  const run = (script: string): string => execFileSync('sh', ['-c', script], { encoding: 'utf8' });
  expect(run(text)).toBe(run(LONG));
});
