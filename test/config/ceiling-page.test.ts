// docs/ceilings.md and the shipped schema say what the code does.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compileCeiling } from '../../src/config/compile-ceiling.ts';
import { systemDirectories } from '../../src/config/find-ceilings.ts';
import { listKeyPaths } from '../../src/config/known-keys.ts';
import { buildCeilingJsonSchema } from '../../src/config/schema-ceiling.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/ceilings.md`, 'utf8');

test('docs/ceiling.schema.json is the schema (`vitest run test/config/ceiling-page.test.ts -u` writes it)', async () => {
  await expect(`${JSON.stringify(buildCeilingJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
    `${root}docs/ceiling.schema.json`,
  );
});

test('every key has a row, or its block has one, and no row has no key', () => {
  const paths = listKeyPaths(buildCeilingJsonSchema());
  const rows = [...page.matchAll(/^\| `([a-zA-Z$][^`/=]*)` \| /gm)].map(([, path = '']) => path);
  expect(rows.filter((row) => !paths.includes(row))).toEqual([]);
  // the keys of a block are those of a config, explained there
  const isTold = (path: string): boolean =>
    rows.includes(path) || rows.some((row) => row !== 'servers' && path.startsWith(`${row}.`));
  expect(paths.filter((path) => !isTold(path))).toEqual([]);
  expect(rows.length).toBeGreaterThan(15);
});

test('the example is a ceiling, and the places are those that are looked at', () => {
  const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const compiled = compileCeiling({ document: JSON.parse(text), by: 'x', word: 'ceiling', portsFor: undefined });
  expect(compiled).toMatchObject({ ok: true, ceiling: { lock: 'required' } });
  for (const platform of ['linux', 'darwin', 'win32'] as const)
    for (const directory of systemDirectories(platform, undefined)) expect(page).toContain(`${directory}`);
});
