// The short way to `run` must be the same way that the parser of all commands would have taken.
import { expect, it } from 'vitest';
import { type RunLine, readRunLine } from '../../src/cli/bare-run.ts';
import { createProgram } from '../../src/cli/program.ts';

const argvOf = (words: readonly string[]) => ['node', 'mcp-guard', ...words];

/** What the parser of all commands makes of it. */
async function parse(words: readonly string[]): Promise<RunLine | undefined> {
  let line: RunLine | undefined;
  const program = createProgram(
    () => {},
    (command, flags) => {
      line = { words: command, flags };
      return Promise.resolve(0);
    },
  );
  await program.parseAsync(argvOf(words));
  return line;
}

it.each<[readonly string[]]>([
  [['run', '--', 'npx', '-y', 'server']],
  [['run', '--', 'node', 'server.js', '--', '--server', 'x']],
  [['run', '--', 'server', 'run', '--help']],
  [['run', '--', '--config', 'x']],
  [['run', '--server', 'x']],
  [['run', '--config', 'a b.json', '--server', 'x']],
  [['run', '--servers', 'a,b', '--model', 'm', '--token-file', 't', '--log-file', 'l']],
  [['run', '--config', 'c.json', '--', 'node', 's.js', '--config', 'other']],
  [['run', '--server', 'run', '--', 'x']],
])('takes %j as the parser does', async (words) => {
  const line = readRunLine(argvOf(words));
  expect(line).toBeDefined();
  expect(line).toEqual(await parse(words));
});

it.each<[readonly string[]]>([
  [['run']],
  [['run', '--']],
  [['run', '--config', 'c', '--']],
  [['run', 'npx', 'x']],
  [['run', '--server', 'x', 'npx']],
  [['run', '--server']],
  [['run', '--server', '--', 'x']],
  [['run', '--server', '-x', '--', 'y']],
  [['run', '--server', '', '--', 'y']],
  [['run', '--server=x', '--', 'y']],
  [['run', '--server', 'x', '--server', 'y']],
  [['run', '--tenant', 'x', '--', 'y']],
  [['run', '--clean-env', '--', 'y']],
  [['run', '--pass-env', 'X', '--', 'y']],
  [['run', '--log-level', 'loud', '--', 'y']],
  [['run', '--help']],
  [['run', '--constructor', 'x']],
  [['audit', '--', 'x']],
  [[]],
])('leaves %j to the parser', (words) => {
  expect(readRunLine(argvOf(words))).toBeUndefined();
});
