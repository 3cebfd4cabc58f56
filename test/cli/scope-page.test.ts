// The examples of docs/scopes.md are what the code does: the config is valid, the cases hold, the keys are those of the output.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readCases } from '../../src/cli/scope-cases.ts';
import { runScopeExplain } from '../../src/cli/scope-explain.ts';
import { replay } from '../../src/cli/scope-replay.ts';
import { formatReplayJson } from '../../src/cli/scope-replay-screen.ts';
import { runScopeShow } from '../../src/cli/scope-show.ts';
import { runScopeTest } from '../../src/cli/scope-test.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { blocksOf } from '../docs/prose.ts';
import { compile, inventoryOf, listOf, makeScene } from './scope-scene.ts';
import { openScreen } from './screen.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/scopes.md', import.meta.url)), 'utf8');
const policy = compile(JSON.parse(blocksOf(page, 'json')[0] ?? ''));
const inventories = [
  inventoryOf('files', { tools: listOf('read_text_file', 'write_file', 'move_file') }, { name: 's', version: '1' }),
];
const scene = makeScene({ policy, inventories });

test('the config is valid, and the cases hold', () => {
  const { document, diagnostics } = parseConfig('cases.yaml', blocksOf(page, 'yaml')[0] ?? '');
  const reading = readCases(document, [...policy.servers.keys()]);
  expect([diagnostics, reading.ok]).toEqual([[], true]);
  if (!reading.ok) return;
  const { io, out } = openScreen();
  expect(runScopeTest({ file: 'cases.yaml', writeJunit: undefined }, reading.cases, io, scene)).toBe(0);
  expect(out()).toContain('all hold: 5 cases');
});

test('the explanation is what is printed', () => {
  const { io, out } = openScreen();
  const args = '{"path": "/etc/passwd", "content": "x"}';
  expect(runScopeExplain({ server: 'files', tool: 'write_file', args }, io, scene)).toBe(1);
  expect(page).toContain(`\`\`\`\n${out()}\`\`\`\n`);
});

/** The keys of a `Keys:` paragraph, outer ones first, in the order in which they stand. */
function keysOf(section: string): readonly string[] {
  const text = page.slice(page.indexOf(`### scope ${section}`)).match(/\nKeys: ([\s\S]*?)\n(?:\n|$)/)?.[1] ?? '';
  return [...text.matchAll(/`(\w+)`/g)].map(([, key = '']) => key);
}

function allKeys(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(allKeys);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [key, ...allKeys(one)]);
}

test('the keys of JSON stand on the page', () => {
  const shown = openScreen();
  runScopeShow({ tenant: 'default', json: true }, shown.io, scene);
  const explained = openScreen();
  runScopeExplain({ server: 'files', tool: 'move_file', json: true }, explained.io, scene);
  const header = {
    type: 'intent',
    server: 'files',
    method: 'tools/call',
    decision: 'pass',
    subject: 'move_file',
    at: 1,
  };
  const record = { header, headerText: '', hash: '', payloadText: undefined, salt: undefined };
  const records = [{ ref: { segment: 's', seq: 1 }, tenant: 'default', record, open: undefined }];
  const sum = replay({ records, server: undefined, as: undefined, loadText: () => undefined }, scene);
  const replayed = formatReplayJson(sum, { policy: undefined, server: undefined, as: undefined, commandOptions: '' });
  const lines = shown.out().trimEnd().split('\n');
  const found = {
    show: lines.flatMap((line) => allKeys(JSON.parse(line))),
    explain: allKeys(JSON.parse(explained.out())),
    replay: allKeys(JSON.parse(replayed)),
  };
  for (const [section, keys] of Object.entries(found)) {
    expect(keys.length).toBeGreaterThan(8);
    expect([...new Set(keys)].filter((key) => !keysOf(section).includes(key))).toEqual([]);
  }
});
