// Servers for git repositories, and a repository for them to work on: how each is had and started. Knows no guard.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './command-lines.ts';
import { mustRun, OWN_ENVIRONMENT } from './must-run.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Kept from run to run; `npm ci` clears it. */
const home = here('../../node_modules/.cache/mcp-guard/python-git-2026.1.14');
/** It was written for the first major version of its SDK, and does not say so. */
const PACKAGES = ['mcp-server-git==2026.1.14', 'mcp==1.30.0'];

export const gitOfNpm = [process.execPath, here('../../node_modules/@cyanheads/git-mcp-server/dist/index.js')];

/** The official server of PyPI; made where it is missing. Rejects with the reason where that cannot be done within 90 s. */
export async function prepareGitOfPython(): Promise<readonly string[]> {
  const program = `${home}/bin/mcp-server-git`;
  if (existsSync(program) && (await runProgram(program, ['--help'], OWN_ENVIRONMENT, 20_000)).code === 0)
    return [program];
  await mustRun('python3', ['-m', 'venv', '--clear', home], 30_000);
  await mustRun(
    `${home}/bin/python`,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES],
    60_000,
  );
  return [program];
}

const git = (repository: string, ...words: string[]): string =>
  execFileSync('git', ['-C', repository, '--no-optional-locks', ...words], { encoding: 'utf8' });

/** With one commit, one branch beside it, a staged file and one that is not. */
export function makeRepository(directory: string): string {
  const repository = join(directory, 'repository');
  mkdirSync(repository);
  git(repository, 'init', '--quiet', '--initial-branch', 'main');
  for (const [key, value] of [
    ['user.name', 'Ada'],
    ['user.email', 'ada@example.com'],
    ['commit.gpgsign', 'false'],
  ] as const)
    git(repository, 'config', key, value);
  writeFileSync(join(repository, 'a.txt'), 'first\n');
  git(repository, 'add', 'a.txt');
  git(repository, 'commit', '--quiet', '--message', 'first');
  git(repository, 'branch', 'other');
  writeFileSync(join(repository, 'b.txt'), 'second\n');
  git(repository, 'add', 'b.txt');
  writeFileSync(join(repository, 'c.txt'), 'third\n');
  return repository;
}

/** All that a writing tool could change: commits, refs, index, files, stashes, work trees, settings. */
export function showRepository(repository: string): string {
  const questions = [
    ['for-each-ref'],
    ['status', '--porcelain=v2', '--branch', '--untracked-files=all'],
    ['stash', 'list'],
    ['worktree', 'list'],
    ['config', '--local', '--list'],
    ['ls-files', '--stage'],
  ];
  return questions.map((words) => git(repository, ...words)).join('\n');
}
