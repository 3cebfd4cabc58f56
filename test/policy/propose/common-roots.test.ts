// Which directories are proposed for paths that were used: deep, few, and never a home.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCommonRoots } from '../../../src/policy/propose/common-roots.ts';

const place = (...directories: readonly string[]) => ({
  home: '/home/ada',
  isDirectory: (path: string) => directories.includes(path),
});
const rootsOf = (paths: readonly string[], ...directories: readonly string[]) =>
  findCommonRoots(paths, [], place(...directories)).roots;

describe('the directories of paths', () => {
  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['the directory of a file', ['/srv/a/x.txt'], [], ['/srv/a']],
    ['a directory itself', ['/srv/a'], ['/srv/a'], ['/srv/a']],
    ['what lies below another is within it', ['/srv/a/x', '/srv/a/b/y'], [], ['/srv/a']],
    ['a neighbour whose name begins alike is not', ['/srv/a/x', '/srv/ab/y'], [], ['/srv/a', '/srv/ab']],
    ['below the home it is written with a tilde', ['/home/ada/notes/x'], [], ['~/notes']],
    ['a tilde is the home', ['~/notes/x'], [], ['~/notes']],
    ['a URL', ['file:///srv/a/x'], [], ['/srv/a']],
    ['dots are taken back', ['/srv/a/../b/./x'], [], ['/srv/b']],
    ['more dots than there are levels', ['/../../srv/x'], [], ['/srv']],
  ])('%s', (_, paths, directories, roots) => {
    expect(rootsOf(paths, ...directories)).toEqual(roots);
  });

  it.each([
    ['everything', '/x'],
    ['all homes', '/home/x'],
    ['the home', '/home/ada/x'],
    ['the home by a tilde', '~/x'],
    ['the home by dots', '/home/ada/notes/../x'],
  ])('never proposes %s', (_, path) => {
    const found = findCommonRoots([path, '/srv/a/x'], [], place());
    expect(found.roots).toEqual(['/srv/a']);
    expect(found.tooWide).toHaveLength(1);
  });

  it.each([
    ['relative', 'notes/x'],
    ['another user', '~bob/x'],
    ['encoded', '/srv/%2e%2e/x'],
    ['a variable', '/srv/$HOME/x'],
    ['a control character', '/srv/a\n/x'],
    ['turned around', '/srv/\u202ea/x'],
    ['a host', '//host/share/x'],
    ['blanks around', ' /srv/a/x'],
    ['a backslash', '/srv/a\\b/x'],
    ['endless', `/srv/${'a'.repeat(2000)}/x`],
  ])('makes nothing of a doubtful path: %s', (_, path) => {
    expect(findCommonRoots([path], [], place())).toEqual({ roots: [], tooWide: [] });
  });

  it('takes the directories of paths that are not known themselves', () => {
    expect(findCommonRoots(['/srv/a'], ['/srv', '/opt/b'], place('/srv/a')).roots).toEqual(['/opt/b', '/srv/a']);
  });

  it('joins siblings where there are many, and only then', () => {
    const many = Array.from({ length: 20 }, (_, index) => `/srv/projects/p${index}/x`);
    expect(rootsOf(many)).toEqual(['/srv/projects']);
    expect(rootsOf(many.slice(0, 8))).toHaveLength(8);
  });

  it('does not join them to a home', () => {
    const many = Array.from({ length: 20 }, (_, index) => `~/p${index}/x`);
    expect(rootsOf(many)).toHaveLength(20);
  });

  it('holds every plain path, and never the home', () => {
    const segment = fc.constantFrom('a', 'b', 'home', 'ada', 'srv', '..', '.');
    const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(fc.array(path, { maxLength: 30 }), (paths) => {
        const { roots, tooWide } = findCommonRoots(paths, [], place());
        const whole = [...roots.map((root) => root.replace(/^~/, '/home/ada')), ...tooWide];
        for (const root of roots) {
          expect(['/', '~', '/home', '/home/ada']).not.toContain(root);
          expect(root).not.toMatch(/\.\.|\/\//);
        }
        for (const one of paths) {
          const plain = new URL(`file://${one}`).pathname.replace(/\/$/, '') || '/';
          const parent = plain.slice(0, plain.lastIndexOf('/')) || '/';
          expect(whole.some((root) => root === '/' || `${parent}/`.startsWith(`${root}/`))).toBe(true);
        }
      }),
    );
  });
});
