// A config and its lock in real files, with the clock at one time: for tests of the policy in force and of a start. Asserts nothing.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { openMachineKey, writeLock } from '../../src/adapters/lock-file.ts';
import { judge, readLockedConfig } from '../../src/cli/locked-policy.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import type { PinSet } from '../../src/policy/pins/pin-set.ts';
import type { JsonObject } from '../../src/wire/json.ts';

export const NOW = Date.parse('2026-07-28T09:00:00.000Z');
export const SERVER = { command: 'node', args: ['s.mjs'], scope: 'files' };
export const CONFIG: JsonObject = {
  version: 1,
  servers: { files: SERVER, mail: { command: '$'.concat('{MAIL}') } },
  scopes: { files: { grants: [{ tool: 'read', args: { '/path': { pattern: 'a+' } } }] } },
};

/** For the tests of one file: a directory of their own for each. */
export function openLockedStage() {
  let directory = '';
  beforeEach(() => {
    directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'locked-'));
  });
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  const place = () => ({ path: join(directory, 'config.json'), origin: 'flag', digest: undefined }) as const;
  const context = (env: Record<string, string> = { MAIL: 'mail' }, nowMs = NOW) => ({
    ...{ env, uid: process.getuid?.(), stateDir: join(directory, 'state'), tenant: 'default', nowMs, actor: 'ada' },
    ceilings: NO_CEILINGS,
    identify: async () => undefined,
  });
  return {
    directory: () => directory,
    place,
    context,
    write: (config: JsonObject): void => fs.writeFileSync(place().path, JSON.stringify(config), { mode: 0o600 }),
    async lock(policy: JsonObject, untilMs?: number, pins: ReadonlyMap<string, PinSet> = new Map()): Promise<void> {
      const { place: at, document } = await readLockedConfig(place(), context());
      const key = openMachineKey(at);
      const judged = judge(at, document, context());
      await writeLock(at, { judged, policy, pins, who: 'ada', why: 'x', nowMs: NOW, untilMs, key });
    },
  };
}
