// For random trees with links: whatever `within` takes leads under a root when the system opens it, by every reading of the text.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolveRealPath } from '../../../src/adapters/real-path.ts';
import { ask, realPorts } from './one-constraint.ts';

const NAMES = ['a', 'b', 'c'];
const name = fc.constantFrom(...NAMES);
const place = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const step = fc.constantFrom(...NAMES, ...NAMES, '..', '..', '.', '');
const linkTarget = fc.oneof(
  fc.array(step, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/') || '.'),
  place.map((path) => `@${path}`),
);
const node = fc.oneof(
  { weight: 2, arbitrary: place.map((path) => ({ kind: 'dir', path, target: '' })) },
  { weight: 1, arbitrary: place.map((path) => ({ kind: 'file', path, target: '' })) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('link'), path: place, target: linkTarget }) },
);
const asked = fc
  .tuple(fc.constantFrom('', '@', '@a/', '/'), fc.array(step, { minLength: 1, maxLength: 6 }))
  .map(([start, parts]) => start + parts.join('/'));

type Node = { kind: string; path: string; target: string };

function build(base: string, nodes: readonly Node[]): void {
  for (const { kind, path, target } of nodes) {
    const full = join(base, path);
    try {
      mkdirSync(dirname(full), { recursive: true });
      if (kind === 'dir') mkdirSync(full, { recursive: true });
      if (kind === 'file') writeFileSync(full, '', { flag: 'wx' });
      if (kind === 'link') symlinkSync(target.startsWith('@') ? join(base, target.slice(1)) : target, full);
    } catch {
      // taken, or below a file or loop: the tree is what it is
    }
  }
}

/** Where the system ends when it opens the path; undefined where it opens nothing and could create nothing. */
function openedAt(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    try {
      // to be created: its directory must be there, and what stands in its place must be no link
      const folder = path.slice(0, path.lastIndexOf('/') + 1) || '/';
      const last = path.slice(path.lastIndexOf('/') + 1);
      if (last === '' || last === '.' || last === '..') return undefined;
      const real = realpathSync.native(folder);
      const entry = join(real, last);
      return existsSync(entry) || isLink(entry) ? undefined : entry;
    } catch {
      return undefined;
    }
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

test('what is accepted opens under a root; the canonical path agrees with the system', () => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'guard-tree-')));
  let accepted = 0;
  let opened = 0;
  try {
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 3, maxLength: 10 }),
        fc.array(asked, { minLength: 8, maxLength: 8 }),
        (nodes, texts) => {
          const base = mkdtempSync(join(top, 't'));
          build(base, [...nodes, { kind: 'dir', path: 'a', target: '' }]);
          const root = resolveRealPath(join(base, 'a'));
          if (root === undefined) return;
          const cwd = join(base, 'a');
          for (const text of texts) {
            const path = text.replace('@', `${base}/`);
            // twice: as the system reads it, and as one who takes `..` back before looking at links
            const system = openedAt(path.startsWith('/') ? path : `${cwd}/${path}`);
            const textual = openedAt(resolve(cwd, path));
            if (!path.includes('..') && system !== undefined && existsSync(resolve(cwd, path))) {
              expect(resolveRealPath(resolve(cwd, path))).toBe(system);
            }
            if (path === '' || ask({ within: [cwd] }, path, realPorts(cwd)) !== undefined) continue;
            accepted += 1;
            for (const real of [system, textual]) {
              if (real === undefined) continue;
              opened += 1;
              expect(real === root || real.startsWith(`${root}/`), `${path} -> ${real}`).toBe(true);
            }
          }
        },
      ),
      { numRuns: 50, seed: 7 },
    );
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
  expect(accepted).toBeGreaterThan(40);
  expect(opened).toBeGreaterThan(40);
});
