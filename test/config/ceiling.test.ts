// Ceiling files: which there are, who may have written them, what is wrong with them, and what they come to.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ceilings } from '../../src/config/ceilings.ts';
import { compileCeiling } from '../../src/config/compile-ceiling.ts';
import { findCeilings, systemDirectories } from '../../src/config/find-ceilings.ts';
import { listKeyPaths } from '../../src/config/known-keys.ts';
import { limitsInForce } from '../../src/config/limits-in-force.ts';
import { loadCeilings } from '../../src/config/load-ceilings.ts';
import { requiredIsolation, restrictionLayers, restrictionsOn } from '../../src/config/restrict-layers.ts';
import { restrictPolicy } from '../../src/config/restrict-policy.ts';
import { buildCeilingJsonSchema } from '../../src/config/schema-ceiling.ts';
import { ruleFor } from '../../src/policy/lock/field-table.ts';
import { decideUse } from '../../src/policy/scope/scope-decision.ts';
import { policyOf } from './compiled.ts';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'ceiling-'));
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true, force: true });
});

const UID = process.getuid?.();
const isRoot = UID === 0;

function write(name: string, value: unknown, mode = 0o644): string {
  const path = join(directory, name);
  fs.writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  fs.chmodSync(path, mode);
  return path;
}

const search = (env: Record<string, string> = {}) => ({ env, cwd: directory, platform: 'linux' as const });
const find = (env?: Record<string, string>) => findCeilings(search(env), [directory]);
const load = (env?: Record<string, string>, uid = UID): Ceilings => loadCeilings(find(env), { uid });

function explain(document: unknown): readonly string[] {
  const compiled = compileCeiling({ document, by: '/etc/c', word: 'ceiling', portsFor: undefined });
  return compiled.ok ? [] : compiled.diagnostics.map(({ path, what, mend }) => `${path}: ${what}; ${mend}`);
}

describe('finding', () => {
  test('every one counts, the system-wide first, and one that is named even where it is not', () => {
    expect(find()).toEqual([]);
    write('ceiling.yaml', 'version: 1');
    write('ceiling.json', {});
    write('ceiling.toml', '');
    expect(find({ MCP_GUARD_CEILING: 'more.json' })).toEqual([
      { path: join(directory, 'ceiling.json'), origin: 'system' },
      { path: join(directory, 'ceiling.yaml'), origin: 'system' },
      { path: join(directory, 'more.json'), origin: 'environment' },
    ]);
    expect(find({ MCP_GUARD_CEILING: '' })).toHaveLength(2);
  });

  test('a dangling link was meant to be one', () => {
    fs.symlinkSync(join(directory, 'gone'), join(directory, 'ceiling.json'));
    expect(() => load()).toThrow(expect.objectContaining({ code: 'ceiling_missing', exitCode: 78 }));
  });

  test('no variable of the user takes the system-wide one away', () => {
    for (const env of [{ HOME: '/x', XDG_CONFIG_HOME: '/x', MCP_GUARD_STATE_DIR: '/x', MCP_GUARD_CONFIG: '/x' }, {}]) {
      expect(systemDirectories('linux', '/x')).toEqual(['/etc/mcp-guard']);
      write('ceiling.json', {});
      expect(find(env)).toHaveLength(1);
    }
    expect(systemDirectories('darwin', undefined)).toEqual(['/Library/Application Support/mcp-guard']);
    expect(systemDirectories('win32', undefined)).toEqual(['C:\\ProgramData\\mcp-guard']);
    expect(systemDirectories('win32', 'c:\\programdata')).toEqual(['c:\\programdata\\mcp-guard']);
    expect(systemDirectories('win32', 'D:\\Elsewhere')).toEqual([
      'C:\\ProgramData\\mcp-guard',
      'D:\\Elsewhere\\mcp-guard',
    ]);
    expect(systemDirectories('win32', 'relative')).toEqual(['C:\\ProgramData\\mcp-guard']);
  });
});

describe('trust', () => {
  test.runIf(isRoot)(
    'a system-wide one belongs to root, as does its directory, and nobody else can write either',
    () => {
      const path = write('ceiling.json', { version: 1 });
      expect(load().files).toMatchObject([{ path }]);
      const refused = (mend: RegExp): void => {
        expect(() => load()).toThrow(
          expect.objectContaining({ code: 'ceiling_untrusted', exitCode: 78, hint: expect.stringMatching(mend) }),
        );
      };
      fs.chownSync(path, 12_345, 0);
      refused(/^as root, chown it to user 0$/);
      // whoever runs the guard: the owner of the file is no other root
      expect(() => load({}, 12_345)).toThrow(expect.objectContaining({ code: 'ceiling_untrusted' }));
      fs.chownSync(path, 0, 0);
      for (const mode of [0o664, 0o646]) {
        fs.chmodSync(path, mode);
        refused(/^as root, run `chmod go-w` on it$/);
      }
      fs.chmodSync(path, 0o644);
      fs.chmodSync(directory, 0o777);
      refused(/run `chmod go-w` on `/);
      fs.chmodSync(directory, 0o755);
      fs.chownSync(directory, 12_345, 0);
      refused(/chown `.*` to user 0/);
    },
  );

  test.runIf(isRoot)('what a link leads to lies where only root can write, too', () => {
    const elsewhere = join(directory, 'elsewhere');
    fs.mkdirSync(elsewhere, { mode: 0o755 });
    fs.writeFileSync(join(elsewhere, 'c.json'), '{"version":1}', { mode: 0o644 });
    fs.symlinkSync(join(elsewhere, 'c.json'), join(directory, 'ceiling.json'));
    expect(load().files).toHaveLength(1);
    fs.chmodSync(elsewhere, 0o777);
    expect(() => load()).toThrow(expect.objectContaining({ code: 'ceiling_untrusted' }));
  });

  test.runIf(isRoot)('an additional one may belong to the user, and to nobody else', () => {
    const path = write('mine.json', { version: 1 });
    const env = { MCP_GUARD_CEILING: path };
    expect(load(env, 12_345).files).toMatchObject([{ path }]);
    fs.chownSync(path, 12_345, 0);
    expect(load(env, 12_345).files).toHaveLength(1);
    expect(() => load(env, 12_346)).toThrow(expect.objectContaining({ code: 'ceiling_untrusted' }));
    fs.chmodSync(path, 0o666);
    expect(() => load(env, 12_345)).toThrow(expect.objectContaining({ code: 'ceiling_untrusted' }));
  });

  test.each<[string, string | Buffer, string]>([
    ['no JSON', '{', 'config_unparsable'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'ceiling_unreadable'],
    ['too large', ' '.repeat(1_048_577), 'ceiling_unreadable'],
    ['a key twice', '{"version":1,"version":1}', 'ceiling_invalid'],
    ['nothing', '', 'config_unparsable'],
    ['no object', '[]', 'ceiling_invalid'],
    ['no version', '{}', 'ceiling_invalid'],
    ['a newer version', '{"version":2}', 'ceiling_invalid'],
    ['a widening key', '{"version":1,"mode":"observe"}', 'ceiling_invalid'],
  ])('nothing starts where a ceiling is %s', (_, text, code) => {
    fs.writeFileSync(join(directory, 'mine.json'), text, { mode: 0o644 });
    expect(() => load({ MCP_GUARD_CEILING: 'mine.json' })).toThrow(expect.objectContaining({ code, exitCode: 78 }));
  });

  test('a named one that is not there, or is a directory', () => {
    expect(() => load({ MCP_GUARD_CEILING: 'none.json' })).toThrow(
      expect.objectContaining({ code: 'ceiling_missing' }),
    );
    expect(() => load({ MCP_GUARD_CEILING: '.' })).toThrow(expect.objectContaining({ code: 'ceiling_unreadable' }));
  });
});

describe('what it may say', () => {
  test('everything that is wrong, at once, each with its place', () => {
    const wrong = explain({
      version: 1,
      deny: [{ tool: 'a', resource: 'b' }, {}],
      servers: {
        '*': { scope: 'basline', command: 'sh', mode: 'observe', passEnv: ['X'], deadline: { idleMs: 9, hardMs: 5 } },
        files: { deny: [{ request: 'sampling/createMesage' }], tools: { x: { deadline: { idleMs: 6, hardMs: 5 } } } },
      },
      scopes: { baseline: { grants: [{ tool: 'x', expires: '2026-02-30' }] } },
      unlisted: 'observe',
      breaker: { minimum: 30, samples: 20 },
      audit: { payload: 'off', onFailure: 'allow-and-count' },
      approvers: ['me'],
      tenants: {},
      colour: 'red',
    });
    expect(wrong.map((line) => line.slice(0, line.indexOf(':'))).toSorted()).toEqual(
      [
        ...['approvers[0]', 'audit.onFailure', 'audit.payload', 'breaker.minimum', 'colour', 'deny[0]', 'deny[1]'],
        ...['scopes.baseline.grants[0].expires', 'servers.files.deny[0].request', 'tenants', 'unlisted'],
        ...['servers.files.tools.x.deadline.idleMs', 'servers["*"].command', 'servers["*"].deadline.idleMs'],
        ...['servers["*"].mode', 'servers["*"].passEnv', 'servers["*"].scope'],
      ].toSorted(),
    );
    const line = (path: string) => wrong.find((one) => one.startsWith(`${path}:`));
    expect(line('servers["*"].command')).toBe(
      'servers["*"].command: `command` is no key of a ceiling; write it in a config, or remove it',
    );
    expect(line('servers["*"].scope')).toContain('did you mean `baseline`?');
    expect(line('colour')).toContain('unknown key `colour`; remove it; known here: `$schema`, `version`, `servers`');
  });

  test('no key of it is one that could widen', () => {
    const paths = listKeyPaths(buildCeilingJsonSchema());
    expect(paths.length).toBeGreaterThan(60);
    const structural = [
      'command',
      'args',
      'cwd',
      'env',
      'passEnv',
      'url',
      'headers',
      'prefix',
      'restart',
      'onExit',
      'log',
    ];
    expect(
      paths.filter((path) => structural.some((key) => path.startsWith(`servers.*.${key}`) || path === key)),
    ).toEqual([]);
    // what the lock has an order for, combines, or evaluates as a layer; and what has an order in `stricter-breaker.ts`
    const kinds = [
      'unite',
      'smaller',
      'larger',
      'stricter',
      'both',
      'intersect',
      'pins',
      'members',
      'servers',
      'tools',
      'free',
    ];
    const odd = paths.filter(
      (path) => !/(^|\.)(breaker|deny|scopes)(\.|$)/.test(path) && !kinds.includes(ruleFor(path)?.kind ?? ''),
    );
    expect(odd).toEqual([]);
  });

  test('limits are added, and the stronger isolation is required, of servers that no config lists, too', () => {
    const limits = [{ key: ['server'], match: { server: 'f*' }, rate: '5/min' }];
    write('one.json', { version: 1, limits, servers: { 'f*': { isolation: { required: 'L2' } } } });
    const { restrictions } = load({ MCP_GUARD_CEILING: 'one.json' });
    const config = { version: 1, limits: [{ key: ['tool'], rate: '9/s' }], servers: { files: { command: 'x' } } };
    const { policy } = restrictPolicy(policyOf(config), restrictions);
    const at = (id: string) => ({ id, cwd: undefined, home: undefined, args: [] });
    const rules = limitsInForce(policy, [at('files'), at('bare')]).map(({ rule }) => rule);
    expect(rules).toEqual(['limits[0]', `${join(directory, 'one.json')}.limits[0]`]);
    const levelOf = (id: string) => requiredIsolation(restrictionsOn(policy, policy.servers.get(id), at(id))).level;
    expect(['files', 'far', 'other'].map(levelOf)).toEqual(['L2', 'L2', 'L0']);
    expect(explain({ version: 1, limits: [{ key: ['tool'] }] })).toEqual([
      expect.stringContaining('limits[0]: it bounds nothing'),
    ]);
  });

  test('files intersect: their scopes, and the keys that may approve', () => {
    const [a, b, c] = ['A', 'B', 'C'].map((letter) => `ed25519:${letter.repeat(43)}=`);
    const grants = (tool: string) => ({ scopes: { s: { grants: [{ tool }] } }, servers: { 'f*': { scope: 's' } } });
    write('one.json', { version: 1, ...grants('read_*'), approvers: [a, b], lock: 'required' });
    write('two.json', { version: 1, ...grants('*_a'), approvers: [b, c], deny: [{ tool: 'read_x_a' }] });
    const places = ['one.json', 'two.json'].map((name) => ({
      path: join(directory, name),
      origin: 'environment' as const,
    }));
    const { restrictions, approvers, lock } = loadCeilings(places, { uid: UID });
    expect([approvers, lock]).toEqual([[b], 'required']);
    const layersOf = (id: string) =>
      restrictionLayers(
        restrictions.map(({ by, ofServer }) => ({
          ...ofServer?.({ id, cwd: undefined, home: undefined, args: [] }),
          by,
        })),
      );
    expect(layersOf('files').map(({ rule, by }) => [rule, by])).toEqual([
      ['ceiling.scopes.s', join(directory, 'one.json')],
      [join(directory, 'two.json'), join(directory, 'two.json')],
      ['ceiling-2.scopes.s', join(directory, 'two.json')],
    ]);
    const [first, ...rest] = layersOf('files');
    if (first === undefined) throw new Error('no layer');
    const rule = (tool: string) => {
      const decision = decideUse([first, ...rest], 'tool', tool, undefined, 0);
      return decision.granted || decision.refusal.rule;
    };
    expect(['read_a', 'read_b', 'write_a', 'read_x_a'].map(rule)).toEqual([
      true,
      'ceiling-2.scopes.s',
      'ceiling.scopes.s',
      'ceiling-2.deny[0]',
    ]);
    expect(layersOf('other').map(({ rule: said }) => said)).toEqual([join(directory, 'two.json')]);
  });
});
