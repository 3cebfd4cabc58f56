// Which directories a server's command line names: a relative path in an argument may count from any of them.
import { describe, expect, test } from 'vitest';
import { listCommandPaths } from '../../../src/policy/constraint/command-paths.ts';

const HERE = { cwd: '/site', home: '/home/me', windows: false };
const list = (...args: string[]): readonly string[] => listCommandPaths(args, HERE);

describe('named are', () => {
  test.each<readonly [string, readonly string[]]>([
    ['/data', ['/data']],
    ['/does/not/exist', ['/does/not/exist']],
    ['--root=/data', ['/data']],
    ['root=/data', ['/data']],
    ['-C/data', ['/data']],
    ['~', ['/home/me']],
    ['~/notes', ['/home/me/notes']],
    ['--root=~/notes', ['/home/me/notes']],
    ['file:///data/a%20b', ['/data/a b']],
    ['--root=file://localhost/data', ['/data']],
    ['FILE:/data', ['/data']],
    ['file:///data/%zz', ['/data/%zz']],
    ['sqlite:///data/x.db', ['///data/x.db']],
    ['/data:/projects:ro', ['/data:/projects:ro', '/data', '/projects:ro', '/projects']],
    ['type=bind,src=/data,dst=/projects', ['/data,dst=/projects', '/data', '/projects']],
    ['{"roots":["/data"]}', ['/data"]}', '/data']],
    ['cat /data/x', ['/data/x']],
    ['.', ['/site/.']],
    ['..', ['/site/..']],
    ['./notes', ['/site/./notes']],
    ['../notes', ['/site/../notes']],
    ['--root=../notes', ['/site/../notes']],
    ['notes', ['/site/notes']],
    ['--root=notes', ['/site/notes']],
    ['@scope/server', ['/site/@scope/server']],
    ['/a b', ['/a b', '/a']],
  ])('%s: %j', (arg, expected) => {
    expect(list(arg)).toEqual(expect.arrayContaining([...expected]));
  });

  test.each(['-y', '--verbose', '', '--url=https://example.com/x', 'https://example.com/x/y', '-'])(
    'none: %s',
    (arg) => {
      expect(list(arg)).toEqual([]);
    },
  );

  test('each once', () => {
    expect(list('-y', '/data', '--root=/data', '/other')).toEqual(['/data', '/other']);
  });

  test('nothing in a text that is no path: a script as an argument', () => {
    expect(list(`x = "/data"\n${'y'.repeat(5000)}`)).toEqual([]);
  });
});

test('on Windows, by drives', () => {
  const windows = { cwd: 'C:\\work', home: 'C:\\Users\\me', windows: true };
  const of = (arg: string): readonly string[] => listCommandPaths([arg], windows);
  expect(of('D:\\data')).toEqual(['D:\\data']);
  expect(of('--root=D:/data')).toEqual(['D:/data']);
  expect(of('~\\notes')).toEqual(['C:\\Users\\me\\notes']);
  expect(of('file:///D:/data')).toEqual(['D:/data']);
  expect(of('notes\\a')).toEqual(['C:\\work\\notes\\a']);
  expect(of('-y')).toEqual([]);
});
