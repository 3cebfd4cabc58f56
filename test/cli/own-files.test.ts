// What no tool may touch: a config that is not there yet could be made by a tool, and the next start would obey it.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createConstraintPorts } from '../../src/adapters/constraint-ports.ts';
import { listKnownFiles, listOwnFiles } from '../../src/cli/own-files.ts';
import { systemDirectories } from '../../src/config/find-ceilings.ts';
import { createOwnPathFinder } from '../../src/policy/constraint/own-paths.ts';
import { prepareOwnPaths } from '../../src/policy/constraint/own-reach.ts';

const NO_PATTERNS = (): never => {
  throw new Error('no path needs a pattern');
};
/** Nothing of it exists. */
const HOME = '/no/home';
const CWD = '/no/project';
const surroundings = { env: { HOME, XDG_CONFIG_HOME: '/no/xdg', MCP_GUARD_CEILING: '/no/ceiling.json' }, cwd: CWD };

const ENV = { DATA: '/no/state' };

function isOwn(path: string, known: readonly string[], args: readonly string[] = []): boolean {
  const ports = createConstraintPorts({ cwd: '/no/site', home: HOME, args, env: ENV }, NO_PATTERNS);
  const own = prepareOwnPaths(listOwnFiles(known, surroundings), ports);
  return createOwnPathFinder(own, ports)({ path }, 0) !== undefined;
}

describe.each([
  ['a bare run', listKnownFiles('/no/state', undefined)],
  [
    'a run with a config',
    listKnownFiles('/no/state', { config: '/no/rules.yaml', lock: '/no/rules.mcp-guard.lock.json' }),
  ],
])('%s', (_, known) => {
  test.each([
    '/no/state/x',
    '/no/xdg/mcp-guard/config.json',
    '/no/xdg/mcp-guard/config.yml',
    '/no/ceiling.json',
    ...systemDirectories(process.platform, undefined).map((directory) => `${directory}/ceiling.json`),
    '/no/xdg/mcp-guard',
    '~/.config/mcp-guard/config.json',
    '/no/project/mcp-guard.config.json',
    '/no/project/.mcp-guardrc',
    'mcp-guard.config.json',
    '.mcp-guardrc.yml',
    'mcp-guard/config.json',
  ])('keeps %s', (path) => {
    expect(isOwn(path, known)).toBe(true);
  });

  test.each(['/no/project/other.json', '/no/xdg/other', '/no/elsewhere/mcp-guard.config.json', 'other.json'])(
    'leaves %s',
    (path) => {
      expect(isOwn(path, known)).toBe(false);
    },
  );

  test('keeps what a relative path means to a server that counts it from a directory of its command line', () => {
    expect(isOwn('x', known, ['/no/state'])).toBe(true);
    expect(isOwn('state', known, ['--root=/no'])).toBe(true);
    expect(isOwn('y/../state', known, ['-y', 'file:///no/'])).toBe(true);
    expect(isOwn('state', known, ['/other'])).toBe(false);
  });
});

test('keeps what a variable of the server stands for, and nothing by a variable that is none', () => {
  expect(isOwn('$DATA/x', ['/no/state'])).toBe(true);
  expect(isOwn(`\${toString}/x`, ['/no/state'])).toBe(false);
});

test.runIf(process.platform === 'linux')('keeps what lies behind a link that every process has of its own', () => {
  const link = join(mkdtempSync(join(tmpdir(), 'guard-link-')), 'all');
  symlinkSync('/proc/self/root', link);
  expect(isOwn(join(link, 'no/state'), ['/no/state'])).toBe(true);
  expect(isOwn('/proc/self/status', ['/no/state'])).toBe(false);
  rmSync(dirname(link), { recursive: true });
});

test('the config and its lock count where there are any', () => {
  const known = ['/no/state', '/no/rules.yaml', '/no/rules.mcp-guard.lock.json'];
  expect(isOwn('/no/rules.yaml', known)).toBe(true);
  expect(isOwn('/no/rules.mcp-guard.lock.json', known)).toBe(true);
  expect(isOwn('/no/rules.yaml', ['/no/state'])).toBe(false);
});
