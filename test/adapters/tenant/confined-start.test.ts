// What starts a confined server heeds nothing of it and holds nothing of the host's: variables, working directory, descriptors, keyring.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { confineServer } from '../../../src/adapters/confine-server.ts';
import { handOver } from '../../../src/adapters/handed-environment.ts';
import { probeSandbox } from '../../../src/adapters/isolation-probe.ts';
import { keyringPrefix } from '../../../src/adapters/session-keyring.ts';
import { createSpawner } from '../../../src/adapters/spawn-upstream.ts';
import { limitPrefix } from '../../../src/adapters/start-prefix.ts';
import { killerWords } from '../../../src/adapters/user-processes.ts';
import { compileIsolation, type IsolationPolicy } from '../../../src/config/isolation-policy.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const uid = 7031;
let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'confined-start-'));
  fs.chmodSync(home, 0o711);
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const LIMITS = limitPrefix({ openFiles: 256, processes: undefined, memoryBytes: undefined }, []);

interface Start {
  readonly prefix: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What `script` says, as the server. */
async function run({ prefix, cwd, env }: Start, script: string, command = '/bin/sh') {
  const given = { command, args: ['-c', script], prefix, cwd, env, stderr: 'pipe' } as const;
  const server = createSpawner({ outerRun: undefined }).spawn(given);
  const said = [text(server.stdout), text(server.stderr ?? Readable.from([]))];
  const [out = '', err = ''] = await Promise.all(said);
  return { out, err, exit: await server.exited };
}

async function confine(
  required: 'L1' | 'L2',
  cwd: string | undefined,
  env: Readonly<Record<string, string>>,
  command = '/bin/sh',
) {
  const isolation = compileIsolation({ required, uid }, (path) => path) as IsolationPolicy; // something is written
  const { places, prefixFor } = await confineServer({
    ...{ stateDir: join(home, 'state'), tenant: 'acme', server: 'srv', isolation, uid: 0 },
    required: { level: required, by: 'the config' },
  });
  const at = cwd ?? places.work;
  const { words, notes } = prefixFor(command, [], at, env);
  return { prefix: words, cwd: at, env, notes, work: places.work };
}

describe('what runs before the last words', () => {
  test('finds no variable of the server’s under its name, and works in `/`; the server has all, in its directory', async () => {
    const seen = join(home, 'seen');
    const look = ['/bin/sh', '-c', `cat /proc/self/environ > "$1"; pwd -P >> "$1"; shift; exec "$@"`, 'look', seen];
    const inner = limitPrefix({ openFiles: 256, processes: undefined, memoryBytes: undefined }, [], home);
    const env = {
      LD_LIBRARY_PATH: ':/opt/lib',
      BASH_ENV: '/x',
      PATH: '/usr/bin:/bin',
      N: '1',
      fd: 'a',
      dir: 'b',
      held: 'c',
    };
    const shown = await run(
      { prefix: [...look, ...inner], cwd: home, env },
      'pwd -P; tr "\\0" "\\n" </proc/self/environ',
    );
    const [words = '', place] = fs.readFileSync(seen, 'latin1').split(/\0(?=[^\0]*$)/);
    const names = words.split('\0').map((word) => word.split('=')[0]);
    expect(names.filter((name) => !/^(?:MCP_GUARD_ENV_\d+|MCP_GUARD_RUN|PWD)$/.test(name ?? ''))).toEqual([]);
    expect(names).toContain('MCP_GUARD_ENV_6');
    expect(place).toBe('/\n');
    const lines = shown.out.trim().split('\n');
    expect(lines[0]).toBe(home);
    const own = lines.slice(1).filter((line) => !/^(?:MCP_GUARD_RUN|PWD)=/.test(line));
    expect(own.sort()).toEqual(
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });

  test('the run’s mark cannot be set by the config', async () => {
    const env = { PATH: '/usr/bin:/bin', MCP_GUARD_RUN: 'of-the-config' };
    const { out } = await run({ prefix: LIMITS, cwd: home, env }, 'echo "$MCP_GUARD_RUN"');
    expect(out).toMatch(/^[0-9a-f]{32}\n$/);
  });

  test('every value arrives as it is; a name that no shell knows, or that is the carrier’s, does not', () => {
    const name = fc.constantFrom('A', 'b_1', 'HELD', 'N', 'IFS', 'PATH', '_x', 'held', 'cwd');
    const value = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((one) => !one.includes('\0') && one.isWellFormed());
    const odd = ['$(id)', "a'b\n\n", '-n', '\u0081\u0001\u0088', '`x`\\', ''];
    fc.assert(
      fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 }), (given) => {
        const handed = handOver({ ...given, 'a-b': 'lost', MCP_GUARD_ENV_0: 'lost', MCP_GUARD_ENV_HELD: 'A=lost' });
        const [program = '', ...args] = [...LIMITS, '/usr/bin/env', '-0'];
        const { stdout } = spawnSync(program, args, { env: handed, encoding: 'utf8', cwd: '/' });
        const words = stdout.split('\0').slice(0, -1);
        const pairs = words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]);
        const { PWD: _, ...had } = Object.fromEntries(pairs);
        expect(had).toEqual({ ...given });
      }),
      { numRuns: 9, examples: odd.map((A): [Record<string, string>] => [{ A }]) },
    );
  });
});

describe.runIf(isRoot)('as root, with a user of its own', () => {
  const LOADED = { PATH: '/usr/bin:/bin', PERL5OPT: '-Mnot::there', LD_LIBRARY_PATH: ':/not/there' };

  test.for(['L1', 'L2'] as const)(
    'a library that the server left where it works is not loaded before it: %s',
    async (level, { skip }) => {
      if (level === 'L2' && probeSandbox(process.platform).kind === 'missing') return skip('no bubblewrap here');
      const start = await confine(level, undefined, LOADED);
      // a loader that finds one of them ends its program
      for (const name of ['libcap-ng.so.0', 'libcap.so.2', 'libselinux.so.1', 'libcrypt.so.1'])
        fs.writeFileSync(join(start.work, name), 'no library');
      const { out, err } = await run(start, 'echo "$LD_LIBRARY_PATH $PERL5OPT"; id -u');
      expect([out.split('\n')[0], err.includes('no library')]).toEqual([':/not/there -Mnot::there', false]);
    },
  );

  test('a link in the place of `cwd` leads into nothing that is closed to its user', async () => {
    const [closed, own] = [join(home, 'closed'), join(home, 'own')];
    fs.mkdirSync(join(closed, 'app'), { recursive: true });
    fs.writeFileSync(join(closed, 'app', 'private'), 'of another');
    fs.chmodSync(closed, 0o700);
    fs.mkdirSync(join(own, 'repo'), { recursive: true });
    const env = { PATH: '/usr/bin:/bin' };
    expect((await run(await confine('L1', join(own, 'repo'), env), 'pwd')).out).toBe(`${join(own, 'repo')}\n`);
    // behind the guard's own look
    const start = await confine('L1', join(own, 'repo'), env);
    fs.rmdirSync(join(own, 'repo'));
    fs.symlinkSync(join(closed, 'app'), join(own, 'repo'));
    const { out, err, exit } = await run(start, 'cat private');
    expect([out, exit]).toEqual(['', { kind: 'exited', code: 126 }]);
    expect(err).toBe('mcp-guard: the working directory is closed to the server: open `cwd` to its user\n');
  });

  test.each(['L1', 'L2'] as const)(
    'a `cwd` that its user cannot enter is named before anything starts: %s',
    async (level) => {
      const [closed, inner] = [join(home, 'closed'), join(home, 'closed', 'app')];
      fs.mkdirSync(inner, { recursive: true });
      fs.chmodSync(closed, 0o700);
      const env = { PATH: '/usr/bin:/bin' };
      const link = join(home, 'link');
      fs.symlinkSync(inner, link);
      for (const cwd of [inner, link])
        await expect(confine(level, cwd, env)).rejects.toMatchObject({
          code: 'isolation_unavailable',
          message: `\`srv\` of the tenant \`acme\` works in \`${cwd}\` (\`cwd\`), and its user ${uid} cannot enter \`${closed}\``,
          hint: expect.stringContaining('mode 711'),
        });
      await expect(confine(level, join(home, 'none'), env)).rejects.toThrow(/works in .* which is not there/);
      // the mode alone does not decide: the user may be let in by its group, or own it
      for (const [owner, group, mode] of [
        [uid, 0, 0o700],
        [0, uid, 0o710],
        [0, 0, 0o711],
      ] as const) {
        fs.chownSync(closed, owner, group);
        fs.chmodSync(closed, mode);
        expect((await confine('L1', inner, env)).cwd).toBe(inner);
      }
      fs.chownSync(closed, uid, 0);
      fs.chmodSync(closed, 0o077);
      await expect(confine('L1', inner, env)).rejects.toThrow(/cannot enter/);
    },
  );

  test('a program that is not there has no sandbox, and does not start without one when it has come', async ({
    skip,
  }) => {
    if (probeSandbox(process.platform).kind === 'missing') return skip('no bubblewrap here');
    const program = join(home, 'late');
    const start = await confine('L2', undefined, { PATH: '/usr/bin:/bin' }, program);
    fs.writeFileSync(program, '#!/bin/sh\necho started\n', { mode: 0o755 });
    expect(await run(start, '', program)).toMatchObject({ out: '', exit: { kind: 'exited', code: 126 } });
  });

  test('a name that no shell can pass on is said', async () => {
    const { notes } = await confine('L1', undefined, { PATH: '/usr/bin:/bin', 'a-b': '1' });
    expect(notes).toEqual(['it does not get the variable `a-b`: no shell can pass that name on']);
  });

  test('all that becomes its user has left the host’s keyring: the trial of the sandbox, the gate, the killer', async () => {
    const asked: (readonly string[])[] = [];
    const isolation = compileIsolation({ required: 'L3', uid, network: ['a.com'] }, (path) => path) as IsolationPolicy;
    await confineServer({
      ...{ stateDir: join(home, 'state'), tenant: 'acme', server: 'srv', isolation, uid: 0 },
      required: { level: 'L3', by: 'the config' },
      probes: {
        runtime: () => ({ kind: 'there', entry: '/m/i.js', modules: '/m', socat: '/usr/bin/socat' }),
        sandbox: (_, asUser = []) => {
          asked.push(asUser);
          return { kind: 'there', program: '/usr/bin/bwrap' };
        },
        gate: async ({ asUser }) => {
          asked.push(asUser);
          return { socket: '/g/one.sock', token: 'ab'.repeat(16) };
        },
      },
    });
    const keyring = keyringPrefix();
    expect(asked).toHaveLength(2);
    for (const words of [...asked, killerWords({ uid, gid: uid })]) {
      expect(words.slice(0, keyring.length)).toEqual(keyring);
      expect(words.slice(keyring.length + 1, keyring.length + 3)).toEqual(['--reuid', String(uid)]);
    }
  });

  test('what the host left open is closed before anything is its user, also before a killer', () => {
    const told = (entry: string, call: string) => {
      const script = `
        import * as fs from 'node:fs';
        import { buildSync } from 'esbuild';
        const options = { entryPoints: [${JSON.stringify(join(root, 'src', 'adapters', entry))}], bundle: true, write: false };
        const built = buildSync({ ...options, format: 'esm', platform: 'node', packages: 'external' }).outputFiles[0].text;
        fs.writeFileSync(process.argv[1], built);
        const made = await import(process.argv[1]);
        const look = () => fs.existsSync('/proc/self/fd/300') ? 'open' : 'closed';
        console.log(look());
        ${call}`;
      const hold = 'exec 300</etc/passwd; exec "$0" --input-type=module -e "$1" "$2"';
      const at = join(home, `${entry}.mjs`);
      return spawnSync('bash', ['-c', hold, process.execPath, script, at], { encoding: 'utf8', cwd: root }).stdout;
    };
    const isolation = JSON.stringify(compileIsolation({ required: 'L2', uid }, (path) => path));
    const probes = `{ sandbox: () => { console.log(look()); return { kind: 'missing', why: 'x' }; } }`;
    const input = `{ stateDir: ${JSON.stringify(join(home, 'state'))}, tenant: 'acme', server: 'srv', isolation: ${isolation}, uid: 0, required: { level: 'L2', by: 'x' }, probes: ${probes} }`;
    expect(told('confine-server.ts', `await made.confineServer(${input}).catch(() => {});`)).toBe('open\nclosed\n');
    const killed = `
      const { spawn } = await import('node:child_process');
      const one = spawn('/bin/sleep', ['20'], { uid: ${uid + 1}, gid: ${uid + 1}, stdio: 'ignore' });
      await new Promise((up) => one.once('spawn', up));
      await made.endProcessesOf({ uid: ${uid + 1}, gid: ${uid + 1} }, { after: (ms, call) => setTimeout(call, ms) });
      console.log(look());`;
    expect(told('user-processes.ts', killed)).toBe('open\nclosed\n');
  });
});
