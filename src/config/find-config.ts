// Decides which one file the policy comes from. Only looks whether files are there: what they hold is load-config.ts's.
// Imports nothing heavy, because every `run` asks. INVARIANT: what stands in a working directory widens nothing by itself.
import { lstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { GuardError } from '../guard-error.ts';
import { quoteWord } from './shell-word.ts';

/** A project's file that `config allow` has allowed: exactly these bytes at exactly this path. */
export interface AllowedConfig {
  readonly path: string;
  /** SHA-256 of the file's bytes, hex. */
  readonly digest: string;
}

export interface ConfigPlace {
  readonly path: string;
  readonly origin: 'flag' | 'environment' | 'project' | 'user';
  /** What the bytes must hash to; undefined where any content will do. */
  readonly digest: string | undefined;
}

export interface FindInput {
  /** `--config` */
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Asked only where no file was named. @throws GuardError where the record cannot be trusted */
  readonly readAllowed: () => readonly AllowedConfig[];
}

export interface Finding {
  readonly place: ConfigPlace | undefined;
  /** A project's file that was seen and not used. */
  readonly ignored: string | undefined;
}

const PROJECT_FILES = [
  'mcp-guard.config.json',
  'mcp-guard.config.yaml',
  'mcp-guard.config.yml',
  '.mcp-guardrc',
  '.mcp-guardrc.json',
  '.mcp-guardrc.yaml',
  '.mcp-guardrc.yml',
];
const USER_FILES = ['config.json', 'config.yaml', 'config.yml'] as const;

/**
 * `--config`, else `MCP_GUARD_CONFIG`, else an allowed file of the working directory, else the user's. A named file is
 * used whether it exists or not: its absence is an error later, never a reason to look further.
 */
export function findConfigFile(input: FindInput): Finding {
  const named = input.flag ?? (input.env.MCP_GUARD_CONFIG || undefined);
  if (named !== undefined) {
    const origin = input.flag === undefined ? 'environment' : 'flag';
    return { place: { path: resolve(input.cwd, named), origin, digest: undefined }, ignored: undefined };
  }
  const present = presentFiles(input.cwd, PROJECT_FILES);
  const here = PROJECT_FILES.map((name) => join(input.cwd, name));
  const allowed = input.readAllowed().filter((entry) => here.includes(entry.path));
  if (allowed.length > 1)
    throw ambiguous(
      allowed.map((entry) => entry.path),
      'forget all but one with `mcp-guard config allow --forget FILE`',
    );
  const [entry] = allowed;
  // an allowed file that has vanished is still the one: falling back to a wider policy would reward deleting it
  if (entry !== undefined)
    return { place: { path: entry.path, origin: 'project', digest: entry.digest }, ignored: undefined };
  return { place: findUserFile(input.env), ignored: present[0] };
}

/** The project's file that `config allow` means when none is named. */
export function findProjectFile(cwd: string): string | undefined {
  const present = presentFiles(cwd, PROJECT_FILES);
  if (present.length > 1) throw ambiguous(present, 'name the one that you mean');
  return present[0];
}

/** True where a guard started in the file's directory would look for it. */
export function isProjectFile(path: string): boolean {
  return PROJECT_FILES.includes(basename(path));
}

/** Whether this is a project's file of exactly this directory. Both are real paths. */
export function isProjectFileOf(path: string, directory: string): boolean {
  return isProjectFile(path) && dirname(path) === directory;
}

/** Where a config was looked for, for somebody who expected one. */
export function showPlaces({ env, cwd }: Pick<FindInput, 'env' | 'cwd'>): string {
  const project = `an allowed \`${PROJECT_FILES[0]}\` in \`${cwd}\``;
  return `\`--config\`, \`MCP_GUARD_CONFIG\`, ${project}, \`${join(userDirectory(env), USER_FILES[0])}\` (or \`.yaml\`)`;
}

/**
 * Everything that the next start may take its policy or a ceiling from, whether it is there or not: who can write one of these can write the
 * policy. The user's directory counts with and without `XDG_CONFIG_HOME`: a host may start the guard with another environment.
 */
export function listPlaces({ env, cwd }: Pick<FindInput, 'env' | 'cwd'>): readonly string[] {
  const named = [env.MCP_GUARD_CONFIG, env.MCP_GUARD_CEILING].flatMap((path) => (path ? [resolve(cwd, path)] : []));
  const directories = [userDirectory(env), userDirectory({ HOME: env.HOME })];
  return [...new Set([...named, ...directories, ...PROJECT_FILES.map((name) => join(cwd, name))])];
}

/** What to say of a project's file that was seen and not used. */
export function explainIgnored(path: string): string {
  return `\`${path}\` is not used, because nobody has allowed it: run \`mcp-guard config allow ${quoteWord(path)}\`, or name it with \`--config\``;
}

function findUserFile(env: FindInput['env']): ConfigPlace | undefined {
  const present = presentFiles(userDirectory(env), USER_FILES);
  if (present.length > 1) throw ambiguous(present, 'remove all but one');
  const [path] = present;
  return path === undefined ? undefined : { path, origin: 'user', digest: undefined };
}

/** Where a user's config goes that is not there yet. */
export function userConfigPath(env: FindInput['env']): string {
  return join(userDirectory(env), USER_FILES[1]);
}

function userDirectory(env: FindInput['env']): string {
  const base = env.XDG_CONFIG_HOME;
  // the XDG specification: a relative path here is invalid and ignored
  const directory = base !== undefined && isAbsolute(base) ? base : join(env.HOME || homedir(), '.config');
  return join(directory, 'mcp-guard');
}

function ambiguous(paths: readonly string[], hint: string): GuardError {
  const shown = paths.map((path) => `\`${path}\``).join(' and ');
  return new GuardError('config_ambiguous', `policy comes from exactly one file, but there are ${shown}`, { hint });
}

/** A dangling link counts as present: it was meant to be there. @throws GuardError config_unreadable */
export function presentFiles(directory: string, names: readonly string[]): readonly string[] {
  return names
    .map((name) => join(directory, name))
    .filter((path) => {
      try {
        return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return false;
        throw new GuardError('config_unreadable', `cannot tell whether \`${path}\` exists`, {
          cause: error,
          hint: 'make its directory searchable for this user',
        });
      }
    });
}
