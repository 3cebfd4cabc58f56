// No server of a suspended tenant is prepared, whoever asks: neither are its secrets asked for nor its directories made.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeSuspension } from '../../src/adapters/suspension.ts';
import { prepareServer } from '../../src/cli/prepare-server.ts';
import type { Policy } from '../../src/config/policy.ts';
import { GuardError } from '../../src/guard-error.ts';
import { openTenantScope } from '../../src/tenant/tenant-scope.ts';
import { readTrail } from '../e2e/trail.ts';
import { compile } from './scope-scene.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), 'guard-prepare-'));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const stateDir = () => join(dir, 'state');
const suspend = () =>
  writeSuspension(openTenantScope(stateDir(), 'acme'), { version: 1, sinceMs: 1, actor: 'me', reason: 'r' });
function prepare(
  env: NodeJS.ProcessEnv = { PATH: process.env.PATH, KEY: 'k' },
  isolation: object = { required: 'L0' },
  uid = process.getuid?.(),
  more: Partial<Policy> = {},
) {
  const server = {
    command: process.execPath,
    args: [],
    env: { KEY: 'env:KEY' },
    passEnv: ['PASSED'],
    isolation,
  };
  const policy = { ...compile({ servers: { srv: server } }), ...more };
  const entry = policy.servers.get('srv');
  const asked = { name: 'srv', command: process.execPath, args: [], entry };
  return prepareServer(asked, policy, {}, { env, uid, stateDir: stateDir(), tenant: 'acme' });
}

test('one that is not is', async () => {
  await expect(prepare()).resolves.toMatchObject({ isolation: 'L0', secrets: [{ name: 'KEY', value: 'k' }] });
});

test('a reference that is too short to be masked is said, and no other', async () => {
  const { notes } = await prepare({ PATH: process.env.PATH, KEY: 'k', PASSED: 'p' });
  expect(notes).toEqual(['`KEY` has fewer than 8 characters: it is not masked in record and log']);
});

const stagesOf = (tenant: string) =>
  readTrail(join(stateDir(), tenant)).flatMap(({ records }) =>
    records.flatMap(({ h }) => {
      const { server, detail } = h as { server?: string; detail?: { stage?: string; why?: string } }; // of an event
      return detail?.stage === undefined ? [] : [[server, detail.stage, detail.why]];
    }),
  );

test('one whose secret or isolation is not to be had is on record as that, without a word of the secret', async () => {
  await expect(prepare({ PATH: process.env.PATH })).rejects.toMatchObject({ code: expect.stringMatching(/^secret_/) });
  expect(stagesOf('acme')).toEqual([['srv', 'start_refused', expect.stringMatching(/^secret_/)]]);
  // of a guard that root has not started
  await expect(prepare(undefined, { required: 'L1', uid: 7001 }, 1000)).rejects.toMatchObject({
    code: 'isolation_unavailable',
  });
  expect(stagesOf('acme').at(-1)).toEqual(['srv', 'start_refused', 'isolation_unavailable']);
});

test('places of others are asked for where there is a sandbox, and what is wrong with them keeps no other out', async () => {
  const foreignPlaces = (): never => {
    throw new GuardError('isolation_unavailable', 'unreadable');
  };
  const prepareAt = (required: string) => prepare(undefined, { required, uid: 7001 }, 1000, { foreignPlaces });
  for (const level of ['L2', 'L3']) await expect(prepareAt(level)).rejects.toThrow('unreadable');
  await expect(prepareAt('L1')).rejects.not.toThrow('unreadable');
  await expect(prepare(undefined, { required: 'L0' }, undefined, { foreignPlaces })).resolves.toMatchObject({
    isolation: 'L0',
  });
});

test('nothing of it is made', async () => {
  suspend();
  await expect(prepare()).rejects.toMatchObject({ code: 'tenant_suspended', exitCode: 77 });
  expect([fs.existsSync(`${stateDir()}-homes`), fs.existsSync(join(stateDir(), 'acme', 'audit'))]).toEqual([
    false,
    false,
  ]);
});

test('nor when it was suspended while its secrets were asked for', async () => {
  const env = new Proxy<NodeJS.ProcessEnv>(
    { KEY: 'k' },
    {
      get: (target, name) => {
        if (name === 'KEY') suspend();
        return Reflect.get(target, name);
      },
    },
  );
  await expect(prepare(env)).rejects.toMatchObject({ code: 'tenant_suspended' });
});
