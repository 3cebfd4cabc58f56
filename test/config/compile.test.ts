// Config documents → policy, and what is refused because nothing enforces it yet. What else is wrong: compile-diagnostics.test.ts.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is the notation
import { describe, expect, test } from 'vitest';
import { NOT_YET } from '../../src/config/not-yet.ts';
import { DEFAULTS } from '../../src/config/policy.ts';
import { BARE_DEADLINE, DEFAULT_RESTART } from '../../src/core/settings.ts';
import { compilerWith } from './compiled.ts';

const VARIABLES = { HOME: '/home/ada', EMPTY: '', EVIL: 'a\nb', REF: 'env:SECRET' };
const { errorsOf, policyOf } = compilerWith({ variables: VARIABLES });

const server = (more: object) => ({ version: 1, servers: { files: { command: 'npx', ...more } } });

describe('a policy', () => {
  test('has every default filled in', () => {
    const policy = policyOf({ version: 1 });
    expect(policy).toMatchObject({
      unlisted: 'observe',
      strictPayload: false,
      audit: DEFAULTS.audit,
      shutdown: DEFAULTS.shutdown,
      maxLineBytes: 64 * 1024 * 1024,
      model: { id: undefined, metaPaths: [] },
      log: { level: undefined, file: undefined },
      source: { path: '/c/config.json', digest: 'd' },
    });
  });

  test('has the defaults of the session core', () => {
    expect(DEFAULTS.deadline).toEqual(BARE_DEADLINE);
    expect(DEFAULTS.restart).toEqual(DEFAULT_RESTART);
  });

  test('carries what was written', () => {
    const policy = policyOf({
      version: 1,
      unlisted: 'observe',
      strict: 'payload',
      audit: { payload: 'digest', maxBytes: 1_048_576, maxAgeDays: 1, onFailure: 'allow-and-count', sync: 'always' },
      model: { id: 'm', metaPaths: ['/com.example~1turn/mo~0del'] },
      shutdown: { termAfterMs: 1, killAfterMs: 2 },
      maxLineBytes: 65_536,
      log: { level: 'debug', file: 'guard.log' },
      servers: {
        files: {
          command: 'npx',
          args: ['-y', '${HOME}/x', '$${HOME}'],
          cwd: 'sub',
          env: { A: 'plain', B: 'env:TOKEN', C: 'file:${HOME}/key', D: 'literal:file:${HOME}', E: '${REF}' },
          passEnv: ['GITHUB_TOKEN'],
          onExit: 'restart',
          restart: { maxExits: 1, withinMs: 2, firstDelayMs: 3, maxDelayMs: 4 },
          deadline: { idleMs: 5, hardMs: 6 },
          tools: { 'read_*': { deadline: { hardMs: 7 } } },
          prefix: 'f',
          separator: '-',
          start: 'on-demand',
          startTimeoutMs: 8,
          idleStopMs: 9,
        },
      },
    });
    expect(policy).toMatchObject({
      unlisted: 'observe',
      strictPayload: true,
      audit: { payload: 'digest', maxBytes: 1_048_576, maxAgeDays: 1, onFailure: 'allow-and-count', sync: 'always' },
      model: { id: 'm', metaPaths: [['com.example/turn', 'mo~del']] },
      shutdown: { termAfterMs: 1, killAfterMs: 2 },
      maxLineBytes: 65_536,
      log: { level: 'debug', file: '/c/guard.log' },
    });
    expect(policy.servers.get('files')).toEqual({
      id: 'files',
      command: 'npx',
      args: ['-y', '/home/ada/x', '${HOME}'],
      cwd: '/c/sub',
      env: {
        A: { kind: 'literal', text: 'plain' },
        B: { kind: 'env', name: 'TOKEN' },
        C: { kind: 'file', path: '/home/ada/key' },
        D: { kind: 'literal', text: 'file:${HOME}' },
        // what a variable holds never becomes a reference
        E: { kind: 'literal', text: 'env:SECRET', taken: ['env:SECRET'] },
      },
      passEnv: ['GITHUB_TOKEN'],
      onExit: 'restart',
      restart: { maxExits: 1, withinMs: 2, firstDelayMs: 3, maxDelayMs: 4 },
      deadline: { idleMs: 5, hardMs: 6 },
      breaker: { tools: {}, server: {} },
      scope: undefined,
      mode: 'enforce',
      gateway: { prefix: 'f-', start: 'on-demand', startTimeoutMs: 8, idleStopMs: 9 },
      tools: [{ pattern: 'read_*', idleMs: undefined, hardMs: 7, breaker: undefined }],
    });
  });

  test('denies unlisted commands as soon as it lists one', () => {
    expect(policyOf(server({})).unlisted).toBe('deny');
  });

  test('is frozen, servers included', () => {
    const policy = policyOf(server({ args: ['a'] }));
    const files = policy.servers.get('files');
    for (const part of [policy, policy.audit, policy.model, files, files?.args, files?.env, files?.deadline]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('keeps the order of a shutdown of which one half is written', () => {
    expect(policyOf({ version: 1, shutdown: { killAfterMs: 500 } }).shutdown).toEqual({
      termAfterMs: 500,
      killAfterMs: 500,
    });
    expect(policyOf({ version: 1, shutdown: { termAfterMs: 9_000 } }).shutdown).toEqual({
      termAfterMs: 9_000,
      killAfterMs: 9_000,
    });
  });
});

describe('what is not yet enforced', () => {
  test.each(NOT_YET)('%s is refused and never ignored', (entry) => {
    const path = entry
      .replaceAll('servers.*', 'servers.files')
      .replaceAll('tools.*', 'tools.a')
      .replaceAll('tenants.*', 'tenants.acme')
      .split('.');
    for (const value of [{}, null, 'x']) {
      const document: Record<string, unknown> = { version: 1, servers: { files: { command: 'a' } } };
      let at = document;
      for (const key of path.slice(0, -1)) {
        const next = { ...(at[key] as Record<string, unknown> | undefined) };
        at[key] = next;
        at = next;
      }
      at[path.at(-1) ?? ''] = value;
      expect(errorsOf(document)).toEqual([
        `${path.join('.')}: \`${path.at(-1)}\` is not yet enforced in this version; remove it`,
      ]);
    }
  });
});
