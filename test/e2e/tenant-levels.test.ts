// Levels of isolation are tried where the machine allows it, in CI, too; where it does not, that is said with the reason, and never passes for a success.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { skipLoudly } from './skipping.ts';
import { lacks } from './tenant-stage.ts';

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'guard-levels-'));
  vi.stubEnv('PATH', bin);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(bin, { recursive: true, force: true });
});

function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

test('without bubblewrap, or where it may build nothing, L2 is skipped with the reason', () => {
  expect(lacks('L2')).toMatch(/^bubblewrap cannot build a sandbox here: .*ENOENT/);
  program('bwrap', 'echo "setting up uid map: Permission denied" >&2; exit 1');
  for (const level of ['L2', 'L3'] as const)
    expect(lacks(level)).toMatch(/^bubblewrap cannot build a sandbox here: setting up uid map: Permission denied/);
  program('bwrap', 'exit 0');
  expect(lacks('L2')).toBeUndefined();
});

test('without root, or `setpriv`, L1 is skipped with the reason', () => {
  expect(lacks('L1')).toMatch(process.getuid?.() === 0 ? /^setpriv is missing/ : /^L1 needs a guard that root/);
  vi.spyOn(process, 'getuid').mockReturnValue(1000);
  expect(lacks('L1')).toBe('L1 needs a guard that root has started');
});

test('what is skipped is said where nobody overlooks it', () => {
  const written: unknown[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.push(text);
    return true;
  });
  const skip = vi.fn<(note: string) => never>();
  skipLoudly(skip, 'no\n bwrap');
  expect(skip).toHaveBeenCalledWith('no\n bwrap');
  expect(written).toEqual(['\nSKIPPED, NOT TESTED: no | bwrap\n\n']);
});

test('CI takes bubblewrap from the distribution, where it may, before it runs the tests', () => {
  const script = readFileSync(fileURLToPath(new URL('../../.ci/run', import.meta.url)), 'utf8');
  const install = script.indexOf('apt install');
  expect(script.slice(install, script.indexOf('\n', install))).toMatch(/ bubblewrap\b/);
  expect(script.indexOf('npm test\n')).toBeGreaterThan(install);
  expect(install).toBeGreaterThan(0);
});
