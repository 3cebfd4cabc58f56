// Which package, image or address a command line runs, where one of the usual launchers fetches it. For advice: what it does not
// recognise it leaves out. Pure; judges nothing.
import type { Launched } from '../policy/lint/lint-input.ts';
import { LAUNCHERS, type LauncherOptions } from './launcher-options.ts';
import { findTarget } from './server-name.ts';

/** @param args as they are written: `${NAME}` may stand in them */
export function findLaunched(command: string, args: readonly string[]): Launched | undefined {
  const program = (command.split(/[\\/]/).at(-1) ?? '').replace(/\.(exe|cmd|bat|ps1)$/i, '').toLowerCase();
  switch (program) {
    case 'npx':
    case 'pnpx':
      // what is installed is pinned by its own lock file
      if (args.some((arg) => ['--no-install', '--no'].includes(arg))) return undefined;
      return fetched('npm', args, LAUNCHERS.packager, ['-p', '--package']);
    case 'bunx':
      return fetched('npm', args, LAUNCHERS.bun, []);
    case 'npm':
    case 'pnpm':
    case 'yarn':
    case 'bun': {
      const words = program === 'bun' ? ['x'] : program === 'npm' ? ['exec', 'x'] : ['dlx'];
      if (!words.includes(args[0] ?? '')) return undefined;
      const options = program === 'bun' ? LAUNCHERS.bun : LAUNCHERS.packager;
      return fetched('npm', args, options, ['-p', '--package'], words);
    }
    case 'uvx':
      return fetched('python', args, LAUNCHERS.uv, ['--from']);
    case 'pipx':
      return args[0] === 'run' ? fetched('python', args, LAUNCHERS.uv, ['--spec'], ['run']) : undefined;
    case 'uv':
      return args[0] === 'tool' || args[0] === 'x'
        ? fetched('python', args, LAUNCHERS.uv, ['--from'], ['tool', 'run', 'x'])
        : undefined;
    case 'docker':
    case 'podman':
      return args.includes('run') ? fetched('image', args, LAUNCHERS.docker, [], ['container', 'run']) : undefined;
    case 'deno': {
      const target = fetched('url', args, LAUNCHERS.deno, [], ['run']);
      if (target === undefined || /^https?:/.test(target.spec)) return target;
      return /^(npm|jsr):/.test(target.spec) ? { ...target, kind: 'npm' } : undefined;
    }
    case 'env': {
      const target = findTarget(args, LAUNCHERS.env, [], /^[^=]*=/);
      return target === undefined ? undefined : nested(target, args.length);
    }
    case 'cmd': {
      const [, launched, ...after] = /^\/c$/i.test(args[0] ?? '') ? args : [];
      return launched === undefined || /\s/.test(launched) ? undefined : nested({ word: launched, after }, args.length);
    }
    default:
      return undefined;
  }
}

/** What stands behind one of `named` before the target, else the target itself. */
function fetched(
  kind: Launched['kind'],
  args: readonly string[],
  options: LauncherOptions,
  named: readonly string[],
  words: readonly string[] = [],
): Launched | undefined {
  const target = findTarget(args, options, words);
  if (target === undefined) return undefined;
  const at = args.length - target.after.length - 1;
  for (const [index, arg] of args.slice(0, at).entries()) {
    const option = named.find((name) => arg === name || arg.startsWith(`${name}=`));
    if (option === undefined) continue;
    const value = arg === option ? args[index + 1] : arg.slice(option.length + 1);
    if (value !== undefined) return { kind, spec: value, index: arg === option ? index + 1 : index };
  }
  return { kind, spec: target.word, index: at };
}

function nested({ word, after }: { word: string; after: readonly string[] }, length: number): Launched | undefined {
  const found = findLaunched(word, after);
  return found === undefined ? undefined : { ...found, index: length - after.length + found.index };
}
