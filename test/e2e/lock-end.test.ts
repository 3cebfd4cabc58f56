// What was approved until a time ends then, whatever else is approved meanwhile, unless somebody says so. With the built guard.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Yard } from './guarded.ts';
import { LockStage, type Written } from './lock-stage.ts';
import { eachInYard } from './yards.ts';

const MEMORY = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-memory/dist/index.js', import.meta.url),
);
const END = '2999-01-01T00:00:00.000Z';
const SHOWN = '2999-01-01T00:00:00Z';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

const grantsOf = (written: Written) => (written.scopes as { one: { grants: object[] } }).one.grants; // what this test writes itself

it('a later approval leaves it its end, and `--keep` takes the end away', async () => {
  const env = { MEMORY_FILE_PATH: join(yard.home, 'memory.jsonl') };
  const stage = new LockStage(yard, {
    ...{ version: 1, servers: { srv: { command: process.execPath, args: [MEMORY], scope: 'one', env } } },
    scopes: { one: { grants: [{ tool: 'read_graph' }] } },
  });
  const lock = () => JSON.parse(stage.lockText());
  await stage.session(async (session) => session.tools());
  stage.edit((config) => grantsOf(config).push({ tool: 'search_nodes' }));
  expect(stage.approve('--expires', '2998-12-31')).toMatchObject({ status: 0 });
  const until = `until     until ${SHOWN}: grant tool`;

  // nothing is new: nothing is approved, and nothing becomes permanent
  const text = stage.lockText();
  const routine = stage.approve();
  expect(routine).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing waits for an approval') });
  expect(routine.stdout).toContain(until);
  expect(stage.lockText()).toBe(text);

  stage.edit((config) => grantsOf(config).push({ tool: 'open_nodes' }));
  expect(stage.approve()).toMatchObject({ status: 0, stdout: expect.stringContaining('still ends then') });
  expect(lock()).toMatchObject({
    approvals: [{}, {}, { number: 3, until: END }],
    policy: { scopes: { one: { grants: [{ tool: 'read_graph' }, { tool: 'search_nodes' }, { tool: 'open_nodes' }] } } },
    base: { scopes: { one: { grants: [{ tool: 'read_graph' }, { tool: 'open_nodes' }] } } },
  });

  const kept = stage.approve('--keep');
  expect(kept.stdout).toContain(`lasts     so far until ${SHOWN}: grant tool`);
  expect(lock()).toMatchObject({ approvals: { 3: { number: 4, until: null } }, base: null });
});
