// What the words before the command of a confined server do: directories, limits, what is open, another user, a sandbox.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sandboxPrefix } from '../../../src/adapters/bubblewrap.ts';
import { probeSandbox, probeUsers } from '../../../src/adapters/isolation-probe.ts';
import { filterPrefix, writeKeyFilter } from '../../../src/adapters/key-filter.ts';
import { limitPrefix, userPrefix } from '../../../src/adapters/start-prefix.ts';

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'prefix-'));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

describe('the words before a command', () => {
  const run = (words: readonly string[], stdio: 'pipe'[] = []) => {
    const [command = '', ...args] = words;
    const { status, stdout, stderr } = spawnSync(command, args, {
      encoding: 'utf8',
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe', ...stdio],
    });
    return { status, stdout, stderr };
  };
  const limits = { openFiles: 64, processes: undefined, memoryBytes: undefined };

  test('set what they say, make directories, and pass every argument as it is', () => {
    const made = join(home, 'a b', 'c');
    const shown = run([
      ...limitPrefix(limits, [made]),
      '/bin/sh',
      '-c',
      'ulimit -n; umask; printf "%s|" "$@"',
      'x',
      '$(id)',
      '',
      '--',
      "a'b",
    ]);
    expect(shown).toEqual({ status: 0, stdout: "64\n0077\n$(id)||--|a'b|", stderr: '' });
    expect(fs.statSync(made).mode & 0o777).toBe(0o700);
  });

  test('memory is limited', () => {
    const script =
      'const held = []; for (let i = 0; i < 24; i += 1) held.push(Buffer.alloc(16e6, 1)); console.log(held.length)';
    const few = run([...limitPrefix({ ...limits, memoryBytes: 256 * 1_048_576 }, []), process.execPath, '-e', script]);
    expect(few.status).not.toBe(0);
    expect(
      run([...limitPrefix({ ...limits, memoryBytes: 2048 * 1_048_576 }, []), process.execPath, '-e', script]).stdout,
    ).toBe('24\n');
  });

  test('what the guard had inherited is closed', () => {
    const look = ['/bin/sh', '-c', 'ls /proc/self/fd | tr "\\n" " "'];
    const count = (words: readonly string[]) => run(words, ['pipe', 'pipe']).stdout.trim().split(' ').length;
    expect(count([...limitPrefix(limits, []), ...look])).toBe(count(look) - 2);
  });

  test('by the guard itself, whatever its number; what is the guard’s own stays open', () => {
    const root = join(import.meta.dirname, '..', '..', '..');
    const entry = join(root, 'src', 'adapters', 'inherited-descriptors.ts');
    const script = (say: string) => `
      import { openSync, readlinkSync } from 'node:fs';
      import { spawnSync } from 'node:child_process';
      import { buildSync } from 'esbuild';
      const options = { entryPoints: [${JSON.stringify(entry)}], write: false, format: 'esm', platform: 'node' };
      const text = buildSync(options).outputFiles[0].text;
      const { closeInherited } = await import('data:text/javascript,' + encodeURIComponent(text));
      const own = openSync('/etc/passwd');
      ${say}
      console.log(readlinkSync('/proc/self/fd/' + own), String(spawnSync('/bin/cat', ['/proc/self/fd/300']).stdout));`;
    const held = join(home, 'held');
    fs.writeFileSync(held, 'of-the-host');
    const hold = 'exec 300<"$2"; exec "$0" --input-type=module -e "$1"';
    const told = (say: string) =>
      spawnSync('bash', ['-c', hold, process.execPath, script(say), held], { encoding: 'utf8', cwd: root }).stdout;
    expect(told('')).toBe('/etc/passwd of-the-host\n');
    expect(told('closeInherited();')).toBe('/etc/passwd \n');
  });

  test('a limit that cannot be set keeps the server from starting, unless a stricter one holds', () => {
    const low = (n: string, words: readonly string[]) =>
      run(['/bin/sh', '-c', `ulimit -n ${n}; exec "$@"`, 'x', ...words]);
    if (process.getuid?.() === 0) {
      const capless = ['setpriv', '--bounding-set=-all', '--reuid', '65534', '--clear-groups'];
      const shown = low('32', [...capless, ...limitPrefix(limits, []), '/bin/sh', '-c', 'ulimit -n']);
      expect(shown.stdout).toBe('32\n');
    }
    const [shell = '', flag = '', script = '', ...rest] = limitPrefix(limits, []);
    const broken = run([shell, flag, `ulimit() { return 1; }\n${script}`, ...rest, '/bin/echo', 'started']);
    expect(broken).toMatchObject({ status: 126, stdout: '', stderr: 'mcp-guard: cannot limit open files to 64\n' });
  });

  test('another user gets no capability and no way to one', ({ skip }) => {
    if (process.getuid?.() !== 0 || probeUsers('linux', 0).kind === 'missing')
      return skip('this machine cannot show it');
    fs.chmodSync(home, 0o711);
    const shown = run([
      ...userPrefix('/usr/bin/setpriv', { uid: 7001, gid: 7002 }),
      '/bin/cat',
      '/proc/self/status',
    ]).stdout;
    expect(shown).toMatch(/^Uid:\t7001\t7001\t7001\t7001$/m);
    expect(shown).toMatch(/^Gid:\t7002\t7002\t7002\t7002$/m);
    expect(shown).toMatch(/^Groups:\t *$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(shown).toMatch(new RegExp(`^${set}:\t0+$`, 'm'));
    expect(shown).toMatch(/^NoNewPrivs:\t1$/m);
  });

  test('a sandbox shows its own directories, and nothing else of this machine', ({ skip }) => {
    const offer = probeSandbox(process.platform);
    if (offer.kind === 'missing') return skip('this machine cannot show it');
    const [own, other] = ['own', 'other'].map((name) => {
      fs.mkdirSync(join(home, name));
      return join(home, name);
    }) as [string, string];
    fs.writeFileSync(join(other, 'secret'), 'canary');
    const sandbox = {
      bwrap: offer.program,
      network: false,
      hostname: 'acme',
      writable: [own],
      readable: [],
      cwd: own,
      program: '/bin/sh',
      judge: (path: string) => path,
    };
    const script = `hostname; pwd; echo kept > mine; cat ${other}/secret; ls ${home} /home /root /var 2>&1; echo x > /usr/x; ls /proc | grep -c '^[0-9]'; ls /sys/class/net 2>&1`;
    const { stdout } = run([...filterPrefix(writeKeyFilter(home)), ...sandboxPrefix(sandbox), '/bin/sh', '-c', script]);
    expect(stdout).toMatch(new RegExp(`^acme\n${own}\n`));
    expect(stdout).not.toContain('canary');
    expect(stdout).toMatch(/\n[1-5]\n/);
    expect(fs.readFileSync(join(own, 'mine'), 'utf8')).toBe('kept\n');
    expect(fs.existsSync('/usr/x')).toBe(false);
    expect(stdout).not.toMatch(/\bother\b.*\n.*secret/);
  });
});
