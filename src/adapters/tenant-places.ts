// A tenant's own home, temporary directory and caches: where they are, and what a server is told of them. Makes only what the guard
// itself must own; all below a home is made by the server's own user (start-prefix.ts). Knows no config.
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { StatePathError } from '../tenant/state-path-error.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { codeOf } from './state-paths.ts';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface TenantPlaces {
  readonly home: string;
  /** Of this one server; it starts there unless the config names another directory. */
  readonly work: string;
  /** Directories below the home that must be there, made by the server's user. */
  readonly needed: readonly string[];
  /** For the server: nothing replaces them. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * @param server of the config: `[a-z0-9-]` @param user undefined: the guard's own
 * @throws StatePathError, or the error of the file system
 */
export function makeTenantPlaces(scope: TenantScope, server: string, user: ServerUser | undefined): TenantPlaces {
  const [home, work] = makeOwned(scope, server, user);
  const below = (...steps: string[]): string => join(home, ...steps);
  const env = {
    HOME: home,
    USER: scope.id,
    LOGNAME: scope.id,
    TMPDIR: below('tmp'),
    XDG_CONFIG_HOME: below('.config'),
    XDG_CACHE_HOME: below('.cache'),
    XDG_DATA_HOME: below('.local', 'share'),
    XDG_STATE_HOME: below('.local', 'state'),
    XDG_RUNTIME_DIR: below('run'),
    npm_config_cache: below('.npm'),
    npm_config_userconfig: below('.npmrc'),
    PIP_CACHE_DIR: below('.cache', 'pip'),
    UV_CACHE_DIR: below('.cache', 'uv'),
  };
  const { TMPDIR, XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR } = env;
  const needed = [TMPDIR, XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR];
  if (process.platform !== 'win32') return { home, work, needed, env };
  for (const path of needed) fs.mkdirSync(path, { recursive: true });
  return {
    home,
    work,
    needed,
    env: {
      ...env,
      TEMP: TMPDIR,
      TMP: TMPDIR,
      USERPROFILE: home,
      APPDATA: XDG_CONFIG_HOME,
      LOCALAPPDATA: XDG_DATA_HOME,
    },
  };
}

/** Where gates to the network have their sockets, below directories of the guard's own; no sandbox shows it. After `makeTenantPlaces`. */
export function makeGatesPlace({ homes }: TenantScope): string {
  const gates = join(homes.directory, 'gates');
  makeDirectory(gates, 0o711, { uid: process.getuid?.(), gid: process.getgid?.() });
  return gates;
}

/** INVARIANT: the guard makes and gives away only directories whose parent is its own: nobody can put a link in their place meanwhile. */
function makeOwned({ homes }: TenantScope, server: string, user: ServerUser | undefined): readonly [string, string] {
  const own = { uid: process.getuid?.(), gid: process.getgid?.() };
  fs.mkdirSync(dirname(homes.root), { recursive: true, mode: 0o700 });
  if (user !== undefined) checkEnterable(dirname(homes.root));
  const works = join(homes.directory, 'work');
  for (const path of [homes.root, homes.directory, works]) makeDirectory(path, 0o711, own);
  const [home, work] = [join(homes.directory, 'home'), join(works, server)] as const;
  for (const path of [home, work]) makeDirectory(path, 0o700, user ?? own);
  if (user !== undefined) refuseShared(homes.root, homes.directory, user);
  return [home, work];
}

/**
 * INVARIANT: no two tenants of this machine have one user or group, wherever it comes from: two configs, a `mcpg-…` of the system. After the
 * own home was made: of two that start at once at least one sees the other.
 */
function refuseShared(root: string, own: string, user: ServerUser): void {
  for (const name of fs.readdirSync(root)) {
    const home = join(root, name, 'home');
    if (join(root, name) === own) continue;
    const stat = fs.lstatSync(home, { throwIfNoEntry: false });
    if (stat === undefined || (stat.uid !== user.uid && stat.gid !== user.gid)) continue;
    throw new StatePathError(
      `\`${home}\` of another tenant belongs to user ${stat.uid} and group ${stat.gid}: give this one \`isolation.uid\` and \`gid\` that no other has`,
    );
  }
}

/** @param owner undefined where the platform has no users: then nothing is given away or checked */
function makeDirectory(
  path: string,
  mode: number,
  { uid, gid }: { readonly uid: number | undefined; readonly gid: number | undefined },
): void {
  const hasUsers = uid !== undefined && gid !== undefined;
  try {
    fs.mkdirSync(path, { mode: 0o700 });
    if (hasUsers) fs.lchownSync(path, uid, gid);
    fs.chmodSync(path, mode);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const stat = fs.lstatSync(path);
  if (stat.isDirectory() && (!hasUsers || (stat.uid === uid && (stat.mode & 0o777) === mode))) return;
  throw new StatePathError(
    `\`${path}\` is not a directory of user ${uid} with mode ${mode.toString(8)}: move it away, and it is made anew`,
  );
}

/** Another user must be able to pass through every directory above. */
function checkEnterable(path: string): void {
  for (let at = path; ; at = dirname(at)) {
    if ((fs.statSync(at).mode & 0o001) === 0) {
      throw new StatePathError(
        `\`${at}\` cannot be entered by the tenant's own user: set \`MCP_GUARD_STATE_DIR\` to a place like \`/var/lib/mcp-guard\``,
      );
    }
    if (at === dirname(at)) return;
  }
}
