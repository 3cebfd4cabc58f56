// Paths on a disk with links: where they lead by every reading, and what a root is.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, check, realPorts } from './one-constraint.ts';

describe('on a disk with links', () => {
  let base = '';
  // not `join`, which takes `..` back
  const at = (path: string): string => `${base}/${path}`;

  beforeAll(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'guard-within-')));
    for (const path of ['root/sub/deep', 'outside/dir', 'other', 'proc']) mkdirSync(at(path), { recursive: true });
    for (const path of ['root/file', 'root/sub/file', 'outside/secret', 'outside/dir/secret'])
      writeFileSync(at(path), '');
    const links: readonly (readonly [string, string])[] = [
      ['outside', 'root/out'],
      ['../outside/secret', 'root/secret'],
      ['sub', 'root/in'],
      ['nowhere', 'root/dangling'],
      ['../outside/new', 'root/dangling-out'],
      ['../outside/none/../new', 'root/dangling-up'],
      ['loop', 'root/loop'],
      ['b', 'root/a'],
      ['a', 'root/b'],
      ['/proc/self/cwd', 'root/self'],
      ['root', 'alias'],
      ['root/file', 'to-file'],
      ['../outside/dir', 'root/updir'],
      ['/', 'root/slash'],
      ['../../root/sub', 'outside/dir/back'],
    ];
    for (const [target, path] of links) symlinkSync(target === 'outside' ? at('outside') : target, at(path));
  });
  afterAll(() => rmSync(base, { recursive: true }));

  const holds = (path: string, roots = ['root']): boolean =>
    ask({ within: roots.map(at) }, path, realPorts(at('root'))) === undefined;

  test.each([
    '',
    'file',
    'sub/file',
    'in',
    'in/file',
    'new',
    'new/deep/file',
    'dangling',
    'dangling/x',
    'in/../file',
    'sub/../in/deep/..',
    'out/../root/file',
    'file/../file',
  ])('root/%s is inside', (path) => {
    expect(holds(at(`root/${path}`))).toBe(true);
    if (path !== '') expect(holds(path)).toBe(true);
  });

  test.each([
    'out',
    'out/secret',
    'out/new',
    'secret',
    'dangling-out',
    'dangling-out/x',
    'dangling-up',
    'loop',
    'loop/x',
    'a',
    'self',
    'self/x',
    'slash',
    'slash/etc',
    'updir/..',
    'updir/../secret',
    'updir/../file',
    'out/../file',
    'file/x',
    'in/../../outside',
  ])('root/%s is not', (path) => {
    expect(holds(at(`root/${path}`))).toBe(false);
    expect(holds(path)).toBe(false);
  });

  test('`..` after a link counts by both readings', () => {
    // textually root/file, for the system outside/file
    expect(holds(at('root/updir/../file'))).toBe(false);
    expect(holds(at('root/updir/../file'), ['root', 'outside'])).toBe(true);
    // for the system root/file, textually outside/dir/file
    expect(holds(at('outside/dir/back/../file'))).toBe(false);
    expect(holds(at('outside/dir/back/../file'), ['root', 'outside'])).toBe(true);
    expect(holds(at('alias/sub/../file'))).toBe(true);
    expect(holds(at('outside/../root/file'))).toBe(true);
  });

  test('a root that is a link means what it led to', () => {
    expect(holds(at('root/file'), ['alias'])).toBe(true);
    expect(holds(at('alias/file'), ['alias'])).toBe(true);
    expect(holds(at('alias'), ['alias'])).toBe(true);
    expect(holds(at('other'), ['alias'])).toBe(false);
  });

  test('a link outside of the root is not inside, though it leads there: it could be removed or replaced', () => {
    expect(holds(at('to-file'))).toBe(false);
    expect(holds(at('alias/file'))).toBe(true);
    expect(holds(at('alias'))).toBe(false);
  });

  test('a root that is swapped for a link later allows nothing', () => {
    const ports = realPorts(base);
    mkdirSync(at('swapped'));
    const source = { args: { '/v': { within: [at('swapped')] } } };
    let found = check(source, { v: at('swapped/secret') }, ports);
    expect(found).toBeUndefined();
    const swapping = {
      ...ports,
      realPath: (path: string) => {
        const real = ports.realPath(path);
        if (path === at('swapped')) {
          rmSync(at('swapped'), { recursive: true, force: true });
          symlinkSync(at('outside'), at('swapped'));
        }
        return real;
      },
    };
    found = check(source, { v: at('swapped/secret') }, swapping);
    expect(found?.rule).toBe('within');
  });
});
