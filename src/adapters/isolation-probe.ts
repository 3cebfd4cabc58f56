// What this machine can give of the levels of isolation, found out by trying. Knows no tenant and no config; decides nothing.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { SANDBOX_FLAGS } from './bubblewrap.ts';
import { resolveCommand } from './command-path.ts';

/** A level that is there has `program`; one that is not says what is missing. */
export type Offer =
  | { readonly kind: 'there'; readonly program: string }
  | { readonly kind: 'missing'; readonly why: string };

/** The system's own directories: what a tenant could have put into PATH is not asked. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const TRIAL_MS = 5000;

/** L1: to become another user. */
export function probeUsers(platform: NodeJS.Platform, uid: number | undefined): Offer {
  if (platform !== 'linux')
    return missing(`starting a server as another user is built for Linux only, and this is ${platform}`);
  if (uid !== 0) return missing('only a guard that root starts can start a server as another user');
  return find('setpriv', 'util-linux');
}

/** L2: bubblewrap, and a kernel that lets it. @param asUser words that make another user of it, who will start it: kernels tell users apart */
export function probeSandbox(platform: NodeJS.Platform, asUser: readonly string[] = []): Offer {
  if (platform !== 'linux') return missing(`bubblewrap is for Linux, and this is ${platform}`);
  const found = find('bwrap', 'bubblewrap');
  if (found.kind === 'missing') return found;
  const view = ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--size', '4096', '--tmpfs', '/tmp'];
  const words = [...asUser, found.program, ...SANDBOX_FLAGS, '--unshare-net', ...view, '--', '/bin/sh', '-c', ':'];
  const trial = spawnSync(words[0] ?? '', words.slice(1), {
    ...{ env: {}, cwd: '/', timeout: TRIAL_MS, killSignal: 'SIGKILL' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (trial.status === 0) return found;
  const said = trial.stderr?.toString('utf8').trim().split('\n')[0] ?? '';
  return missing(`bubblewrap is installed and cannot build a sandbox here${said === '' ? '' : `: ${said}`}`);
}

/** Whether who is made by `asUser` may work in a directory. */
export function canEnter(path: string, asUser: readonly string[]): boolean {
  const [program = '', ...words] = [...asUser, '/bin/sh', '-c', 'cd -P -- "$1"', 'mcp-guard-look', path];
  const how = { env: {}, cwd: '/', timeout: TRIAL_MS, killSignal: 'SIGKILL', stdio: 'ignore' } as const;
  return spawnSync(program, words, how).status === 0;
}

/** The user and group called `name` in the system's list; undefined where there is none. */
export function findUser(name: string, passwd = '/etc/passwd'): { uid: number; gid: number } | undefined {
  const line = fs
    .readFileSync(passwd, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  const user = { uid: Number(uid), gid: Number(gid) };
  return Number.isInteger(user.uid) && user.uid > 0 && Number.isInteger(user.gid) && user.gid > 0 ? user : undefined;
}

function find(program: string, pack: string): Offer {
  const found = resolveCommand(program, SYSTEM_PATH, '/');
  return found.found ? { kind: 'there', program: found.path } : missing(`there is no \`${program}\`: install ${pack}`);
}

function missing(why: string): Offer {
  return { kind: 'missing', why };
}
