// A lock that cannot be used is mended by an approval that is a step from the last one that was accepted: ends and pins stay. With the built guard.
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Yard } from './guarded.ts';
import { LockStage } from './lock-stage.ts';
import { eachInYard } from './yards.ts';

const MEMORY = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-memory/dist/index.js', import.meta.url),
);
const END = '2999-01-01T00:00:00.000Z';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

it('what was approved until a time keeps its end, and what was pinned its pins', async () => {
  const env = { MEMORY_FILE_PATH: join(yard.home, 'memory.jsonl') };
  const stage = new LockStage(yard, {
    ...{ version: 1, servers: { srv: { command: process.execPath, args: [MEMORY], scope: 'one', env } } },
    scopes: { one: { grants: [{ tool: 'read_graph' }] } },
  });
  const lock = () => JSON.parse(stage.lockText());
  await stage.session(async (session) => session.tools());
  stage.approve();
  stage.edit((config) => {
    config.scopes = { one: { grants: [{ tool: 'read_graph' }, { tool: 'search_nodes' }] } };
  });
  expect(stage.approve('--expires', '2998-12-31')).toMatchObject({ status: 0 });
  const accepted = lock();
  expect(accepted.approvals.at(-1)).toMatchObject({ until: END });
  // what was seen of the server is lost: all there is of it is what was accepted
  rmSync(join(yard.state, 'default', 'pins'), { recursive: true });

  appendFileSync(stage.lock, '<<<<<<< HEAD\n');
  const first = stage.approve();
  expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('still ends then') });
  expect(first.stdout).toContain('until     until 2999-01-01T00:00:00Z: grant tool');
  expect(lock()).toMatchObject({ policy: accepted.policy, base: accepted.base, pins: accepted.pins });
  expect(lock().approvals.at(-1)).toMatchObject({ number: 4, until: END });

  rmSync(stage.lock);
  expect(stage.approve('--policy-only')).toMatchObject({ status: 0 });
  expect(lock()).toMatchObject({ base: accepted.base, pins: accepted.pins });

  // an approval of its own that ends: what was accepted without an end is there afterwards, and no more than that
  rmSync(stage.lock);
  expect(stage.approve('--expires', '2998-01-01')).toMatchObject({ status: 0 });
  expect(lock()).toMatchObject({ base: accepted.base, pins: accepted.pins });

  // nothing is held: that pins are lost stands on the screen, and they cannot be left as they were
  rmSync(stage.lock);
  rmSync(join(yard.state, 'lock', 'seen'), { recursive: true });
  stage.edit((config) => {
    config.lock = 'required';
  });
  expect(stage.approve('--policy-only')).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('no telling how'),
  });
});
