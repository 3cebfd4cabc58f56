// `mode: observe` on the filesystem server: everything passes, and what a scope would have stopped is on stderr and in every record.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Yard } from './guarded.ts';
import { LockStage } from './lock-stage.ts';
import { eachInYard } from './yards.ts';

const FILESYSTEM = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js', import.meta.url),
);
let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

test('what would be denied passes, and says so everywhere', async () => {
  const shared = join(yard.home, 'shared');
  mkdirSync(shared);
  const path = join(shared, 'a.txt');
  const scopes = { one: { grants: [{ tool: 'read_text_file', args: { '/path': { within: [shared] } } }] } };
  const entry = { command: process.execPath, args: [FILESYSTEM, shared], scope: 'one', mode: 'observe' };
  const stage = new LockStage(yard, { version: 1, servers: { srv: entry }, scopes });
  const { value: names, stderr } = await stage.session(async (session) => {
    const tools = await session.tools();
    for (const content of ['x', 'y', 'z']) expect(await session.call('write_file', { path, content })).toBe('answered');
    expect(await session.call('read_text_file', { path })).toBe('answered');
    // the guard's own files are kept from tools all the same
    expect(await session.call('read_text_file', { path: stage.config })).toBe('own_path');
    return tools;
  });
  expect(names).toContain('write_file');
  expect(existsSync(path)).toBe(true);

  expect(stderr).toContain('`srv` is only observed (`mode: observe`)');
  expect(stderr).toContain('13 tools would be hidden by `scopes.one` and are shown: `mode: observe`');
  const denials = stderr.split('\n').filter((line) => line.includes('`write_file` would be denied by `scopes.one`'));
  expect(denials).toHaveLength(2);
  expect(denials[1]).toContain('(2 times so far)');

  const [list] = stage.events('observed').filter(({ what }) => what === 'list');
  expect(list).toMatchObject({ method: 'tools/list', rule: 'scopes.one', by: 'observe', count: 13 });
  expect(JSON.parse(String(list?.names))).toContain('write_file');

  const tail = yard.command('audit', 'tail', '--decision', 'observe').stdout;
  expect(tail.match(/ write_file +ok .*\(would deny: not_granted\) path=/g)).toHaveLength(3);
  expect(tail).not.toContain('read_text_file');
  const [call] = yard.command('audit', 'tail', '--decision', 'observe', '--json').stdout.split('\n');
  expect(JSON.parse(call ?? '')).toMatchObject({ state: 'ok', decision: 'observe', rule: 'scopes.one' });
  expect(yard.command('audit', 'show', String(list?.record)).stdout).toContain('tools/list');
  expect(yard.command('audit', 'verify').status).toBe(0);

  // observed now, and denied by the same policy without `mode`
  const replay = (config: string) => JSON.parse(yard.command('scope', 'replay', '--config', config, '--json').stdout); // its own JSON
  expect(replay(stage.config)).toMatchObject({ toDenied: 0, toAllowed: 0, observed: 3 });
  const { mode: _, ...enforced } = entry;
  const strict = join(yard.home, 'strict.json');
  writeFileSync(strict, JSON.stringify({ version: 1, servers: { srv: enforced }, scopes }), { mode: 0o600 });
  expect(replay(strict)).toMatchObject({
    toDenied: 0,
    observedToDenied: 3,
    toAllowed: 0,
    groups: [{ name: 'write_file', count: 3 }],
  });
});
