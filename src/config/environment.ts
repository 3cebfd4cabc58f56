// Decides which environment variables a server gets. Pure: the guard's environment comes in as a value.

export type Environment = Readonly<Record<string, string>>;

/**
 * Never passed on by a bare run: they steer the guard or load code into every process below it. `ENV` stays: POSIX shells read it
 * only when interactive, and it is widely used as an ordinary name (`ENV=production`).
 */
const withheldName = /^(?:NODE_OPTIONS|LD_.*|DYLD_.*|BASH_ENV)$/s;

/** Allow-list of design.md, section 12. */
const allowedName = new RegExp(
  `^(?:${[
    'HOME|LOGNAME|PATH|SHELL|TERM|USER|TMPDIR|TZ|LANG|LC_.*|XDG_.*',
    '(?:https?|all|no|ftp)_proxy|(?:HTTPS?|ALL|NO|FTP)_PROXY',
    'NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE',
    'npm_config_.*|NPM_CONFIG_.*|SSH_AUTH_SOCK|DOCKER_HOST',
  ].join('|')})$`,
  's',
);

/** Names on Windows differ in case from process to process, so they are compared without it. */
const allowedWindowsName =
  /^(?:APPDATA|COMSPEC|HOMEDRIVE|HOMEPATH|LOCALAPPDATA|PATH|PATHEXT|PROCESSOR_ARCHITECTURE|PROGRAMDATA|PROGRAMFILES(?:\(X86\))?|SYSTEMDRIVE|SYSTEMROOT|TEMP|TMP|USERNAME|USERPROFILE|WINDIR)$/i;

/**
 * What belongs to a user and not to a machine: a server of a tenant gets its own of these, or none. Proxies, languages and the path of
 * programs are the machine's.
 */
const userName =
  /^(?:HOME|LOGNAME|USER|SHELL|TMPDIR|TMP|TEMP|XDG_.*|(?:npm_config|NPM_CONFIG)_.*|PIP_CACHE_DIR|UV_CACHE_DIR|SSH_AUTH_SOCK|DOCKER_HOST|APPDATA|LOCALAPPDATA|USERNAME|USERPROFILE|HOMEDRIVE|HOMEPATH)$/is;

/** Names that lead to a home, temporary files or caches: set by the guard for a tenant. */
const privateName =
  /^(?:HOME|TMPDIR|TMP|TEMP|XDG_(?:CONFIG|CACHE|DATA|STATE)_HOME|XDG_RUNTIME_DIR|npm_config_cache|npm_config_userconfig|PIP_CACHE_DIR|UV_CACHE_DIR|USERPROFILE|APPDATA|LOCALAPPDATA)$/i;

export function isPrivateName(name: string): boolean {
  return privateName.test(name);
}

/** A name that every clean environment has, as `HOME` or `PATH`: what it holds is no secret. */
export function isMachineName(name: string): boolean {
  return allowedName.test(name) || allowedWindowsName.test(name);
}

/** However it is written: on Windows each of these spellings reads the same variable. */
const ownName = /^MCP_GUARD_/i;

/** The guard's own: nobody hands them on, not by `env`, `passEnv` or `--pass-env`. */
export function isOwnName(name: string): boolean {
  return ownName.test(name);
}

export interface BareEnvironment {
  readonly env: Environment;
  /** Names that were present and not passed on, sorted: to be said on stderr. */
  readonly withheld: readonly string[];
}

type Given = Readonly<Record<string, string | undefined>>;

/** For `run` without a config: what was given, minus what loads code or steers the guard. */
export function bareEnvironment(given: Given): BareEnvironment {
  const env: Record<string, string> = Object.create(null);
  const withheld: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (isOwnName(name) || withheldName.test(name)) withheld.push(name);
    else env[name] = value;
  }
  return { env, withheld: withheld.sort() };
}

/**
 * For configured servers and `--clean-env`: the allow-list and `passEnv` out of `given`, then `extra` on top. An inherited value that begins
 * with `()` is a shell function of an old bash (CVE-2014-6271) and is dropped; one in `extra` was written by the operator and stays.
 */
export function cleanEnvironment(given: Given, passEnv: readonly string[], extra: Environment): Environment {
  const named = new Set(passEnv);
  const env: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value.startsWith('()') || isOwnName(name)) continue;
    if (named.has(name) || allowedName.test(name) || allowedWindowsName.test(name)) env[name] = value;
  }
  for (const [name, value] of Object.entries(extra)) {
    if (!isOwnName(name)) env[name] = value;
  }
  return env;
}

/** A proxy with a name and a password in it, or a key in its query, is somebody's. Wherever it stands: programs read it more leniently than any rule. */
const WITH_CREDENTIALS = /[@?#]/;

/**
 * For a server of a tenant, from nothing: of the guard's environment only what is the machine's and what the config names, then what the
 * config sets, then the tenant's own places, which nothing replaces.
 */
export function tenantEnvironment(
  given: Given,
  passEnv: readonly string[],
  extra: Environment,
  places: Environment,
): Environment {
  const named = new Set(passEnv);
  const machine = Object.entries(given).filter(
    ([name, value]) =>
      named.has(name) || !(userName.test(name) || (/_proxy$/i.test(name) && WITH_CREDENTIALS.test(value ?? ''))),
  );
  return { ...cleanEnvironment(Object.fromEntries(machine), passEnv, extra), ...places };
}

/** The machine's way to the network, as far as it is nobody's. */
export function machineProxies(given: Given): Environment {
  return Object.fromEntries(
    Object.entries(given).filter(
      (entry): entry is [string, string] =>
        /^(?:https?|no)_proxy$/i.test(entry[0]) && entry[1] !== undefined && !WITH_CREDENTIALS.test(entry[1]),
    ),
  );
}
