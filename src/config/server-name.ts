// The name of a server that nobody named: the package or binary behind the usual launchers. Pure; knows no config.
// TRUST: the name is for people, records and the breaker, never for a decision: whoever writes the command chooses it.
import { LAUNCHERS, type LauncherOptions } from './launcher-options.ts';

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

/** Options that take code, or a whole command line, where others take a value. */
const CODE = /^--(eval|print|call|command)=/;

/**
 * `npx -y @scope/server-files@1.2 /tmp` → `server-files`, `node ./files/dist/index.js` → `files`, `uvx mcp-server-git` →
 * `mcp-server-git`. Always matches `[a-z0-9][a-z0-9-]{0,62}`. INVARIANT: the value of an option, known or not, and code on
 * the command line never become a name, because they may be secret; in doubt it is the launcher's own.
 */
export function nameServer(command: string, args: readonly string[]): string {
  return toId(baseName(command, args)) || 'server';
}

function baseName(command: string, args: readonly string[]): string {
  const program = (command.split(/[\\/]/).at(-1) ?? '').replace(/\.(exe|cmd|bat|ps1)$/i, '').toLowerCase();
  return launchedName(program, args) || scriptName(command) || program;
}

/** The name of what a launcher launches; empty where `program` is none, or it cannot be told for certain. */
function launchedName(program: string, args: readonly string[]): string {
  if (/^python[0-9.]*$/.test(program) || program === 'py') return runByPython(args);
  switch (program) {
    case 'npx':
    case 'pnpx':
      return packageName(findTarget(args, LAUNCHERS.packager)?.word);
    case 'bunx':
      return packageName(findTarget(args, LAUNCHERS.bun)?.word);
    case 'npm':
    case 'pnpm':
    case 'yarn':
      return runByPackager(args, LAUNCHERS.packager);
    case 'bun':
      return runByPackager(args, LAUNCHERS.bun);
    case 'uvx':
    case 'pipx':
      return packageName(findTarget(args, LAUNCHERS.uv, ['run'])?.word);
    case 'uv':
      return runByUv(args);
    case 'docker':
    case 'podman':
      return imageName(findTarget(args, LAUNCHERS.docker, ['container', 'run'])?.word);
    case 'node':
    case 'nodejs':
    case 'tsx':
    case 'ts-node':
      return scriptName(findTarget(args, LAUNCHERS.node, ['watch'])?.word);
    case 'deno': {
      const word = findTarget(args, LAUNCHERS.deno, ['run'])?.word;
      return /^(npm|jsr):/.test(word ?? '') ? packageName(word) : scriptName(word);
    }
    case 'env': {
      const target = findTarget(args, LAUNCHERS.env, [], /^[^=]*=/);
      return target === undefined ? '' : baseName(target.word, target.after);
    }
    case 'cmd': {
      // a command line in one piece is not taken apart
      const [, launched = '', ...after] = /^\/c$/i.test(args[0] ?? '') ? args : [];
      return /\s/.test(launched) ? '' : baseName(launched, after);
    }
    default:
      return '';
  }
}

function runByUv(args: readonly string[]): string {
  const word = findTarget(args, LAUNCHERS.uv);
  if (word?.word === 'tool') return packageName(findTarget(word.after, LAUNCHERS.uv, ['run'])?.word);
  const target = word?.word === 'run' || word?.word === 'x' ? findTarget(word.after, LAUNCHERS.uv) : undefined;
  return target === undefined ? '' : baseName(target.word, target.after);
}

/** `npm exec pkg`, `pnpm dlx pkg`, `yarn dlx pkg`, `bun x pkg`, `bun run script.ts`, `npm start`. */
function runByPackager(args: readonly string[], options: LauncherOptions): string {
  const word = findTarget(args, options, ['exec', 'dlx', 'x', 'run', 'create'])?.word;
  return /\.[cm]?[jt]sx?$/.test(word ?? '') ? scriptName(word) : packageName(word);
}

function runByPython(args: readonly string[]): string {
  const at = args.indexOf('-m');
  // nothing but options of python's own before it
  if (at !== -1 && findTarget([...args.slice(0, at), '.'], LAUNCHERS.python)?.after.length === 0) {
    return args[at + 1] ?? '';
  }
  return scriptName(findTarget(args, LAUNCHERS.python)?.word);
}

function imageName(image = ''): string {
  const last = image
    .replace(/@sha256:.*$/, '')
    .split('/')
    .at(-1);
  return last?.replace(/:.*$/, '') ?? '';
}

/** `@scope/name@1.2` → `name`; `npm:name`; `git+https://host/name.git` → `name`. */
function packageName(spec: string | undefined): string {
  const plain = pathOf(spec ?? '')
    .replace(/^(npm|jsr):/, '')
    .replace(/(?<=.)[@#=<>~[].*$/, '');
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
  const parts = pathOf(path ?? '').split(/[\\/]/);
  const [file = '', ...directories] = parts.reverse();
  const name = file.replace(/\.([cm]?[jt]sx?|py|pyz|rb|sh|jar|exe|cmd|bat)$/i, '');
  if (!HOLLOW.has(name.toLowerCase())) return name;
  return directories.find((part) => !HOLLOW.has(part.toLowerCase()) && part !== '..') ?? name;
}

/** The path of a URL, whose other parts may hold a token; what is no URL stays as it is. */
function pathOf(text: string): string {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return text;
  return text.replace(/^[^/]*\/\/[^/?#]*/, '').replace(/[?#].*$/s, '');
}

/**
 * The first argument that is no option of the launcher, and those after it. Undefined where there is none, or where an
 * option comes before it that is not known here: the next argument could be its value.
 * @param words subcommands to pass over @param skipped arguments to pass over
 */
export function findTarget(
  args: readonly string[],
  { valued, flags, joined }: LauncherOptions,
  words: readonly string[] = [],
  skipped?: RegExp,
): { readonly word: string; readonly after: readonly string[] } | undefined {
  let index = 0;
  for (; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (arg === '--') {
      index += 1;
      break;
    }
    if (valued.includes(arg)) index += 1;
    else if (arg.startsWith('-')) {
      const isWhole = flags.includes(arg) || joined?.test(arg) === true || (/^--[^=]+=/.test(arg) && !CODE.test(arg));
      if (!isWhole) return undefined;
    } else if (!words.includes(arg) && skipped?.test(arg) !== true) break;
  }
  const word = args[index];
  return word === undefined ? undefined : { word, after: args.slice(index + 1) };
}

function toId(name: string): string {
  const id = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return id.replace(/^-+/, '').slice(0, 63).replace(/-+$/, '');
}
