// The command line of bubblewrap for one server: its own processes, names and mounts, the system readable, the tenant's directories
// writable, nothing else there. Looks at the file system and starts nothing. Source: bwrap(1) 0.8.
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';

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
}

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

export function sandboxPrefix(sandbox: Sandbox): readonly string[] {
  const { bwrap, network, hostname, writable, readable, placed = [], cwd, program } = sandbox;
  return [
    bwrap,
    // The sandbox ends with the guard's supervisor, whatever is in it.
    ...[
      '--die-with-parent',
      '--unshare-user-try',
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-uts',
      '--unshare-cgroup-try',
    ],
    ...(network ? [] : ['--unshare-net']),
    ...['--hostname', hostname, '--cap-drop', 'ALL'],
    ...[...SYSTEM, ...SETTINGS].flatMap(showSystem),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run'],
    ...[...listProgramParts(program), ...readable].flatMap((path) => ['--ro-bind', path, path]),
    ...writable.flatMap((path) => ['--bind', path, path]),
    ...placed.flatMap(({ from, to, isWritable }) => [isWritable ? '--bind' : '--ro-bind', from, to]),
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
 * may be a home.
 */
function listProgramParts(program: string): readonly string[] {
  const parts = [program, fs.realpathSync(program)].flatMap((path) => {
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
