// The name of a server that nobody named: the package or binary behind the usual launchers. Pure; knows no config.
// TRUST: the name is for people, records and the breaker, never for a decision: whoever writes the command chooses it.

/** Options of each launcher that take a value as the next argument. */
const VALUED: Readonly<Record<string, readonly string[]>> = {
  npx: ['-p', '--package', '-c', '--call', '-w', '--workspace'],
  uv: [
    '--directory',
    '--project',
    '--with',
    '--with-requirements',
    '--python',
    '-p',
    '--from',
    '--index-url',
    '--extra',
  ],
  docker: [
    '-v',
    '--volume',
    '-e',
    '--env',
    '--env-file',
    '--name',
    '--network',
    '--mount',
    '-u',
    '--user',
    '-w',
    '--workdir',
    '-p',
    '--publish',
    '--entrypoint',
    '--platform',
    '-l',
    '--label',
    '-m',
    '--memory',
    '--cpus',
  ],
  node: ['-r', '--require', '--import', '--loader', '--experimental-loader', '--env-file', '-C', '--conditions'],
  python: ['-W', '-X'],
  env: ['-u', '--unset', '-C', '--chdir'],
};

/** File names that say nothing: the directory is asked instead. */
const HOLLOW = new Set([
  'index',
  'main',
  'cli',
  'mod',
  '__main__',
  'dist',
  'build',
  'src',
  'lib',
  'out',
  'bin',
  '.',
  '',
]);

/**
 * `npx -y @scope/server-files@1.2 /tmp` → `server-files`, `node ./files/dist/index.js` → `files`, `uvx mcp-server-git` →
 * `mcp-server-git`. Always matches `[a-z0-9][a-z0-9-]{0,62}`.
 */
export function nameServer(command: string, args: readonly string[]): string {
  return toId(baseName(command, args)) || 'server';
}

function baseName(command: string, args: readonly string[]): string {
  const program = (command.split(/[\\/]/).at(-1) ?? '').replace(/\.(exe|cmd|bat|ps1)$/i, '').toLowerCase();
  if (program === 'npx' || program === 'bunx' || program === 'pnpx') return packageName(firstPlain(args, VALUED.npx));
  if (program === 'uvx' || program === 'pipx') return packageName(firstPlain(dropWords(args, ['run']), VALUED.uv));
  if (program === 'uv') return runByUv(args);
  if (['npm', 'pnpm', 'yarn', 'bun'].includes(program)) return runByPackager(args);
  if (program === 'docker' || program === 'podman') return imageName(args);
  if (/^python[0-9.]*$/.test(program) || program === 'py') return runByPython(args);
  if (['node', 'nodejs', 'tsx', 'ts-node', 'deno'].includes(program)) {
    const target = firstPlain(dropWords(args, ['run', 'watch']), VALUED.node);
    return /^(npm|jsr):/.test(target ?? '') ? packageName(target) : scriptName(target) || program;
  }
  if (program === 'env') {
    const at = args.findIndex(
      (arg, index) => !arg.startsWith('-') && !arg.includes('=') && !isValue(args, index, VALUED.env),
    );
    return at === -1 ? program : baseName(args[at] ?? '', args.slice(at + 1));
  }
  if (program === 'cmd' && /^\/c$/i.test(args[0] ?? '')) return baseName(args[1] ?? '', args.slice(2));
  return scriptName(command) || program;
}

function runByUv(args: readonly string[]): string {
  const rest = args.slice(args.findIndex((arg) => arg === 'run' || arg === 'x') + 1);
  const at = rest.findIndex((arg, index) => !arg.startsWith('-') && !isValue(rest, index, VALUED.uv));
  if (args[0] === 'tool') return packageName(firstPlain(dropWords(args, ['tool', 'run']), VALUED.uv));
  return at === -1 ? 'uv' : baseName(rest[at] ?? '', rest.slice(at + 1));
}

/** `npm exec pkg`, `pnpm dlx pkg`, `yarn dlx pkg`, `bun x pkg`, `bun run script.ts`, `npm start`. */
function runByPackager(args: readonly string[]): string {
  const target = firstPlain(dropWords(args, ['exec', 'dlx', 'x', 'run', 'create']), VALUED.npx);
  return /\.[cm]?[jt]sx?$/.test(target ?? '') ? scriptName(target) : packageName(target);
}

function runByPython(args: readonly string[]): string {
  const module = args.indexOf('-m');
  const script = args.findIndex((arg, index) => !arg.startsWith('-') && !isValue(args, index, VALUED.python));
  if (module !== -1 && (script === -1 || script > module)) return args[module + 1] ?? 'python';
  return scriptName(args[script]) || 'python';
}

function imageName(args: readonly string[]): string {
  const image = firstPlain(dropWords(args, ['container', 'run']), VALUED.docker) ?? '';
  return (
    image
      .replace(/@sha256:.*$/, '')
      .split('/')
      .at(-1)
      ?.replace(/:.*$/, '') ?? ''
  );
}

/** `@scope/name@1.2` → `name`; `npm:name`; `git+https://host/name.git` → `name`. */
function packageName(spec: string | undefined): string {
  const plain = (spec ?? '').replace(/^(npm|jsr):/, '').replace(/(?<=.)[@#=<>~[].*$/, '');
  return (
    plain
      .replace(/\.git$/, '')
      .split('/')
      .filter((part) => part !== '')
      .at(-1) ?? ''
  );
}

/** The file's name without its ending; where that says nothing, the nearest directory that says something. */
function scriptName(path: string | undefined): string {
  const parts = (path ?? '').split(/[\\/]/);
  const [file = '', ...directories] = parts.reverse();
  const name = file.replace(/\.([cm]?[jt]sx?|py|pyz|rb|sh|jar|exe|cmd|bat)$/i, '');
  if (!HOLLOW.has(name.toLowerCase())) return name;
  return directories.find((part) => !HOLLOW.has(part.toLowerCase()) && part !== '..') ?? name;
}

function firstPlain(args: readonly string[], valued: readonly string[] = []): string | undefined {
  return args.find((arg, index) => !arg.startsWith('-') && !isValue(args, index, valued));
}

function isValue(args: readonly string[], index: number, valued: readonly string[] = []): boolean {
  return valued.includes(args[index - 1] ?? '');
}

/** `args` without the launcher's own leading subcommands. */
function dropWords(args: readonly string[], words: readonly string[]): readonly string[] {
  const kept = args.findIndex((arg) => !arg.startsWith('-') && !words.includes(arg));
  return args.filter((arg, index) => !(words.includes(arg) && (kept === -1 || index < kept)));
}

function toId(name: string): string {
  const id = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return id.replace(/^-+/, '').slice(0, 63).replace(/-+$/, '');
}
