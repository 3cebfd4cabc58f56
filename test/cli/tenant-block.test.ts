// An edit of a tenant's block under a lock: what is wrong with it is said of the config, and a quota takes no record away unapproved.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { retentionOf } from '../../src/cli/run-trail.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import { loadTenantRestrictions } from '../../src/config/load-config.ts';
import { DEFAULTS } from '../../src/config/policy.ts';
import { GuardError } from '../../src/guard-error.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { startRun } from './start-run.ts';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'tenant-block-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const place = () => ({ path: join(directory, 'config.json'), origin: 'flag', digest: undefined }) as const;
const context = (tenant: string) => ({
  ...{ env: {}, uid: process.getuid?.(), stateDir: join(directory, 'state'), tenant, nowMs: 1_785_000_000_000 },
  ...{ actor: 'ada', ceilings: NO_CEILINGS, identify: async () => undefined },
});
function start(acme: JsonObject, tenant = 'acme', audit?: JsonObject) {
  const config = {
    version: 1,
    servers: { files: { command: 'node', args: ['all'] } },
    ...(audit === undefined ? {} : { audit }),
    tenants: { acme, globex: {} },
  };
  fs.writeFileSync(place().path, JSON.stringify(config), { mode: 0o600 });
  return startRun(place(), context(tenant));
}

describe('what is wrong with a block', () => {
  test.each<[JsonObject, string]>([
    [{ isolation: { required: 'l2' } }, 'tenants.acme.isolation.required'],
    [{ canary: 'yes' }, 'tenants.acme.canary'],
    [{ audit: { maxByte: 1 } }, 'tenants.acme.audit.maxByte'],
    [{ audit: { maxBytes: 1_000 } }, 'tenants.acme.audit.maxBytes'],
  ])('%j is said of the config, with its key, and keeps nobody else out', async (block, key) => {
    await start({});
    const error: unknown = await start(block).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining(`\n  ${key}`) });
    expect(error).toMatchObject({ message: expect.stringContaining(`the config \`${place().path}\` has 1 error:`) });
    expect(error).toMatchObject({ hint: `mend it, then run \`mcp-guard config check --config ${place().path}\`` });
    await expect(start(block, 'globex')).resolves.toBeDefined();
  });

  test.each(['lock', 'config'] as const)('is said of the %s where it stands there', (kind) => {
    const document = { version: 1, tenants: { acme: { canary: 'yes' } } };
    const load = () => loadTenantRestrictions(document, 'acme', { kind, path: '/srv/it' }, context('acme'));
    expect(load).toThrow(GuardError);
    expect(load).toThrow(
      expect.objectContaining({
        code: kind === 'lock' ? 'lock_outdated' : 'config_invalid',
        message: expect.stringMatching(/`\/srv\/it` (?:has|holds)[\s\S]*tenants\.acme\.canary/),
      }),
    );
  });
});

describe('a quota makes room by itself', () => {
  const MIB = 1_048_576;
  const quota = (mib: number): JsonObject => ({ audit: { quota: { maxBytes: mib * MIB } } });
  const keptOf = async (...parts: Parameters<typeof start>) =>
    retentionOf((await start(...parts)).policy.audit).maxBytes;

  test('half of it is kept, and of less what `audit.maxBytes` says', () => {
    expect(retentionOf(DEFAULTS.audit)).toEqual({ maxBytes: 2_147_483_648, maxAgeDays: 30 });
    expect(retentionOf({ ...DEFAULTS.audit, approvedQuotaBytes: 10 * MIB })).toEqual({
      maxBytes: 5 * MIB,
      maxAgeDays: 30,
    });
    expect(retentionOf({ ...DEFAULTS.audit, maxBytes: MIB, approvedQuotaBytes: 10 * MIB }).maxBytes).toBe(MIB);
    // one that only refuses takes nothing away
    expect(retentionOf({ ...DEFAULTS.audit, quotaBytes: 10 * MIB }).maxBytes).toBe(2_147_483_648);
  });

  test('of a tenant, of all, and the smaller of both', async () => {
    expect(await keptOf(quota(10))).toBe(5 * MIB);
    expect(await keptOf(quota(10), 'globex')).toBe(2_147_483_648);
    fs.rmSync(directory, { recursive: true });
    fs.mkdirSync(directory);
    expect(await keptOf(quota(10), 'globex', { quota: { maxBytes: 6 * MIB } })).toBe(3 * MIB);
    expect(await keptOf(quota(10), 'acme', { quota: { maxBytes: 6 * MIB } })).toBe(3 * MIB);
  });

  test('an edit that nobody approved takes no record away: it refuses only', async () => {
    await start(quota(10));
    expect(await keptOf(quota(2))).toBe(5 * MIB);
    expect((await start(quota(2))).policy.audit.quotaBytes).toBe(2 * MIB);
    expect(await keptOf({})).toBe(5 * MIB);
    expect(await keptOf(quota(2), 'globex')).toBe(2_147_483_648);
    expect(await keptOf(quota(10), 'acme', { quota: { maxBytes: 2 * MIB } })).toBe(5 * MIB);
  });

  test('nor one that sets it first', async () => {
    await start({});
    expect(await keptOf(quota(2))).toBe(2_147_483_648);
    expect(await keptOf({}, 'acme', { quota: { maxBytes: 2 * MIB } })).toBe(2_147_483_648);
  });
});
