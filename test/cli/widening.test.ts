// Every way in which something else than an approval might try to widen what a server may do: files that are planted or edited,
// variables, flags, and ceilings that say too much. Over the real files, by the same steps as `run`.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMachineKey, writeLock } from '../../src/adapters/lock-file.ts';
import { openCeilings, restrictBareRun } from '../../src/cli/ceilings-here.ts';
import { judge, loadLockedPolicy, readLockedConfig } from '../../src/cli/locked-policy.ts';
import { createBreakerLookup } from '../../src/config/breaker-lookup.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import { findConfigFile } from '../../src/config/find-config.ts';
import { resolveServer } from '../../src/config/resolve-server.ts';
import { restrictionLayers, restrictionsOn } from '../../src/config/restrict-layers.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import { restrictDeadline, toolDeadline } from '../../src/config/tool-deadline.ts';
import { BARE_DEADLINE } from '../../src/core/settings.ts';
import { isGuardError } from '../../src/guard-error.ts';
import { resolveServerPins } from '../../src/policy/pins/pin-settings.ts';
import { decideUse } from '../../src/policy/scope/scope-decision.ts';
import { enforcedLayers } from '../../src/policy/scope/scope-split.ts';
import type { JsonObject } from '../../src/wire/json.ts';

const NOW = Date.parse('2026-07-28T09:00:00.000Z');
const TOOLS = ['read', 'read_secret', 'write', 'drop'];
const COMMAND = 'server-filesystem';
const FILES = { command: COMMAND, scope: 'files', deadline: { hardMs: 5000 } };
const SCOPE = { grants: [{ tool: 'read*' }], deny: [{ tool: 'read_secret' }] };
const CONFIG: JsonObject = { version: 1, servers: { files: FILES }, scopes: { files: SCOPE }, maxLineBytes: 1_000_000 };
const WIDE: JsonObject = {
  version: 1,
  servers: { files: { command: COMMAND, scope: 'files', mode: 'observe', pins: 'off' } },
  scopes: { files: { grants: [{ tool: '*' }] } },
  unlisted: 'observe',
  audit: { payload: 'off', onFailure: 'allow-and-count' },
  breaker: { mode: 'off' },
};
/** Under the scope of CONFIG it takes nothing away; alone it leaves `read` and `write`. */
const CEILING: JsonObject = {
  version: 1,
  deny: [{ tool: 'drop' }],
  servers: {
    '*': { scope: 'most', mode: 'enforce', deadline: { hardMs: 60_000 }, breaker: { mode: 'enforce' }, pins: 'deny' },
  },
  scopes: { most: { grants: [{ tool: 'read' }, { tool: 'write' }] } },
  audit: { payload: 'full', onFailure: 'deny' },
};

let home: string;
let cwd: string;
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'widening-'));
  cwd = join(home, 'project');
  fs.mkdirSync(cwd);
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

type Env = Record<string, string>;
const user = () => join(home, '.config', 'mcp-guard', 'config.json');
const lockFile = () => join(home, '.config', 'mcp-guard', 'mcp-guard.lock.json');
const stateDir = () => join(home, 'state');
const ceiling = () => join(home, 'ceiling.json');

function put(path: string, value: unknown): string {
  fs.mkdirSync(join(path, '..'), { recursive: true });
  fs.writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value), { mode: 0o600 });
  return path;
}

interface Start {
  readonly env?: Env;
  readonly flag?: string;
  readonly tenant?: string;
  readonly words?: readonly string[];
}

/** As `run` does. */
async function open({ env = {}, flag, tenant = 'default' }: Start) {
  const uid = process.getuid?.();
  const whole: Env = { HOME: home, ...env };
  const ceilings = await openCeilings({ env: whole, uid, cwd });
  const { place } = findConfigFile({ flag, env: whole, cwd, readAllowed: () => [] });
  if (place === undefined) return { policy: await restrictBareRun(ceilings), locked: undefined };
  const state = env.MCP_GUARD_STATE_DIR ?? stateDir();
  const locked = await loadLockedPolicy(place, { env: whole, uid, stateDir: state, tenant, nowMs: NOW, ceilings });
  return { policy: locked.policy, locked };
}

/** What may be called, and a few numbers; or the code of the refusal. */
async function look(start: Start = {}) {
  try {
    const { policy, locked } = await open(start);
    const [command, ...args] = start.words ?? [COMMAND];
    const asked = { serverFlag: undefined, command, args };
    const { name, entry } = resolveServer(locked === undefined ? undefined : policy, asked);
    const applied = restrictionsOn(policy, entry, { id: name, cwd: undefined, home: undefined, args });
    const alone = entry === undefined ? restrictionLayers(applied) : [];
    const scope = serverScopeOf(entry, [...(locked?.layersOf(entry) ?? []), ...alone]);
    const layers = enforcedLayers(scope);
    const allowed = TOOLS.filter((tool) => layers === undefined || decideUse(layers, 'tool', tool, {}, NOW).granted);
    const deadline =
      entry === undefined ? restrictDeadline(BARE_DEADLINE, applied, 'read') : toolDeadline(entry, 'read');
    return {
      allowed: allowed.join(' '),
      hardMs: deadline.hardMs,
      onFailure: policy?.audit.onFailure ?? 'deny',
      payload: policy?.audit.payload ?? 'full',
      breaker: createBreakerLookup(policy).settingsOf(name, 'read').mode,
      pins: locked === undefined ? undefined : resolveServerPins(locked.serverDocument(name)).mode,
    };
  } catch (error) {
    if (isGuardError(error)) return error.code;
    throw error;
  }
}

async function approve(policy: JsonObject): Promise<void> {
  const place = { path: user(), origin: 'user', digest: undefined } as const;
  const context = { env: { HOME: home }, uid: process.getuid?.(), stateDir: stateDir(), tenant: 'default', nowMs: NOW };
  const at = { ...context, ceilings: NO_CEILINGS };
  const { place: lock, document } = await readLockedConfig(place, at);
  const judged = judge(lock, document, at);
  const key = openMachineKey(lock);
  await writeLock(lock, { judged, policy, pins: new Map(), who: 'a', why: 'b', nowMs: NOW, untilMs: undefined, key });
}

const KEPT = { allowed: 'read', hardMs: 5000, onFailure: 'deny', payload: 'full', breaker: 'enforce' };

describe('a config that is locked', () => {
  beforeEach(async () => {
    put(user(), CONFIG);
    await approve(CONFIG);
  });

  test('what it allows', async () => {
    expect(await look()).toMatchObject({ ...KEPT, pins: 'deny' });
  });

  test.each<[string, (config: JsonObject) => unknown]>([
    ['everything at once', () => WIDE],
    ['a grant', (config) => ({ ...config, scopes: { files: { ...SCOPE, grants: [{ tool: '*' }] } } })],
    ['a denial less', (config) => ({ ...config, scopes: { files: { grants: SCOPE.grants } } })],
    ['no scope of the server', (config) => ({ ...config, servers: { files: { command: COMMAND } } })],
    ['no scopes at all', (config) => ({ version: 1, servers: config.servers ?? {} })],
    [
      'another scope',
      (config) => ({
        ...config,
        servers: { files: { ...FILES, scope: 'all' } },
        scopes: { files: SCOPE, all: { grants: [{ tool: '*' }] } },
      }),
    ],
    ['mode: observe', (config) => ({ ...config, servers: { files: { ...FILES, mode: 'observe' } } })],
    ['no server, and unlisted ones observed', () => ({ version: 1, unlisted: 'observe' })],
    ['the server under another name', (config) => ({ ...config, servers: { copy: FILES }, unlisted: 'observe' })],
    ['more time', (config) => ({ ...config, servers: { files: { ...FILES, deadline: { hardMs: 9_000_000 } } } })],
    ['less audit', (config) => ({ ...config, audit: { payload: 'off', onFailure: 'allow-and-count' } })],
    ['no breaker', (config) => ({ ...config, breaker: { mode: 'off' } })],
    ['pins off', (config) => ({ ...config, servers: { files: { ...FILES, pins: 'off' } } })],
    [
      'a tenant with more',
      (config) => ({
        ...config,
        tenants: {
          default: {
            servers: { files: { command: COMMAND, mode: 'observe' } },
            scopes: { files: { grants: [{ tool: '*' }] } },
          },
        },
      }),
    ],
    [
      'a role with more',
      (config) => ({
        ...config,
        scopes: { files: SCOPE, all: { grants: [{ tool: '*' }] } },
        roles: { boss: { scopes: ['all'] } },
      }),
    ],
    ['an approver of its own', (config) => ({ ...config, approvers: [`ed25519:${'A'.repeat(43)}=`] })],
  ])('is edited: %s', async (_, edit) => {
    put(user(), edit(CONFIG));
    const seen = await look();
    if (typeof seen === 'string') expect(seen).toMatch(/^(config_invalid|server_unlisted)$/);
    else {
      expect(seen).toMatchObject({ ...KEPT, pins: 'deny', allowed: expect.stringMatching(/^(read)?$/) });
      expect(seen.hardMs).toBe(5000);
    }
  });

  test('an edit that narrows holds at once, and is the only kind that does', async () => {
    put(user(), { ...CONFIG, scopes: { files: { grants: [{ tool: 'write' }] } } });
    expect(await look()).toMatchObject({ allowed: '' });
  });

  test.each<[string, () => void, string]>([
    ['is gone', () => fs.rmSync(lockFile()), 'lock_vanished'],
    [
      'is edited',
      () => put(lockFile(), fs.readFileSync(lockFile(), 'utf8').replace('read_secret', 'x')),
      'lock_edited',
    ],
    ['is another file', () => put(lockFile(), '{}'), 'lock_edited'],
    ['can be written by others', () => fs.chmodSync(lockFile(), 0o666), 'lock_unreadable'],
  ])('the lock %s', async (_, change, code) => {
    put(user(), WIDE);
    change();
    expect(await look()).toBe(code);
  });

  test('the lock of another machine’s key', async () => {
    put(user(), WIDE);
    fs.rmSync(lockFile());
    await expect(look({ env: { MCP_GUARD_STATE_DIR: join(home, 'other') } })).resolves.toMatchObject({
      // a state directory that never saw a lock is a machine that never had one: said in docs/lock.md, and why ceilings exist
      allowed: TOOLS.join(' '),
    });
    put(user(), CONFIG);
    fs.rmSync(stateDir(), { recursive: true });
    await approve(CONFIG);
    expect(await look({ env: { MCP_GUARD_STATE_DIR: join(home, 'other') } })).toBe('lock_untrusted');
  });

  test.each(['mcp-guard.config.json', '.mcp-guardrc', '.mcp-guardrc.json', 'mcp-guard.config.js', 'package.json'])(
    'a %s is planted in the working directory',
    async (name) => {
      put(join(cwd, name), name === 'package.json' ? { 'mcp-guard': WIDE } : WIDE);
      expect(await look()).toMatchObject(KEPT);
    },
  );

  test('a lock and a ceiling are planted there', async () => {
    put(join(cwd, 'mcp-guard.lock.json'), '{}');
    put(join(cwd, 'ceiling.json'), WIDE);
    expect(await look()).toMatchObject(KEPT);
  });

  test('another tenant has no other policy', async () => {
    expect(await look({ tenant: 'other' })).toMatchObject(KEPT);
  });

  test('a ceiling that grants everything grants nothing', async () => {
    put(ceiling(), { version: 1, servers: { '*': { scope: 'all' } }, scopes: { all: { grants: [{ tool: '*' }] } } });
    expect(await look({ env: { MCP_GUARD_CEILING: ceiling() } })).toMatchObject(KEPT);
  });

  test.each<[string, unknown]>([
    ['observes', { version: 1, servers: { '*': { mode: 'observe' } } }],
    ['lets run what is not listed', { version: 1, unlisted: 'observe' }],
    ['needs no lock', { version: 1, lock: 'first-use' }],
    ['brings a command', { version: 1, servers: { files: { command: 'sh' } } }],
    ['records less', { version: 1, audit: { payload: 'off' } }],
    ['is a config', WIDE],
    ['hides a key', '{"version":1,"__proto__":{"unlisted":"observe"}}'],
  ])('a ceiling that %s stops everything', async (_, document) => {
    put(ceiling(), document);
    expect(await look({ env: { MCP_GUARD_CEILING: ceiling() } })).toBe('ceiling_invalid');
  });
});

describe('under a ceiling', () => {
  const env = () => ({ MCP_GUARD_CEILING: ceiling() });
  beforeEach(() => {
    put(ceiling(), CEILING);
  });
  const HELD = { allowed: 'read write', hardMs: 60_000, onFailure: 'deny', payload: 'full', breaker: 'enforce' };

  test('a config that was never locked, a named one, one of a variable', async () => {
    put(user(), WIDE);
    expect(await look()).toMatchObject({ allowed: TOOLS.join(' '), pins: 'off', hardMs: 3_600_000, breaker: 'off' });
    const pins = 'deny';
    expect(await look({ env: env() })).toMatchObject({ ...HELD, pins });
    const other = put(join(home, 'other.json'), WIDE);
    expect(await look({ env: env(), flag: other })).toMatchObject({ ...HELD, pins });
    expect(await look({ env: { ...env(), MCP_GUARD_CONFIG: other } })).toMatchObject({ ...HELD, pins });
  });

  test('a run without a config', async () => {
    expect(await look()).toMatchObject({ allowed: TOOLS.join(' '), hardMs: 3_600_000 });
    expect(await look({ env: env() })).toMatchObject(HELD);
    expect(await look({ env: env(), words: ['npx', 'renamed'] })).toMatchObject(HELD);
  });

  test('an unlisted server of a config', async () => {
    put(user(), { version: 1, servers: { other: { command: 'x' } }, unlisted: 'observe' });
    expect(await look({ env: env() })).toMatchObject(HELD);
  });

  test('what approves cannot approve beyond it', async () => {
    put(user(), WIDE);
    await approve(WIDE);
    expect(await look({ env: env() })).toMatchObject(HELD);
  });

  test('`unlisted: deny` and `lock: required` leave no way around a config and its lock', async () => {
    put(ceiling(), { version: 1, unlisted: 'deny' });
    expect(await look({ env: env() })).toBe('server_unlisted');
    put(user(), { version: 1, servers: { other: { command: 'x' } }, unlisted: 'observe' });
    expect(await look({ env: env() })).toBe('server_unlisted');
    put(ceiling(), { version: 1, lock: 'required' });
    expect(await look({ env: env() })).toBe('lock_required');
    put(user(), CONFIG);
    expect(await look({ env: env() })).toBe('lock_required');
    await approve(CONFIG);
    expect(await look({ env: env() })).toMatchObject(KEPT);
    fs.rmSync(user());
    expect(await look({ env: env() })).toBe('lock_required');
  });

  test('only the keys that it names may approve', async () => {
    put(user(), CONFIG);
    await approve(CONFIG);
    put(ceiling(), { version: 1, approvers: [`ed25519:${'A'.repeat(43)}=`] });
    expect(await look({ env: env() })).toBe('lock_untrusted');
  });
});
