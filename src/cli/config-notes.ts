// What a valid config would stumble over if its servers were started here and now: programs, directories and secrets that
// are not there. No errors: another machine, or a host with another environment, may have them. Starts nothing.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { resolveCommand } from '../adapters/command-path.ts';
import { cleanEnvironment } from '../config/environment.ts';
import { showPath } from '../config/json-path.ts';
import type { LoadContext } from '../config/load-config.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { resolveEnv } from '../config/resolve-env.ts';
import { isGuardError } from '../guard-error.ts';
import { listScopeNotes } from './scope-notes.ts';

export interface ConfigNote {
  /** JSON path. */
  readonly path: string;
  readonly text: string;
}

/** @param cwd where a server without a `cwd` would be started */
export function listNotes(policy: Policy, context: LoadContext, cwd: string): readonly ConfigNote[] {
  const notes = [
    ...[...policy.servers.values()].flatMap((server) => listServerNotes(server, context, cwd)),
    ...listScopeNotes(policy, context.env.HOME),
  ];
  const { file } = policy.log;
  if (file === undefined || isDirectory(dirname(file))) return notes;
  const text = `the log cannot be written: there is no directory \`${dirname(file)}\`; make it first`;
  return [...notes, { path: 'log.file', text }];
}

/** @param cwd where it is started without a `cwd` of its own; undefined: in a place that the guard makes */
export function listServerNotes(
  server: ServerPolicy,
  context: LoadContext,
  cwd: string | undefined,
): readonly ConfigNote[] {
  const notes: ConfigNote[] = [];
  const at = (...keys: string[]): string => showPath(['servers', server.id, ...keys]);
  // secrets are read to see whether they can be, and dropped
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(server.env)) {
    // a look at a config starts no program and opens no keychain
    if (value.kind === 'exec') notes.push(...lookForProgram(at('env', name), name, value.argv[0], context.env.PATH));
    if (value.kind === 'exec' || value.kind === 'keychain') continue;
    try {
      Object.assign(values, resolveEnv({ [name]: value }, context));
    } catch (error) {
      if (!isGuardError(error)) throw error;
      notes.push({ path: at('env', name), text: `${error.message}; ${error.hint ?? ''}` });
    }
  }
  const directory = server.cwd ?? cwd ?? '/';
  if (!isDirectory(directory)) {
    return [...notes, { path: at('cwd'), text: `there is no directory \`${directory}\`` }];
  }
  const { PATH } = cleanEnvironment(context.env, server.passEnv, values);
  const resolution = resolveCommand(server.command, PATH, directory);
  return resolution.found ? notes : [...notes, { path: at('command'), text: resolution.reason }];
}

function lookForProgram(path: string, name: string, program: string, PATH: string | undefined): readonly ConfigNote[] {
  if (resolveCommand(program, PATH, '/').found) return [];
  const text = `\`${name}\` needs \`exec:${program} …\`, but there is no such program; install it, or give its absolute path`;
  return [{ path, text }];
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
