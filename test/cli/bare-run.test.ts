// The short way to `run` must be the same way that the parser of all commands would have taken.
import { expect, it, vi } from 'vitest';
import { bareRunWords } from '../../src/cli/bare-run.ts';
import { createProgram } from '../../src/cli/program.ts';
import { runServer } from '../../src/cli/run.ts';

vi.mock('../../src/cli/run.ts', () => ({ runServer: vi.fn(() => Promise.resolve(0)) }));

it.each([
  ['npx', '-y', 'server'],
  ['node', 'server.js', '--', '--server', 'x'],
  ['server', 'run', '--help'],
  ['--config', 'x'],
])('takes %j %j %j as the parser does', async (...words: string[]) => {
  const argv = ['node', 'mcp-guard', 'run', '--', ...words];
  await createProgram(() => {}).parseAsync(argv);
  expect(vi.mocked(runServer)).toHaveBeenLastCalledWith(bareRunWords(argv), {});
});

it.each([
  [['run']],
  [['run', '--']],
  [['run', 'npx', 'x']],
  [['run', '--server', 'x', '--', 'y']],
  [['audit', '--', 'x']],
  [[]],
])('leaves %j to the parser', (words) => {
  expect(bareRunWords(['node', 'mcp-guard', ...words])).toBeUndefined();
});
