// The command line of bubblewrap for one server: its own processes, names and mounts, the system readable, the tenant's directories
// writable, nothing else there. Looks at the file system and starts nothing. Source: bwrap(1) 0.8.
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FILTER_DESCRIPTOR } from './key-filter.ts';
import type { Judge } from './shown-places.ts';

export interface Sandbox {
  /** Absolute. */
  readonly bwrap: string;
  readonly network: boolean;
  readonly hostname: string;
  readonly writable: readonly string[];
  readonly readable: readonly string[];
  /** Shown at another place, behind all others. */
  readonly placed?: readonly { readonly from: string; readonly to: string; readonly isWritable: boolean }[];
  readonly cwd: string;
  /** The program, absolute: readable, with what lies beside it in `lib`. */
  readonly program: string;
  /** Asked for each place that is not of the system; what it answers is bound. */
  readonly judge: Judge;
  /** Bytes that each of `/tmp` and `/dev/shm` may take: memory of the machine. Undefined: 256 MiB. */
  readonly memoryBytes?: number | undefined;
}

/**
 * Its own of everything, none of it to be had back: no user namespace below it, and its supervisor's end is its own. Tried as they are
 * by the probe (isolation-probe.ts).
 */
export const SANDBOX_FLAGS: readonly string[] = [
  ...['--die-with-parent', '--unshare-user', '--disable-userns', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
  ...['--unshare-cgroup-try', '--cap-drop', 'ALL'],
];

/** bubblewrap covers of /proc only what it takes for writable, which without capabilities it is not until a file is opened. */
const KERNEL_VIEW = ['--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys', '--dev', '/dev'];

const MEBIBYTE = 1_048_576;
const MOST_MEMORY = 256 * MEBIBYTE;
const RUN_MEMORY = 16 * MEBIBYTE;

/** What nearly every program needs. Nothing of a user, no state, no socket of a daemon. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/opt', '/nix/store'];
const SETTINGS = [
  ...[
    'alternatives',
    'ca-certificates',
    'crypto-policies',
    'group',
    'hosts',
    'ld.so.cache',
    'ld.so.conf',
    'ld.so.conf.d',
  ],
  ...[
    'localtime',
    'mime.types',
    'nsswitch.conf',
    'passwd',
    'pki',
    'protocols',
    'resolv.conf',
    'services',
    'ssl',
    'timezone',
  ],
].map((name) => `/etc/${name}`);

/** It is started with the filter open (key-filter.ts), or does not start. */
export function sandboxPrefix(sandbox: Sandbox): readonly string[] {
  const { bwrap, network, hostname, writable, readable, placed = [], cwd, program, judge } = sandbox;
  const memory = Math.min(sandbox.memoryBytes ?? MOST_MEMORY, MOST_MEMORY);
  const room = (path: string, bytes: number): readonly string[] => ['--size', String(bytes), '--tmpfs', path];
  return [
    bwrap,
    ...SANDBOX_FLAGS,
    ...(network ? [] : ['--unshare-net']),
    ...['--hostname', hostname, '--seccomp', FILTER_DESCRIPTOR],
    ...[...SYSTEM, ...SETTINGS].flatMap(showSystem),
    ...KERNEL_VIEW,
    ...[...room('/dev/shm', memory), ...room('/tmp', memory), ...room('/run', RUN_MEMORY)],
    ...[...listProgramParts(program, judge, writable), ...readable].flatMap((path) => [
      '--ro-bind',
      judge(path, 'read'),
      path,
    ]),
    ...writable.flatMap((path) => ['--bind', judge(path, 'write'), path]),
    ...placed.flatMap(({ from, to, isWritable }) => [isWritable ? '--bind' : '--ro-bind', from, to]),
    // what is left of them is memory without a bound
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
    ...['--chdir', cwd, '--'],
  ];
}

/** `/bin` is a link to `usr/bin` on most systems, and stays one. */
function showSystem(path: string): readonly string[] {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isSymbolicLink() && dirname(path) === '/') return ['--symlink', fs.readlinkSync(path), path];
  return ['--ro-bind', path, path];
}

/**
 * `/home/ada/.nvm/v20/bin/npx` is a link into `v20/lib`: both are readable. Any other program is readable alone: what lies beside it
 * may be a home. A program where the server writes is seen there, and leads nowhere else.
 */
function listProgramParts(program: string, judge: Judge, writable: readonly string[]): readonly string[] {
  if (writable.some((place) => program.startsWith(`${place}/`))) return [];
  const real = isVisible(program) ? fs.realpathSync(program) : judge(program, 'read');
  const parts = [program, real].flatMap((path) => {
    const bin = dirname(path);
    const lib = join(dirname(bin), 'lib');
    return basename(bin) === 'bin' && fs.existsSync(lib) ? [bin, lib] : [path];
  });
  return [...new Set(parts)].filter((path) => !isVisible(path));
}

/** Whether a path is in what every sandbox shows. */
export function isVisible(path: string, also: readonly string[] = []): boolean {
  return [...SYSTEM, ...SETTINGS, ...also].some((shown) => path === shown || path.startsWith(`${shown}/`));
}
