// A project's config under a running session: what `config allow` says of it by now counts, of no other file, and nothing without it.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allowedConfigsPath } from '../../src/adapters/allowed-configs.ts';
import { digestFile, signFiles } from '../../src/adapters/file-look.ts';
import { openPolicy, type PolicySources } from '../../src/cli/open-policy.ts';
import { PolicyInForce } from '../../src/cli/policy-in-force.ts';
import { allowedAgain, openAllowance } from '../../src/cli/project-allowance.ts';
import { watchRunPolicy } from '../../src/cli/run-reload.ts';
import type { ReloadAnswer } from '../../src/ports/guard-status.ts';

let home: string;
let config: string;
let state: string;
beforeEach(() => {
  home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'guard-allowance-')));
  [config, state] = [join(home, 'mcp-guard.config.json'), join(home, 'state')];
  fs.mkdirSync(state, { mode: 0o700 });
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const write = (...tools: string[]): void => {
  const grants = tools.map((tool) => ({ tool }));
  const servers = { one: { command: 'true', scope: 'a' } };
  fs.writeFileSync(config, JSON.stringify({ version: 1, servers, scopes: { a: { grants } } }), { mode: 0o600 });
};
const record = (...allowed: { path: string; digest: string }[]): void =>
  fs.writeFileSync(allowedConfigsPath(state), JSON.stringify({ version: 1, allowed }), { mode: 0o600 });
const allow = (): void => record({ path: join(home, 'other'), digest: 'f'.repeat(64) }, here());
const here = () => ({ path: config, digest: digestFile(config) });
const place = () => ({ path: config, origin: 'project' as const, digest: digestFile(config) });

describe('the place of a project’s config', () => {
  it('has the bytes that are allowed now, and none without a digest', () => {
    write('ping');
    const begun = place();
    write('pong');
    allow();
    expect(allowedAgain(begun, state)).toEqual(place());
    record({ path: `${config}.yaml`, digest: digestFile(config) });
    expect(() => allowedAgain(begun, state)).toThrow('is not allowed any more');
    fs.writeFileSync(allowedConfigsPath(state), 'no JSON', { mode: 0o600 });
    expect(() => allowedAgain(begun, state)).toThrow('cannot tell which project configs are allowed');
    expect(openAllowance(begun, state)?.look()).toBe('unreadable');
  });

  it('is left as it is where it was named', () => {
    const named = { path: config, origin: 'flag' as const, digest: undefined };
    expect([allowedAgain(named, state), openAllowance(named, state)]).toEqual([named, undefined]);
  });
});

describe('a session under a project’s config', () => {
  const answers: (string | undefined)[] = [];
  let sources: PolicySources;
  let inForce: PolicyInForce;
  let end: () => void;
  let action: () => void;
  const request = (): string => join(home, 'x.reload');
  /** Until the watch has come to rest. */
  const look = async (): Promise<void> => {
    for (let turn = 0; turn < 2; turn += 1) {
      const rearmed = new Promise<void>((resolve) => (onArmed = resolve));
      action();
      await rearmed;
    }
  };
  let onArmed: () => void = () => {};
  const ask = async (): Promise<string | undefined> => {
    fs.writeFileSync(request(), '0123456789abcdef', { mode: 0o600 });
    await look();
    return answers.at(-1);
  };
  const granted = (): readonly string[] | undefined =>
    inForce.held.policy?.servers.get('one')?.scope?.grants.map(({ pattern }) => pattern);
  beforeEach(async () => {
    answers.length = 0;
    write('ping', 'hang');
    allow();
    sources = {
      place: place(),
      context: {
        ...{ env: { HOME: home }, uid: process.getuid?.(), stateDir: state, tenant: 'default', actor: 'ada' },
        identify: async () => undefined,
      },
      cwd: home,
      nowMs: () => 1_000,
    };
    const first = await openPolicy(sources, false);
    await first.lock?.lockFirst(() => {});
    inForce = new PolicyInForce(await openPolicy(sources, true));
    const onReload = (reload: ReloadAnswer | null): void => void answers.push(reload?.outcome);
    end = watchRunPolicy({
      inForce,
      open: () => openPolicy(sources, true),
      status: { policyIs: ({ reload }) => onReload(reload) },
      requestPath: request,
      note: () => {},
      clock: { now: () => ({ wallMs: 1_000, monoMs: 0 }) },
      timers: {
        after: (_, act) => {
          action = act;
          onArmed();
          return () => {};
        },
      },
      log: { write: () => {} },
    });
  });
  afterEach(() => end());

  it('takes over what was changed and allowed again, by itself, and each time', async () => {
    for (const tools of [['ping'], ['hang']]) {
      write(...tools);
      await look();
      expect([answers.at(-1), granted()]).not.toEqual(['taken_over', tools]);
      expect(await ask()).toBe('kept');
      allow();
      await look();
      expect([answers.at(-1), granted()]).toEqual(['taken_over', tools]);
      expect(await ask()).toBe('unchanged');
    }
  });

  it('keeps what it has where other bytes were allowed than are there, or the permission was taken back', async () => {
    allow();
    write('ping');
    expect(await ask()).toBe('kept');
    record();
    write('ping', 'hang');
    expect(await ask()).toBe('kept');
    allow();
    expect([await ask(), granted()]).toEqual(['unchanged', ['ping', 'hang']]);
  });

  it('takes the allowance of another project for no news', async () => {
    record({ path: join(home, 'third'), digest: 'e'.repeat(64) }, here());
    await look();
    expect(answers).toEqual([]);
    expect(await ask()).toBe('unchanged');
  });

  it('says at once that its config is another file behind its name', async () => {
    const there = join(home, 'there');
    fs.mkdirSync(there, { mode: 0o700 });
    fs.renameSync(config, join(there, 'mcp-guard.config.json'));
    fs.symlinkSync(join(there, 'mcp-guard.config.json'), config);
    expect(await ask()).toBe('kept');
  });
});

describe('where a name leads', () => {
  it('is part of what a file is: behind a link in its path it is another one', () => {
    const [one, other] = ['one', 'other'].map((name) => join(home, name));
    if (one === undefined || other === undefined) return expect.unreachable();
    fs.mkdirSync(one);
    fs.writeFileSync(join(one, 'c'), 'x');
    const before = signFiles([join(one, 'c')]);
    fs.renameSync(one, other);
    fs.symlinkSync(other, one);
    expect(signFiles([join(one, 'c')])).not.toBe(before);
  });
});
