// Finds the file that a command names, before anything is started, so that a mistake is said in one sentence. Starts nothing.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

export type Resolution =
  | { readonly found: true; readonly path: string }
  /** `reason` is one sentence: what, why, how to mend. */
  | { readonly found: false; readonly reason: string };

/** What execvp(3) searches where PATH is not set. */
const defaultPath = '/usr/bin:/bin';

type Judgement = 'executable' | 'absent' | 'directory' | 'not executable';

function judgeFile(path: string): Judgement {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return 'directory';
    if (!stat.isFile()) return 'not executable';
    accessSync(path, constants.X_OK);
    return 'executable';
  } catch (error) {
    // TRUST: node's own error object; anything without a code is treated as absent.
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'not executable' : 'absent';
  }
}

function explainJudgement(command: string, path: string, judgement: Judgement): string {
  if (judgement === 'directory')
    return `cannot start \`${command}\`: \`${path}\` is a directory: name the program inside it`;
  if (judgement === 'not executable') {
    return `cannot start \`${command}\`: \`${path}\` is not executable: \`chmod +x\` it, or name its interpreter first`;
  }
  return `cannot start \`${command}\`: there is no file \`${path}\`: check the path`;
}

/**
 * Looks `command` up as execvp(3) does: with a slash relative to `cwd`, else in the directories of `path`. Differs in two ways: an
 * empty entry of PATH is skipped (it would mean the working directory), and the first hit must be a regular file.
 */
export function resolveCommand(command: string, path: string | undefined, cwd: string): Resolution {
  if (command === '')
    return { found: false, reason: 'cannot start the server: the command is empty: write it after `--`' };
  if (command.includes('/')) {
    const file = isAbsolute(command) ? command : resolve(cwd, command);
    const judgement = judgeFile(file);
    if (judgement === 'executable') return { found: true, path: file };
    return { found: false, reason: explainJudgement(command, file, judgement) };
  }
  let near: string | undefined;
  for (const entry of (path ?? defaultPath).split(delimiter)) {
    if (entry === '') continue;
    const file = join(isAbsolute(entry) ? entry : resolve(cwd, entry), command);
    const judgement = judgeFile(file);
    if (judgement === 'executable') return { found: true, path: file };
    if (judgement !== 'absent') near ??= explainJudgement(command, file, judgement);
  }
  const missing = `cannot start \`${command}\`: it is in no directory of PATH: install it, or give its absolute path (hosts on a desktop often start with a shorter PATH than a terminal)`;
  return { found: false, reason: near ?? missing };
}

/** Why this argv must not be run, or undefined. NUL ends a C string; CR and LF end a command line on Windows. */
export function findIllegalArgument(
  argv: readonly string[],
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  // A program over several lines (`python -c`) is an honest argument, but not for the quoting of cmd.exe.
  const illegal = platform === 'win32' ? /[\0\r\n]/ : /\0/;
  const index = argv.findIndex((argument) => illegal.test(argument));
  if (index === -1) return undefined;
  const which = index === 0 ? 'the command' : `argument ${index}`;
  return `cannot start the server: ${which} contains ${platform === 'win32' ? 'NUL, CR or LF: put multi-line programs into a file' : 'NUL, which no program can be given: remove it'}`;
}
