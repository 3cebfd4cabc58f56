// Whatever a real reader (Node, and Python where there is one) makes a path into the guard's own files of is refused, at any length.
import { spawnSync } from 'node:child_process';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOwnPathFinder } from '../../../src/policy/constraint/own-paths.ts';
import { prepareOwnPaths } from '../../../src/policy/constraint/own-reach.ts';
import { PORTS } from './one-constraint.ts';

const OWN = '/srv/team.json';
const find = createOwnPathFinder(prepareOwnPaths([OWN], PORTS), PORTS);
const isRefused = (text: string): boolean => find({ v: text }, 0) !== undefined;

const NODE: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  normalize: (text) => posix.normalize(text),
  decodeNormalize: (text) => posix.normalize(decodeURIComponent(text)),
  normalizeDecode: (text) => decodeURIComponent(posix.normalize(text)),
  url: (text) => fileURLToPath(new URL(text)),
  fileUrl: (text) => fileURLToPath(new URL(text, 'file:///site/')),
  pathname: (text) => decodeURIComponent(new URL(text, 'file:///').pathname),
  rawPathname: (text) => new URL(text, 'http://localhost/').pathname,
  json: (text) => String(JSON.parse(text)),
  quotes: (text) => text.replace(/^["']+|["']+$/g, ''),
  windows: (text) => posix.normalize(text.replaceAll('\\', '/')),
};

const PYTHON = `
import sys, json, os
from pathlib import PurePosixPath
from urllib.parse import urlparse, urlsplit, unquote
READERS = [
  lambda p: str(PurePosixPath(p)), os.path.normpath, lambda p: os.path.abspath(os.path.join('/site', p)),
  lambda p: urlparse(p).path, lambda p: unquote(urlparse(p).path), lambda p: os.path.normpath(unquote(urlparse(p).path)),
  lambda p: urlsplit(p).path, lambda p: urlsplit(p, allow_fragments=False).path, lambda p: json.loads(p),
  lambda p: p.strip('"\\''), lambda p: p.strip(), lambda p: os.path.normpath(unquote(p)),
]
def read(reader, text):
    try: return str(reader(text))
    except Exception: return ''
print(json.dumps([[read(reader, text) for reader in READERS] for text in json.load(sys.stdin)]))
`;

/** As the system opens it; what is no path it could open leads nowhere. */
function opens(path: string): boolean {
  return path !== '' && path.length <= 4096 && !path.includes('\0') && posix.resolve('/site', path) === OWN;
}

const many = (step: string) => fc.constantFrom(1, 2, 3, 1100, 2100).map((times) => step.repeat(times));
const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant('/') },
  fc
    .constantFrom(
      '/',
      '/.',
      '/./',
      '//',
      '/x/..',
      '/x/../',
      '/%2e',
      '/x/%2e%2e',
      '%2f',
      '/x%2fy/..',
      '\\',
      '/\t',
      '/x\\y/..',
      '/..',
    )
    .chain(many)
    .map((text) => (/[/\\f]$/.test(text) ? text : `${text}/`)),
);
const before = fc.constantFrom(
  '',
  '',
  '',
  'file://',
  'file:',
  'FILE://localhost',
  '//h',
  '//localhost',
  '"',
  "'",
  ' ',
  '\n',
  'x:',
  '//a b',
);
const behind = fc.oneof(
  fc.constantFrom('', '', '', '/', '"', "'", ' ', '/.', '/x/..'),
  fc
    .tuple(
      fc.constantFrom('?', '#', ';', ';a?b', '?a#b'),
      fc.constantFrom('', 'x', '/..', 'x'.repeat(5000), '/..'.repeat(2000)),
    )
    .map((parts) => parts.join('')),
);
const written = fc
  .tuple(
    before,
    step,
    step,
    fc.constantFrom('team.json', 'team%2ejson', 'te\nam.json'),
    behind,
    fc.constantFrom(0, 0, 0, 1),
  )
  .map(([start, first, second, name, end, json]) => {
    const text = `${start}${first}srv${second}${name}${end}`;
    return json === 1 ? JSON.stringify(text).replaceAll('/', '\\u002f') : text;
  });
const SEED = { seed: 3, numRuns: 150 };

test('of Node', () => {
  let opened = 0;
  fc.assert(
    fc.property(written, (text) => {
      for (const [name, read] of Object.entries(NODE)) {
        let path = '';
        try {
          path = read(text);
        } catch {
          continue;
        }
        if (!opens(path)) continue;
        opened += 1;
        if (!isRefused(text)) throw new Error(`${name} reads ${JSON.stringify(text.slice(0, 200))} (${text.length})`);
      }
    }),
    SEED,
  );
  // or nothing was tried
  expect(opened).toBeGreaterThan(50);
});

test.skipIf(spawnSync('python3', ['-c', '']).status !== 0)('of Python', () => {
  const texts = fc.sample(written, SEED);
  const { stdout } = spawnSync('python3', ['-c', PYTHON], {
    input: JSON.stringify(texts),
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  const paths = JSON.parse(stdout) as string[][];
  const opened = texts.filter((_, index) => paths[index]?.some(opens));
  expect(opened.length).toBeGreaterThan(20);
  expect(opened.filter((text) => !isRefused(text)).map((text) => `${text.slice(0, 100)} (${text.length})`)).toEqual([]);
});
