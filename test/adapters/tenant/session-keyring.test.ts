// A server with a user of its own starts in a session keyring of its own: what whoever started the guard keeps in theirs is not there.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { confineServer } from '../../../src/adapters/confine-server.ts';
import { keyringPrefix } from '../../../src/adapters/session-keyring.ts';
import { compileIsolation, type IsolationPolicy } from '../../../src/config/isolation-policy.ts';

const prefix = keyringPrefix();
/** add_key and request_key are the two calls before keyctl. */
const keyctl = Number(prefix.at(-1));
/** Joins a keyring of the test's own first: nothing stays behind. */
const KEY = 'my ($type, $name, $key) = ("user", "mcp-guard-test", "of the host");';
const HOST = `${KEY} syscall(${keyctl}, 1, 0); syscall(${keyctl - 2}, $type, $name, $key, 11, -3); exec { $ARGV[0] } @ARGV`;
const LOOK = `${KEY} print syscall(${keyctl - 1}, $type, $name, 0, 0) == -1 ? "nothing" : "found"`;
const perl = (script: string, ...words: readonly string[]) => [prefix[0] ?? '', '-e', script, '--', ...words];
const run = ([command = '', ...args]: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: {} });
  return { status, stdout, stderr };
};

test('a key of the host’s is not found behind it, and is without it', ({ skip }) => {
  if (prefix.length === 0 || run(perl(HOST, ...perl(LOOK))).stdout !== 'found')
    return skip('no perl, or no keyrings here');
  expect(run(perl(HOST, ...prefix, ...perl(LOOK)))).toEqual({ status: 0, stdout: 'nothing', stderr: '' });
});

test('each argument goes on as it is, and so does the status', ({ skip }) => {
  if (prefix.length === 0) return skip('no perl here');
  const words = ['/bin/sh', '-c', 'printf "%s|" "$@"; exit 7', 'x', '-e', '$(id)', '', '--', "a'b"];
  expect(run([...prefix, ...words])).toEqual({ status: 7, stdout: "-e|$(id)||--|a'b|", stderr: '' });
});

test('what the kernel refuses otherwise than for ever keeps the server from starting', ({ skip }) => {
  if (prefix.length === 0 || process.platform !== 'linux') return skip('no perl here');
  // a call that the kernel knows, and answers with EBADF
  const close = { x64: '3', arm64: '57' }[process.arch as string];
  if (close === undefined) return skip('its calls have other numbers');
  const broken = [...prefix.slice(0, -1), close, '/bin/echo', 'started'];
  const { status, stdout, stderr } = run(broken.map((word) => word.replace('+ 0, 1, 0)', '+ 0, 987, 0)')));
  expect([status, stdout]).toEqual([126, '']);
  expect(stderr).toContain('cannot give the server a session keyring of its own');
  // one that it does not know has no keyrings behind it
  expect(run([...prefix.slice(0, -1), '9999', '/bin/echo', 'started']).stdout).toBe('started\n');
});

test('without perl, or on a processor that is not known, there is none', () => {
  expect(keyringPrefix('/nonexistent')).toEqual([]);
  expect(keyringPrefix(undefined, 'mips')).toEqual([]);
});

// only root gives a home away
test.runIf(process.getuid?.() === 0).each([
  ['a user of its own', { required: 'L1', uid: 7001 }, true],
  ['the guard’s user, as all others', { required: 'L0' }, false],
] as const)('a server that has %s starts behind it: %o', async (_, written, isBehind) => {
  const home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'keyring-'));
  try {
    fs.chmodSync(home, 0o711);
    const isolation = compileIsolation(written, (path) => path) as IsolationPolicy; // something is written
    const { places, prefixFor } = await confineServer({
      ...{ stateDir: join(home, 'state'), tenant: 'acme', server: 'srv', isolation, uid: 0, platform: 'linux' },
      required: { level: isolation.required, by: 'the config' },
      probes: { users: () => ({ kind: 'there', program: '/usr/bin/setpriv' }) },
    });
    const { words } = prefixFor('/bin/sh', [], places.work, { PATH: '/usr/bin:/bin' });
    const shown = words.join(' ');
    expect(prefix.length > 0 && shown.includes(prefix.join(' '))).toBe(isBehind && prefix.length > 0);
    // as root: what that user has left running reaches into all that is that user
    if (isBehind && prefix.length > 0) expect(shown.indexOf('--reuid 7001')).toBeGreaterThan(shown.indexOf('syscall'));
  } finally {
    fs.rmSync(home, { recursive: true });
  }
});
