// Hostile names of servers: each has a file of its own, inside the directory, on every file system.
import * as fs from 'node:fs';
import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { fileStem } from '../../../src/adapters/server-files.ts';
import { nameServer } from '../../../src/config/server-name.ts';
import { endScene, makeScene, order, type Scene } from './scene.ts';

let scene: Scene | undefined;
afterEach(() => {
  if (scene !== undefined) endScene(scene);
});

const HOSTILE = [
  '',
  '.',
  '..',
  '../x',
  '../../../etc/x',
  '/etc/x',
  'C:\\x',
  'a/b',
  'a\0b',
  'a',
  'A',
  'con',
  'CON',
  'nul',
  'com1',
  '%63on',
  '%',
  '%41',
  'a.json',
  'a.isolations',
  'a.json.draft-1-ab',
  'a.lock',
  'a.',
  'a ',
  ' a',
  'é',
  'e\u0301',
  '\ud800',
  '\ud801',
  '\ufffd',
  'x'.repeat(80),
  `${'x'.repeat(80)}%`,
  'x'.repeat(120),
  'x'.repeat(121),
  `${'x'.repeat(200)}\ud800`,
  `${'x'.repeat(200)}\ud801`,
  'x'.repeat(10_000),
  `${'x'.repeat(10_000)}y`,
  'É'.repeat(20),
  'É'.repeat(21),
  'É'.repeat(10_000),
];

test.each(['files', 'server-git', 'mcp_x', '0'])('%s is its own file name', (name) => {
  expect(fileStem(name)).toBe(name);
});

test('what the guard calls a bare server is its own file name', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (command, args) => {
      const name = nameServer(command, args);
      if (!/^(con|prn|aux|nul|com\d|lpt\d)$/.test(name)) expect(fileStem(name)).toBe(name);
    }),
    { numRuns: 100 },
  );
});

test('two names never share a file, not even where case, Unicode form or a trailing dot counts for nothing', () => {
  // any UTF-16, lone surrogates included
  const unit = fc.oneof(fc.nat(0x7f), fc.nat(0xffff)).map((code) => String.fromCharCode(code));
  const name = fc.oneof(
    fc.string({ unit, maxLength: 30 }),
    fc.constantFrom(...HOSTILE.filter(({ length }) => length < 1000)),
  );
  const fold = (text: string) =>
    fileStem(text)
      .toLowerCase()
      .normalize('NFKD')
      .replace(/[. ]+$/, '');
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(fold(one) === fold(other)).toBe(one === other);
      expect(fileStem(one)).toMatch(/^[a-z0-9_%-]{1,150}$/);
      expect(fileStem(one)).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)$/);
    }),
    { numRuns: 300 },
  );
  const stems = HOSTILE.map(fold);
  expect(new Set(stems).size).toBe(HOSTILE.length);
});

test('each keeps its own isolation, and nothing is made outside the directory', async () => {
  scene = makeScene();
  const store = scene.open();
  for (const [index, name] of HOSTILE.entries()) await order(store, 'isolate', `tool-${index}`, name);
  const reader = scene.open();
  for (const [index, name] of HOSTILE.entries()) {
    expect(reader.read(name).tools.map(({ tool }) => tool)).toEqual([`tool-${index}`]);
  }
  expect(scene.files()).toHaveLength(3 * HOSTILE.length);
  for (const name of scene.files()) expect(name).toMatch(/^[a-z0-9_%-]+(\.isolations)?\.json(\.bak)?$/);
  expect(fs.readdirSync(scene.stateDir)).toEqual(['default']);
  expect(fs.readdirSync(`${scene.stateDir}/default`)).toEqual(['breakers']);
  expect(scene.said).toEqual([]);
});
