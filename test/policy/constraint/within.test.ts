// Paths: what text is one and only one path. Where it leads when links are on the way stands in within-disk.test.ts.
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/wire/json.ts';
import { ask, check, complaints, PORTS } from './one-constraint.ts';

const data = { within: ['/data'] };
/** Whatever a relative path counts from is in there. */
const inData = { ...PORTS, bases: () => ['/data'], homeDir: '/data/home' };

describe('the text of a path', () => {
  test.each([
    '/data',
    '/data/',
    '/data/.',
    '/data/x',
    '/data/x/../y',
    '//data//x',
    '/data/./x',
    '/data/..x',
    '/data/...',
    '/data/a b',
    '/data/ü',
    '/data/50%',
    '/data/a%20b',
    '/data/a:b',
    '/data/~',
    '/data/[slug]/page.tsx',
    '/data/$id',
    '/data/.$id',
    '/data/a.$b.c',
    "/data/it's.x",
    '/data/50%/x%',
    '/data/Notes….txt',
    '/x/../data/y',
  ])('%j lies within /data', (path) => {
    expect(ask(data, path)).toBeUndefined();
  });

  test.each([
    ...['x', './x', '.', '[id].tsx', './~x', './a:b', '(group)/x', './$x', '~/x'],
    ...['file:///data/x', 'file://localhost/data/x', 'FILE:///data/a%20b', 'file:///data/%C3%BC'],
  ])('%j does from there', (path) => {
    expect(ask(data, path, inData)).toBeUndefined();
  });

  test.each([
    ['/data', '/site'],
    ['/site', '/data'],
    ['/data', '/etc', '/data/x'],
    ['/data', ''],
    ['/data', 'data'],
  ])('a relative one counts from every directory that the server may mean: %s', (...bases) => {
    const ports = { ...inData, bases: () => bases };
    expect(ask(data, '/data/x', ports)).toBeUndefined();
    expect(ask(data, 'x', ports)).toBe(
      '`/v` must be a path within `/data`; a relative path counts from more than one directory: give an absolute one',
    );
  });

  test.each([
    ['~/notes', '`~/notes` (`/home/me/notes`)'],
    ['$'.concat('{HOME}/notes'), '`$'.concat('{HOME}/notes` (`/home/me/notes`)')],
    ['/srv/~', '`/srv/~`'],
  ])('a refusal says what %s is, since nobody may write it so', (root, shown) => {
    const ports = { ...PORTS, homeDir: '/home/me' };
    expect(ask({ within: [root] }, '/etc/passwd', ports)).toBe(`\`/v\` must be a path within ${shown}`);
    expect(ask({ within: [root] }, '/home/me/notes/a', ports) === undefined).toBe(root !== '/srv/~');
  });

  test('and from the home of the server', () => {
    expect(ask(data, 'x', { ...inData, homeDir: '/home/me' })).toContain('give an absolute one');
    expect(ask({ within: ['/data', '/home'] }, 'x', { ...inData, homeDir: '/home/me' })).toBeUndefined();
    expect(ask(data, '../data/x')).toContain('give an absolute one');
  });

  test.each(['file:///data/x', 'FILE:///data/x', 'file://localhost/data/x', 'File:///data/%41'])(
    '%j is the name of a directory for a server that knows no URLs',
    (path) => {
      const text = ask(data, path);
      expect(text).toBe(
        '`/v` must be a path within `/data`; some servers take `file:` for the name of a directory: give an absolute path',
      );
      expect(ask(data, path, { ...inData, bases: () => ['/data', '/site'] })).toBe(text);
      expect(ask(data, path, { ...inData, homeDir: '/home/me' })).toBe(text);
    },
  );

  test('a link that is called so leads a `file:` URL out, encoded or not', () => {
    const link = (from: string) => ({
      ...inData,
      realPath: (path: string) => (path.startsWith(from) ? path.replace(from, '/etc') : path),
    });
    expect(ask(data, 'file:///data/a', link('/data/file:'))).toBeDefined();
    expect(ask(data, 'FILE:///data/a', link('/data/FILE:'))).toBeDefined();
    expect(ask(data, 'file:///a%20b', link('/data/file:/a%20b'))).toBeDefined();
    expect(ask(data, 'file:///data/a%20b', link('/data/file:/data/a b'))).toBeDefined();
    expect(ask(data, 'file:///data/a%20b', link('/data/other'))).toBeUndefined();
  });

  test.each<Json>([
    // elsewhere
    '/',
    '/etc/passwd',
    '/database',
    '/data-old/x',
    '/Data/x',
    '/data/../etc',
    '/data/x/../../etc',
    '/..',
    '//etc',
    'x',
    './data/x',
    '../etc',
    '/data/../database',
    'file:///etc/passwd',
    'file:///data/../etc/passwd',
    '/',
    '..',
    // a path by one reader, and not by another
    '',
    ' ',
    ' /data/x',
    '/data/x ',
    '/data/x\n',
    '\ufeff/data/x',
    '/data/x\0.png',
    '/data/a\nb',
    '/data/\u0085',
    '"/data/x"',
    "'/data/x'",
    '`/data/x`',
    '["/data/x"]',
    '{"p":1}',
    '[1]',
    // encoded
    '/data/%2e%2e/etc',
    '/data/%2E%2E%2Fetc',
    '/data/..%2fetc',
    '/data%2f..%2fetc',
    '/data/%252e%252e/etc',
    '/data/%c0%ae%c0%ae/etc',
    '/data/%00',
    '/data/..%5cetc',
    '/data/%u002e%u002e/etc',
    '%2fetc',
    '/data/%7e',
    '/data/x%ff',
    'file:///data/%2e%2e%2fetc',
    'file:///data%2f..%2f..%2fetc',
    'file:///data/%5c..%5cetc',
    'file:///data/%00',
    'file:///data/%252e%252e',
    // Unicode that folds to structure
    '/data/a／b',
    'file:///data/a%2fb',
    '/data/．．/etc',
    '/data/\u2024\u2024/etc',
    '/data／../etc',
    '／etc/passwd',
    '/data/‥/etc',
    '/data/\uff3c..',
    // URLs and homes
    'file:/data/x',
    'file://data/x',
    'file://evil.example/data/x',
    'file:///data/x?y',
    'file:///data/x#y',
    'file:data/x',
    'FILE://///data/x?',
    'http://localhost/data/x',
    'smb://data/x',
    'data:x',
    'c:x',
    '~',
    '~/x',
    '~root/x',
    '~+/x',
    '$HOME/x',
    `\${HOME}/x`,
    `/data/\${X}/y`,
    '/data/$(id)',
    '%HOME%/x',
    // Windows
    'C:\\data\\x',
    'C:/data/x',
    '\\\\server\\share',
    '\\\\?\\C:\\data',
    '/data\\..\\..\\etc',
    '/data/..\\etc',
    '\\data\\x',
    '//?/C:/x',
    '//server/data/x',
    // no string
    7,
    null,
    true,
    ['/data/x'],
    { path: '/data/x' },
    '/data/\ud800',
    '/data/\u2028',
    `/data/${'x/'.repeat(2100)}`,
    // `..` once what is in it stands for nothing
    '/data/.$X./.$X./etc/passwd',
    '/data/..$X/x',
    '/data/$X../x',
    '/data/.$1./x',
    '/data/.$@./x',
    '/data/.%X%./x',
    '/data/.`:`./x',
    "/data/.''./x",
    '/data/.%24X./x',
    'file:///data/.$X./x',
    'file:///data/.%24X./x',
  ])('%j does not', (path) => {
    expect(ask(data, path)).toMatch(/^`\/v` must .*`\/data`/);
  });

  test.each(['', '%2e%2e/x', '$HOME/x', '$x', '~root/x', 'a:b', 'C:x', '"x"', '["x"]', 'x ', 'a\\b', '..', 'file:x'])(
    '%j does not from there, though as a plain name it would',
    (path) => {
      expect(ask(data, path, inData)).toContain('must');
    },
  );

  test('the root of everything holds everything that is plain', () => {
    expect(ask({ within: ['/'] }, '/etc')).toBeUndefined();
    expect(ask({ within: ['/'] }, '/')).toBeUndefined();
    expect(ask({ within: ['/'] }, 'file://x/y')).toBeDefined();
  });

  test('`~` is the home directory, in arguments and in roots', () => {
    // the working directory is elsewhere, and there `~` would be the name of a directory
    expect(ask({ within: ['~/notes'] }, '~/notes/a')).toContain('some servers take `~` for the name of a directory');
    expect(ask({ within: ['~'] }, '~/notes/a', { ...PORTS, bases: () => ['/home/me/work'] })).toBeUndefined();
    expect(ask({ within: ['~/notes'] }, '/home/me/notes/a')).toBeUndefined();
    expect(ask({ within: ['~'] }, '~', { ...PORTS, bases: () => ['/home/me'] })).toBeUndefined();
    expect(ask({ within: [`\${HOME}/notes`] }, '/home/me/notes')).toBeUndefined();
    expect(ask({ within: ['~/notes'] }, '~/notebook')).toBeDefined();
    expect(ask({ within: ['~/notes'] }, '~/notes/../x')).toBeDefined();
  });

  test('every reading must lie within: a server that decodes, one that does not know `~`', () => {
    const link = (from: string) => (path: string) => (path.startsWith(from) ? path.replace(from, '/etc') : path);
    expect(ask(data, '/data/a%20b/c', { ...PORTS, realPath: link('/data/a b') })).toBeDefined();
    expect(ask(data, '/data/a%20b/c', { ...PORTS, realPath: link('/data/a%20b') })).toBeDefined();
    const near = { ...inData, homeDir: '/data/home', realPath: link('/data/~') };
    expect(ask(data, '~/x', near)).toBeDefined();
    expect(ask(data, '~/x', { ...near, realPath: (path) => path })).toBeUndefined();
  });

  test('the directories are asked at each call, and must be absolute', () => {
    const cwds = ['/data', '/etc', 'data', ''];
    const ports = { ...inData, bases: () => [cwds.shift() ?? ''] };
    expect(['1', '2', '3', '4'].map((path) => ask(data, path, ports) === undefined)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test('what cannot be resolved is refused', () => {
    let known = true;
    const ports = { ...PORTS, realPath: (path: string) => (known ? path : undefined) };
    expect(ask(data, '/data/x', ports)).toBeUndefined();
    const { realPath } = ports;
    expect(ask(data, '/data/x', { ...ports, realPath: (path) => (path === '/data' ? path : undefined) })).toBeDefined();
    known = false;
    expect(realPath('/data')).toBeUndefined();
    expect(complaints(data, ports)[0]).toContain('cannot be resolved');
  });

  test.each([
    'data',
    './data',
    '../x',
    '/data/../etc',
    '/data/.',
    '',
    '~root',
    'C:\\data',
    'file:///data',
    '$HOME/x',
    '/a\\b',
  ])('a root %j is refused in the config', (root) => {
    expect(complaints({ within: ['/data', root] })[0]).toMatch(
      /^grant\.args\["\/v"\]\.within\[1\]: must be an absolute/,
    );
  });

  test('many paths in one call are bounded', () => {
    const many = { v: Array(1000).fill('/data/x') };
    const source = { args: { '/v/*': data } };
    expect(check(source, { v: many.v.slice(0, 300) })).toBeUndefined();
    expect(check(source, many)?.text).toContain('too much to check');
    // each directory that a relative one counts from is a look of its own
    const bases = ['/data', '/data/a', '/data/b'];
    const relative = Array(150).fill('x');
    expect(check(source, { v: relative }, inData)).toBeUndefined();
    expect(check(source, { v: relative }, { ...inData, bases: () => bases })?.text).toContain('too much to check');
  });
});

describe('on Windows', () => {
  const ports = { ...PORTS, windows: true, homeDir: 'C:\\data\\me', bases: () => ['C:\\data'] };
  const windows = { within: ['C:\\data'] };

  test.each([
    'C:\\data',
    'c:/DATA/x',
    'C:\\data\\x\\..\\y',
    'x\\y',
    'file:///C:/data/x',
    'C:\\data\\a b',
    'C:/data/.git',
  ])('%j lies within', (path) => {
    expect(ask(windows, path, ports)).toBeUndefined();
  });

  test.each([
    'C:\\database',
    'C:\\',
    'D:\\data',
    'C:data',
    'C:',
    '\\data',
    '/data',
    '\\\\server\\share',
    '\\\\?\\C:\\data',
    '\\\\.\\C:\\data',
    '//x/y',
    'C:\\data\\..\\x',
    '..\\x',
    'x:stream',
    'C:\\data\\x::$DATA',
    'C:\\data\\.$X.\\x',
    'C:\\data\\x.',
    'C:\\data\\x ',
    'C:\\data\\... ',
    'NUL',
    'con.txt',
    'C:\\data\\aux',
    'C:\\data\\PROGRA~1',
    '%TEMP%\\x',
    'C:\\data\\%2e%2e',
    '~root\\x',
    'a|b',
    'a*',
    'file://server/C:/data',
    'C:\\data\\．．',
    '',
    'C:\\data\\x\ny',
  ])('%j does not', (path) => {
    expect(ask(windows, path, ports)).toMatch(/^`\/v` must /);
  });

  test('links and homes', () => {
    const link = { ...ports, realPath: (path: string) => path.replace('C:\\data\\link', 'C:\\Windows') };
    expect(ask(windows, '~', { ...ports, homeDir: 'C:\\Users\\me' })).toBeDefined();
    expect(ask(windows, 'x', { ...ports, homeDir: 'C:\\Users\\me' })).toContain('give an absolute one');
    expect(ask(windows, 'x', { ...ports, bases: () => ['C:\\data', 'D:\\x'] })).toContain('give an absolute one');
    expect(ask(windows, 'C:\\data\\link\\x', link)).toBeDefined();
    expect(ask({ within: ['~\\notes'] }, `${ports.homeDir}\\notes\\x`, ports)).toBeUndefined();
    expect(ask({ within: ['~\\notes'] }, '~/notes/x', ports)).toContain('some servers take `~`');
    expect(ask(windows, '~\\x', { ...ports, homeDir: 'C:\\data\\me', bases: () => ['C:\\data'] })).toBeUndefined();
    expect(complaints({ within: ['data'] }, ports)).toHaveLength(1);
    expect(complaints({ within: ['\\\\server\\x'] }, ports)).toHaveLength(1);
  });
});
