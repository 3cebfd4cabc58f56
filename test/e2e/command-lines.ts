// Runs a program to its end and takes what it printed: for clients that are command lines. Knows nothing of the guard.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The guard's own words on stderr are no part of what a program says. */
const withoutGuard = (text: string) => text.replace(/^mcp-guard: .*\n/gm, '');

/** Kills the program and rejects after `withinMs`. */
export async function runProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  withinMs: number,
): Promise<Printed> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  let late = false;
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
    });
  const deadline = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, withinMs);
  // `close` tells the exit code and the signal.
  const [code] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(deadline);
  if (late) throw new Error(`no end within ${withinMs} ms: ${command} ${args.join(' ')}\n${printed.stderr}`);
  return { code, ...printed, stderr: withoutGuard(printed.stderr) };
}
