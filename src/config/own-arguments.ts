// What of a command line is the server's own, and not its launcher's: `npx --prefix /opt files /srv` gives the server `/srv`. For advice:
// where it cannot be told it says nothing. Pure; decides nothing.
import { LAUNCHERS, type LauncherOptions } from './launcher-options.ts';
import { findTarget } from './server-name.ts';

type Launch = readonly [options: LauncherOptions, words: readonly string[]];

const LAUNCHES: ReadonlyMap<string, Launch> = new Map<string, Launch>([
  ...['npx', 'pnpx'].map((name): [string, Launch] => [name, [LAUNCHERS.packager, []]]),
  ...['npm', 'pnpm', 'yarn'].map((name): [string, Launch] => [
    name,
    [LAUNCHERS.packager, ['exec', 'dlx', 'x', 'run', 'create']],
  ]),
  ['bunx', [LAUNCHERS.bun, []]],
  ['bun', [LAUNCHERS.bun, ['x', 'run']]],
  ['uvx', [LAUNCHERS.uv, []]],
  ['pipx', [LAUNCHERS.uv, ['run']]],
  ['uv', [LAUNCHERS.uv, ['tool', 'run', 'x']]],
  ['docker', [LAUNCHERS.docker, ['container', 'run']]],
  ['podman', [LAUNCHERS.docker, ['container', 'run']]],
  ['deno', [LAUNCHERS.deno, ['run']]],
  ...['node', 'nodejs', 'tsx', 'ts-node'].map((name): [string, Launch] => [name, [LAUNCHERS.node, ['watch']]]),
]);

/** @param args as they are written */
export function ownArguments(command: string, args: readonly string[]): readonly string[] {
  const program = (command.split(/[\\/]/).at(-1) ?? '').replace(/\.(exe|cmd|bat|ps1)$/i, '').toLowerCase();
  if (program === 'env') {
    const inner = findTarget(args, LAUNCHERS.env, [], /^[^=]*=/);
    return inner === undefined ? [] : ownArguments(inner.word, inner.after);
  }
  if (program === 'cmd') {
    const [, inner, ...after] = /^\/c$/i.test(args[0] ?? '') ? args : [];
    return inner === undefined ? [] : ownArguments(inner, after);
  }
  if (/^python[0-9.]*$/.test(program) || program === 'py') {
    // `-m` takes the name of a module: what comes behind that is the server's
    const plain = args[0] === '-m' ? args.slice(1) : args;
    return findTarget(plain, LAUNCHERS.python)?.after ?? [];
  }
  const launch = LAUNCHES.get(program);
  return launch === undefined ? args : (findTarget(args, ...launch)?.after ?? []);
}
