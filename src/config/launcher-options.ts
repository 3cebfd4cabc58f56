// The options of the usual launchers, as far as they stand before the name of what is launched. Data only; server-name.ts
// reads it. TRUST: an option that is missing here costs a good name, one that is wrong here could make a name of a secret.

export interface LauncherOptions {
  /** Takes the next argument as its value. */
  readonly valued: readonly string[];
  /** Takes no value. */
  readonly flags: readonly string[];
  /** Short flags written together, as `-it`. */
  readonly joined?: RegExp;
}

const NODE: LauncherOptions = {
  valued: ['-r', '--require', '--import', '--loader', '--experimental-loader', '--env-file', '-C', '--conditions'],
  flags: [
    ...['--enable-source-maps', '--expose-gc', '--inspect', '--inspect-brk', '--no-deprecation', '--no-warnings'],
    ...['--experimental-strip-types', '--experimental-vm-modules', '--preserve-symlinks', '--trace-warnings'],
    ...['--watch', '--no-cache', '--esm', '-T', '--transpile-only'],
  ],
};

const DENO: LauncherOptions = {
  valued: ['-c', '--config', '--import-map', '--cert'],
  flags: [
    ...['-A', '--allow-all', '--allow-env', '--allow-ffi', '--allow-import', '--allow-net', '--allow-read'],
    ...['--allow-run', '--allow-sys', '--allow-write', '--no-check', '--no-config', '--no-lock', '--no-prompt'],
    ...['--cached-only', '--no-npm', '--no-remote', '-q', '--quiet', '-r', '--reload', '--watch'],
  ],
};

/** npx, npm, pnpm and yarn: only what means the same to each that has it. */
const PACKAGER: LauncherOptions = {
  valued: ['-p', '--package', '--workspace', '--prefix', '--registry', '--cwd', '--filter'],
  flags: [
    ...['-y', '--yes', '--no', '--no-install', '-q', '--quiet', '-s', '--silent', '--if-present', '--ignore-existing'],
    ...['--offline', '--prefer-offline', '--prefer-online'],
  ],
};

/** Here `-p` prints the value of code. */
const BUN: LauncherOptions = {
  valued: ['--cwd', '-r', '--preload', '--env-file'],
  flags: ['-b', '--bun', '--silent', '--verbose', '--watch', '--hot', '--smol', '--no-install', '-y'],
};

const UV: LauncherOptions = {
  valued: [
    ...['--directory', '--project', '--with', '--with-editable', '--with-requirements', '--python', '-p', '--from'],
    ...['--spec', '--index', '--index-url', '-i', '--default-index', '--extra-index-url', '--extra', '--group'],
    ...[
      '--env-file',
      '--cache-dir',
      '--config-file',
      '--prerelease',
      '--constraint',
      '--package',
      '--find-links',
      '-f',
    ],
  ],
  flags: [
    ...['-q', '--quiet', '-v', '--verbose', '-n', '--no-cache', '--refresh', '--isolated', '--offline', '--native-tls'],
    ...[
      '--no-config',
      '--no-project',
      '--no-sync',
      '--frozen',
      '--locked',
      '--all-extras',
      '--no-dev',
      '-U',
      '--upgrade',
    ],
    ...['--no-progress', '--managed-python', '--no-managed-python', '--active', '--exact', '-s', '--script'],
  ],
};

const DOCKER: LauncherOptions = {
  valued: [
    ...['-v', '--volume', '--mount', '--tmpfs', '-e', '--env', '--env-file', '--name', '--network', '--net'],
    ...['-u', '--user', '-w', '--workdir', '-p', '--publish', '--entrypoint', '--platform', '--pull', '--restart'],
    ...['-l', '--label', '-m', '--memory', '--cpus', '--pids-limit', '--shm-size', '--ulimit', '--gpus', '--device'],
    ...['--cap-add', '--cap-drop', '--security-opt', '--add-host', '--dns', '-h', '--hostname', '--ipc', '--pid'],
    ...['--log-driver', '--log-opt', '-c', '--context', '-H', '--host', '--config', '-a', '--attach', '--volumes-from'],
  ],
  flags: ['--rm', '--interactive', '--tty', '--init', '--detach', '--privileged', '--read-only', '-P', '--quiet', '-q'],
  joined: /^-[dit]+$/,
};

const PYTHON: LauncherOptions = {
  valued: ['-W', '-X'],
  flags: [],
  joined: /^-(?:[bBdEiIOPqsSuvx]+|[23](?:\.[0-9]+)?)$/,
};

const ENV: LauncherOptions = {
  valued: ['-u', '--unset', '-C', '--chdir'],
  flags: ['-i', '-', '--ignore-environment'],
};

export const LAUNCHERS = {
  node: NODE,
  deno: DENO,
  packager: PACKAGER,
  bun: BUN,
  uv: UV,
  docker: DOCKER,
  python: PYTHON,
  env: ENV,
} as const;
