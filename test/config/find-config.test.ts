// Which one file the policy comes from.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type AllowedConfig,
  explainIgnored,
  findConfigFile,
  findProjectFile,
  isProjectFile,
  isProjectFileOf,
  listPlaces,
  showPlaces,
} from '../../src/config/find-config.ts';
import { GuardError } from '../../src/guard-error.ts';

const DIGEST = 'a'.repeat(64);
let root: string;
let cwd: string;
let env: Record<string, string>;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'guard-find-')));
  cwd = join(root, 'project');
  mkdirSync(join(cwd, 'below'), { recursive: true });
  mkdirSync(join(root, 'xdg', 'mcp-guard'), { recursive: true });
  mkdirSync(join(root, '.config', 'mcp-guard'), { recursive: true });
  env = { XDG_CONFIG_HOME: join(root, 'xdg'), HOME: root };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const touch = (...parts: string[]): string => {
  const path = join(root, ...parts);
  writeFileSync(path, '{}');
  return path;
};
const find = (flag?: string, allowed: readonly AllowedConfig[] = []) =>
  findConfigFile({ flag, env, cwd, readAllowed: () => allowed });
const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof GuardError) return error.code;
    throw error;
  }
  return 'no error';
};

test('nothing anywhere: no file', () => {
  expect(find()).toEqual({ place: undefined, ignored: undefined });
});

test('--config, then MCP_GUARD_CONFIG, then the user’s; a named file need not exist', () => {
  const user = touch('xdg', 'mcp-guard', 'config.yaml');
  expect(find().place).toEqual({ path: user, origin: 'user', digest: undefined });
  env.MCP_GUARD_CONFIG = 'named.json';
  expect(find().place).toEqual({ path: join(cwd, 'named.json'), origin: 'environment', digest: undefined });
  expect(find('flag.json').place).toEqual({ path: join(cwd, 'flag.json'), origin: 'flag', digest: undefined });
  env.MCP_GUARD_CONFIG = '';
  expect(find().place?.path).toBe(user);
});

test('a named file asks for no record of allowed ones', () => {
  const readAllowed = () => {
    throw new Error('asked');
  };
  expect(findConfigFile({ flag: 'x.json', env, cwd, readAllowed }).place?.origin).toBe('flag');
});

test('the user’s file: XDG_CONFIG_HOME where it is absolute, else HOME', () => {
  const home = touch('.config', 'mcp-guard', 'config.yml');
  env.XDG_CONFIG_HOME = 'relative';
  expect(find().place?.path).toBe(home);
  delete env.XDG_CONFIG_HOME;
  expect(find().place?.path).toBe(home);
});

test('two files of the user are one too many', () => {
  touch('xdg', 'mcp-guard', 'config.json');
  touch('xdg', 'mcp-guard', 'config.yml');
  expect(codeOf(() => find())).toBe('config_ambiguous');
});

test('a dangling link of the user is not taken for no file', () => {
  symlinkSync('/nonexistent', join(root, 'xdg', 'mcp-guard', 'config.json'));
  expect(find().place?.origin).toBe('user');
});

test.each(['mcp-guard.config.json', 'mcp-guard.config.yaml', '.mcp-guardrc', '.mcp-guardrc.json'])(
  'a planted %s counts for nothing and is said',
  (name) => {
    const planted = touch('project', name);
    expect(find()).toEqual({ place: undefined, ignored: planted });
    const user = touch('xdg', 'mcp-guard', 'config.json');
    expect(find()).toEqual({ place: { path: user, origin: 'user', digest: undefined }, ignored: planted });
  },
);

test('nothing is looked for above the working directory or in code', () => {
  touch('project', 'mcp-guard.config.json');
  touch('project', 'below', 'mcp-guard.config.js');
  touch('project', 'below', 'package.json');
  cwd = join(cwd, 'below');
  expect(find()).toEqual({ place: undefined, ignored: undefined });
});

test('an allowed project’s file comes before the user’s, with the digest it must have', () => {
  touch('xdg', 'mcp-guard', 'config.json');
  const path = touch('project', 'mcp-guard.config.json');
  expect(find(undefined, [{ path, digest: DIGEST }])).toEqual({
    place: { path, origin: 'project', digest: DIGEST },
    ignored: undefined,
  });
});

test('an allowed file that has vanished is still the one', () => {
  touch('xdg', 'mcp-guard', 'config.json');
  const path = join(cwd, 'mcp-guard.config.json');
  expect(find(undefined, [{ path, digest: DIGEST }]).place).toEqual({ path, origin: 'project', digest: DIGEST });
});

test('what is allowed elsewhere means nothing here', () => {
  const path = touch('project', 'mcp-guard.config.json');
  const elsewhere = { path: join(root, 'mcp-guard.config.json'), digest: DIGEST };
  expect(find(undefined, [elsewhere])).toEqual({ place: undefined, ignored: path });
});

test('two allowed files in one directory are one too many', () => {
  const allowed = ['mcp-guard.config.json', '.mcp-guardrc'].map((name) => ({ path: join(cwd, name), digest: DIGEST }));
  expect(codeOf(() => find(undefined, allowed))).toBe('config_ambiguous');
});

test('every place that a config may be taken from is told, whether one is there or not', () => {
  const names = ['config.json', 'config.yaml', 'config.yml'];
  const project = ['json', 'yaml', 'yml'].flatMap((end) => [`mcp-guard.config.${end}`, `.mcp-guardrc.${end}`]);
  const places = listPlaces({ env: { ...env, MCP_GUARD_CONFIG: 'named.yaml' }, cwd });
  for (const name of [...project, '.mcp-guardrc', 'named.yaml']) expect(places).toContain(join(cwd, name));
  for (const directory of ['xdg', '.config']) expect(places).toContain(join(root, directory, 'mcp-guard'));
  // INVARIANT: whatever findConfigFile takes lies there
  const found: string[] = [];
  for (const name of names) {
    for (const directory of ['xdg', '.config']) {
      const path = touch(directory, 'mcp-guard', name);
      const at = directory === 'xdg' ? env : { HOME: root };
      found.push(findConfigFile({ flag: undefined, env: at, cwd, readAllowed: () => [] }).place?.path ?? '');
      rmSync(path);
    }
  }
  for (const name of [...project, '.mcp-guardrc']) {
    const path = touch('project', name);
    expect(find(undefined, [{ path, digest: DIGEST }]).place?.path).toBe(path);
    found.push(path);
    rmSync(path);
  }
  expect(found).toHaveLength(13);
  for (const path of found) {
    expect(
      places.some((place) => path === place || path.startsWith(`${place}/`)),
      path,
    ).toBe(true);
  }
  expect(listPlaces({ env: {}, cwd }).every((place) => place.startsWith('/'))).toBe(true);
});

test('what is said to somebody who expected a config', () => {
  expect(showPlaces({ env, cwd })).toBe(
    `\`--config\`, \`MCP_GUARD_CONFIG\`, an allowed \`mcp-guard.config.json\` in \`${cwd}\`, \`${root}/xdg/mcp-guard/config.json\` (or \`.yaml\`)`,
  );
  expect(explainIgnored('/a b/mcp-guard.config.json')).toContain(
    "run `mcp-guard config allow '/a b/mcp-guard.config.json'`",
  );
});

test('a project’s file belongs to its directory alone', () => {
  expect(isProjectFileOf(join(cwd, '.mcp-guardrc'), cwd)).toBe(true);
  expect(isProjectFileOf(join(cwd, 'below', '.mcp-guardrc'), cwd)).toBe(false);
  expect(isProjectFileOf(join(cwd, 'other.json'), cwd)).toBe(false);
});

test('the project’s file that `config allow` means', () => {
  expect(findProjectFile(cwd)).toBeUndefined();
  const path = touch('project', '.mcp-guardrc');
  expect(findProjectFile(cwd)).toBe(path);
  touch('project', 'mcp-guard.config.yml');
  expect(codeOf(() => findProjectFile(cwd))).toBe('config_ambiguous');
  expect(isProjectFile(path)).toBe(true);
  expect(isProjectFile(join(cwd, 'other.json'))).toBe(false);
});
