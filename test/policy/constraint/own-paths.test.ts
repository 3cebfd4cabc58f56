// The guard's own files: whatever an argument is, by whatever reading, it must not lead there.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConstraintPorts } from '../../../src/policy/constraint/constraint-document.ts';
import { createOwnPathFinder } from '../../../src/policy/constraint/own-paths.ts';
import { type OwnPaths, prepareOwnPaths } from '../../../src/policy/constraint/own-reach.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';
import { PORTS, realPorts } from './one-constraint.ts';

const OWN = ['/home/me/.config/mcp-guard', '/home/me/.local/state/mcp-guard', '/srv/guard.yaml'];
const own = prepareOwnPaths(OWN, PORTS);
const findOwnPath = (args: JsonObject | undefined, of: OwnPaths, ports: ConstraintPorts) =>
  createOwnPathFinder(of, ports)(args, 0);
const find = (value: Json, ports = PORTS, of = own): string | undefined =>
  findOwnPath({ v: value }, of, ports)?.pointer;

describe('is found', () => {
  test.each([
    '/srv/guard.yaml',
    '/srv/guard.yaml/',
    '//srv//guard.yaml',
    '/srv/./guard.yaml',
    '/srv/x/../guard.yaml',
    '/SRV/Guard.YAML',
    '/home/me/.config/mcp-guard',
    '/home/me/.config/mcp-guard/lock.json',
    '~/.config/mcp-guard/x',
    '~me/.config/mcp-guard',
    '$HOME/.config/mcp-guard',
    '../srv/guard.yaml',
    './../srv/guard.yaml',
    '%2fsrv%2fguard.yaml',
    '/srv/%67uard.yaml',
    '/srv/%2567uard.yaml',
    '/srv/x/%2e%2e/guard.yaml',
    '/srv/x/%252e%252e/guard.yaml',
    'file:///srv/guard.yaml',
    'file://localhost/srv/guard.yaml',
    'FILE:///srv/guard%2eyaml',
    'file:/srv/guard.yaml',
    'file://other/srv/guard.yaml#x',
    'file:///srv/guard.yaml?x',
    '\\srv\\guard.yaml',
    '/srv\\guard.yaml',
    '/srv/x\\..\\guard.yaml',
    ' /srv/guard.yaml',
    '/srv/guard.yaml\n',
    '"/srv/guard.yaml"',
    "'/srv/guard.yaml'",
    '/srv/guard.yaml\0.txt',
    '/srv/guard．yaml',
    '／srv／guard.yaml',
    '／srv／guard．yaml',
    '"file:///srv/guard.yaml" ',
    '/proc/self/root/srv/guard.yaml',
    '/proc/1/cwd/../srv/guard.yaml',
    '/proc/self/task/7/root/srv/guard.yaml',
    '/proc/self/../self/root/srv/guard.yaml',
    '/proc/self/root/proc/self/root/srv/guard.yaml',
    '/proc/self/root/etc',
    '/proc/1/cwd/x',
    '/x/../proc/self/cwd/guard.yaml',
    '/dev/../proc/self/cwd/guard.yaml',
    '/dev/fd/../cwd/guard.yaml',
    '/dev/fd/7/x',
    '/proc/self/task/../cwd/x',
    'sqlite:///srv/guard.yaml',
    'sqlite:/srv/guard.yaml?mode=ro',
    'jdbc:sqlite:/srv/guard.yaml',
    'jdbc:sqlite:/srv/guard.yaml?a=b c',
    'sqlite:../srv/guard.yaml',
    'sqlite:/srv/x#y/../guard.yaml',
    'sqlite:x/../../srv/guard.yaml',
    'file+x:///srv/guard.yaml',
    'vscode-file://vscode-app/srv/guard.yaml',
    '@/srv/guard.yaml',
    'path=/srv/guard.yaml',
    'path="/srv/guard.yaml"',
    '</srv/guard.yaml>',
    '/srv/guard.yaml:12',
    '/srv/guard.yaml:12:7',
    '\u200b/srv/guard.yaml',
    '/srv/gu\u00adard.yaml',
    '\ufeff/srv/guard.yaml',
  ])('%j', (path) => {
    const ports = { ...PORTS, realPath: (at: string) => (at.startsWith('/proc/') ? undefined : at) };
    expect(find(path, ports)).toBe('/v');
  });

  test.each<readonly [string, JsonObject, string]>([
    ['in a list', { a: ['x', '/srv/guard.yaml'] }, '/a/1'],
    ['deeply', { a: { b: [{ c: '/srv/guard.yaml' }] } }, '/a/b/0/c'],
    ['as a key', { files: { '/srv/guard.yaml': 'text' } }, '/files/~1srv~1guard.yaml'],
    ['in a list that is text', { a: '["x", "/srv/guard.yaml"]' }, '/a/1'],
    ['in an object that is text', { a: ' {"b":["{\\"/srv/guard.yaml\\":1}"]}' }, '/a/b/0/~1srv~1guard.yaml'],
    ['under a key of any kind', JSON.parse('{"__proto__":"/srv/guard.yaml"}'), '/__proto__'],
  ])('%s', (_where, args, pointer) => {
    expect(findOwnPath(args, own, PORTS)).toMatchObject({ rule: 'own_paths', pointer });
  });

  test('by a bare name, from a directory close by', () => {
    const at = (cwd: string): ConstraintPorts => ({ ...PORTS, bases: () => [cwd] });
    expect(find('mcp-guard', at('/home/me/.config'))).toBe('/v');
    expect(find('lock', at('/home/me/.config/mcp-guard'))).toBe('/v');
    expect(find('mcp-guard', at('/site'))).toBeUndefined();
  });

  test('from wherever the server may count a relative path', () => {
    const from = (...bases: readonly string[]): ConstraintPorts => ({ ...PORTS, bases: () => bases });
    expect(find('guard.yaml', from('/site', '/srv'))).toBe('/v');
    expect(find('./guard.yaml', from('/site', '/srv'))).toBe('/v');
    expect(find('../srv/guard.yaml', from('/', '/opt'))).toBe('/v');
    expect(find('x/guard.yaml', from('/site', '/srv/y'))).toBeUndefined();
    expect(find('.config/mcp-guard/x', { ...from('/site'), homeDir: '/home/me' })).toBe('/v');
    const elsewhere = prepareOwnPaths(['/home/me/rules/policy.yaml', '/home/me/policy'], PORTS);
    expect(find('rules/policy.yaml', PORTS, elsewhere)).toBe('/v');
    expect(find('policy', PORTS, elsewhere)).toBe('/v');
    expect(find('rules', PORTS, elsewhere)).toBeUndefined();
    expect(find('policy', { ...PORTS, homeDir: '/home/you' }, elsewhere)).toBeUndefined();
    const per = { ...from('/site', '/opt'), realPath: (at: string) => (at.startsWith('/proc/') ? undefined : at) };
    expect(find('/proc/self/cwd/../srv/guard.yaml', per)).toBe('/v');
    expect(find('/proc/self/cwd/guard.yaml', { ...per, bases: () => ['/site', '/srv'] })).toBe('/v');
  });

  test.each([
    'mcp-guard/config.json',
    './mcp-guard',
    'mcp-guard/',
    'MCP-Guard/audit',
    '.config/mcp-guard/x',
    'me/.config/mcp-guard',
    'home/me/.config/mcp-guard/lock',
    '../mcp-guard/x',
    '../../.config/mcp-guard/x',
    'x/../mcp-guard/x',
    './/mcp-guard//x',
    'mcp-guard\\config.json',
    '%6dcp-guard/config.json',
    '"mcp-guard/x"',
    'mcp-guard.config.json',
    'team/mcp-guard.config.json',
    'file:mcp-guard/x',
    '.mcp-guardrc',
  ])('%j from no directory that anybody knows', (path) => {
    const far = { ...PORTS, bases: () => ['/nowhere'], homeDir: '/nobody' };
    const ours = prepareOwnPaths([...OWN, '/site/team/mcp-guard.config.json', '/site/.mcp-guardrc'], far);
    expect(find(path, far, ours)).toBe('/v');
    expect(findOwnPath({ v: path }, ours, far)?.text).toBe(
      '`/v` may lead to files of the guard itself, which no tool may touch: give an absolute path',
    );
  });

  test('says so without the path', () => {
    const found = findOwnPath({ v: '/srv/guard.yaml' }, own, PORTS);
    expect(found?.text).toBe(
      '`/v` leads to files of the guard itself, which no tool may touch; any other path may be given',
    );
  });
});

describe('is not found', () => {
  test.each<Json>([
    '/srv/guard.yaml.bak',
    '/srv/guard',
    '/srv',
    '/',
    '/home/me',
    '/home/me/.config',
    '/home/me/.config/mcp-guard-2',
    'guard.yaml',
    'cat /srv/guard.yaml',
    'rm -rf /srv/guard.yaml',
    'https://example.com/srv/guard.yaml',
    'A sentence. With dots/slashes.',
    '',
    '.',
    '..',
    'x',
    7,
    null,
    true,
    [],
    {},
    '50%',
    '%',
    '%%%',
    '~',
    '$',
    '/proc/self/status',
    '/proc/1/task/2/stat',
    '/dev/null',
    '["x", "/srv/other"]',
    '[not/json]',
    'note: /srv/guard.yaml',
    'x'.repeat(4000),
    `${'import x from "../x.ts";\n'.repeat(500)}`,
    `${'a sentence. '.repeat(500)}`,
    // only what is written as a path, and only from its first part on
    'mcp-guard',
    'mcp-guard-2/x',
    'src/mcp-guard/x',
    'a/.config/mcp-guard/x',
    '.config/x',
    'mcp-guard the product. And more',
    'config/guard.yaml',
    'https://example.com/mcp-guard/x',
    '/opt/mcp-guard/x',
  ])('%j', (value) => {
    expect(find(value)).toBeUndefined();
  });

  test('where there is nothing to look for or at', () => {
    expect(findOwnPath(undefined, own, PORTS)).toBeUndefined();
    expect(find('/srv/guard.yaml', PORTS, prepareOwnPaths([], PORTS))).toBeUndefined();
  });
});

describe('the cost is bounded', () => {
  /** The working directory and the home. */
  const SURVEY = 2;
  const counting = (): { ports: ConstraintPorts; asked: () => number } => {
    let asked = 0;
    const realPath = (path: string): string => {
      asked += 1;
      return path;
    };
    return { ports: { ...PORTS, realPath }, asked: () => asked };
  };

  test('texts that are no paths ask nobody', () => {
    const { ports, asked } = counting();
    const args = { query: 'status of the build', limit: 10, tags: ['a', 'bc'], nested: { flag: true, mode: 'fast' } };
    expect(findOwnPath(args, own, ports)).toBeUndefined();
    expect(findOwnPath({ text: `${'a'.repeat(3000)}.` }, own, ports)).toBeUndefined();
    // nor where the config of a project would be
    const project = prepareOwnPaths([...OWN, '/site/mcp-guard.config.json', '/site/.mcp-guardrc'], PORTS);
    expect(findOwnPath(args, project, ports)).toBeUndefined();
    // what is asked once for each server: where its directories really are
    expect(asked()).toBe(3 * SURVEY);
  });

  test('one text is asked about once, and a thousand changes of it are not', () => {
    const { ports, asked } = counting();
    expect(find(Array(1000).fill('/a/b.c'), ports)).toBeUndefined();
    expect(asked()).toBe(SURVEY + 1);
    expect(find(Array(1000).fill('a/b.c'), ports)).toBeUndefined();
    expect(asked()).toBe(2 * SURVEY + 3);
    expect(find('%25'.repeat(1000).concat('\\~"\'`./\0'), ports)).toBeUndefined();
    expect(asked()).toBeLessThan(60);
  });

  test('more different paths than can be looked at are refused', () => {
    const paths = (count: number): string[] => Array.from({ length: count }, (_, index) => `/a/${index}`);
    expect(find(paths(4990))).toBeUndefined();
    expect(findOwnPath({ v: paths(5001) }, own, PORTS)).toMatchObject({ rule: 'own_paths', pointer: '' });
    const many = { ...PORTS, bases: () => Array.from({ length: 1000 }, (_, index) => `/b/${index}`) };
    expect(find(['x/1', 'x/2', 'x/3'], many)).toBeUndefined();
    const texts = Array.from({ length: 30 }, (_, index) => `x/${index}`);
    expect(findOwnPath({ v: texts }, own, many)?.text).toBe(
      'the arguments hold too many texts that may be paths: send less',
    );
  });
});

describe('a bare name that counts from a directory near', () => {
  // The state stands below where the server works, so a link there may lead into it.
  const STATE = ['/site/sub/state'];
  const scene = () => {
    let state: string | undefined = 'a';
    const links = new Map<string, string>();
    let asked = 0;
    let nowMs = 0;
    const ports: ConstraintPorts = {
      ...PORTS,
      bases: () => ['/site'],
      realPath: (path) => {
        asked += 1;
        return links.get(path) ?? path;
      },
      directoryState: () => state,
    };
    const find = createOwnPathFinder(prepareOwnPaths(STATE, ports), ports);
    const look = (text: string, laterMs = 1) => {
      asked = 0;
      nowMs += laterMs;
      return { found: find({ v: text }, nowMs) !== undefined, asked };
    };
    return { look, links, set: (next: string | undefined) => (state = next) };
  };

  test('is looked at once, as long as nothing changed there', () => {
    const { look } = scene();
    expect(look('notes').asked).toBeGreaterThan(0);
    expect(look('notes')).toEqual({ found: false, asked: 0 });
    expect(look('other').asked).toBeGreaterThan(0);
  });

  test('is looked at again once something did: a link that was made there is found', () => {
    const { look, links, set } = scene();
    expect(look('notes').found).toBe(false);
    links.set('/site/notes', '/site/sub/state');
    set('b');
    expect(look('notes').found).toBe(true);
    expect(look('notes').found).toBe(true);
  });

  test('in the same millisecond as the call before, the directory is not asked again', () => {
    const { look, links, set } = scene();
    expect(look('notes').found).toBe(false);
    links.set('/site/notes', '/site/sub/state');
    set('b');
    expect(look('notes', 0.9).found).toBe(false);
    expect(look('notes', 0.1).found).toBe(true);
  });

  test('is looked at every time where nobody can tell what changed', () => {
    const { look, links, set } = scene();
    set(undefined);
    expect(look('notes').found).toBe(false);
    links.set('/site/notes', '/site/sub/state');
    expect(look('notes').found).toBe(true);
  });

  test('a name that is a link is never settled: what it leads to may become another one elsewhere', () => {
    const { look, links } = scene();
    links.set('/site/notes', '/elsewhere/hop');
    expect(look('notes').found).toBe(false);
    links.set('/site/notes', '/site/sub/state');
    expect(look('notes').found).toBe(true);
  });

  test('what was found is never forgotten to be found', () => {
    const { look, links } = scene();
    links.set('/site/notes', '/site/sub/state/audit');
    expect(look('notes').found).toBe(true);
    expect(look('notes').found).toBe(true);
  });
});

describe('on a disk with links', () => {
  let base = '';
  let ports: ConstraintPorts = PORTS;
  let ours: OwnPaths = own;

  beforeAll(() => {
    base = realpathSync(mkdtempSync(`${tmpdir()}/guard-own-`));
    ports = realPorts(`${base}/site`, `${base}/home`);
    for (const path of ['site/sub', 'home', 'dotfiles', 'state/audit'])
      mkdirSync(`${base}/${path}`, { recursive: true });
    writeFileSync(`${base}/dotfiles/guard.yaml`, '');
    symlinkSync(`${base}/dotfiles/guard.yaml`, `${base}/home/guard.yaml`);
    symlinkSync('../state', `${base}/site/innocent.d`);
    symlinkSync(`${base}/state/new`, `${base}/site/dangling.txt`);
    symlinkSync('../../state/audit', `${base}/site/sub/deep`);
    ours = prepareOwnPaths([`${base}/home/guard.yaml`, `${base}/state`], ports);
  });
  afterAll(() => rmSync(base, { recursive: true }));

  test.each([
    './innocent.d',
    'innocent.d/audit',
    'innocent.d',
    'dangling.txt',
    'sub/deep',
    'sub/deep/x',
    'sub/deep/../x',
    'sub/../innocent.d',
    '~/guard.yaml',
    '~/../dotfiles/guard.yaml',
    '../state/x',
    '../STATE/audit',
  ])('%s leads there', (path) => {
    expect(find(path, ports, ours)).toBe('/v');
  });

  test.each(['sub', 'sub/x', './x.y', 'sub/../x', '~/other', '../dotfiles', '../dotfiles/other'])(
    '%s does not',
    (path) => {
      expect(find(path, ports, ours)).toBeUndefined();
    },
  );
});

test('on Windows, by the forms that have one meaning there', () => {
  const ports = { ...PORTS, windows: true, homeDir: 'C:\\Users\\me', bases: () => ['C:\\work'] };
  const ours = prepareOwnPaths(['C:\\Users\\me\\.mcp-guard'], ports);
  for (const path of [
    'C:\\Users\\me\\.mcp-guard\\x',
    'c:/users/ME/.MCP-guard',
    '~\\.mcp-guard',
    '..\\Users\\me\\.mcp-guard\\lock',
  ]) {
    expect(find(path, ports, ours), path).toBe('/v');
  }
  expect(find('C:\\Users\\me\\other', ports, ours)).toBeUndefined();
});
