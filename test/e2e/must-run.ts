// Runs a program that prepares something for a test, to its good end. Knows no server.
import { runProgram } from './command-lines.ts';

/** The environment of the tests, for a program that is no server. */
export const OWN_ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (value ? [[name, value]] : [])),
);

/** @throws Error with its last words, where it ends badly */
export async function mustRun(command: string, args: string[], withinMs: number): Promise<void> {
  const { code, stderr } = await runProgram(command, args, OWN_ENVIRONMENT, withinMs);
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}: ${stderr.trim().split('\n').at(-1)}`);
}
