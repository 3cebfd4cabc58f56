// Where `scope init` writes: the file that is named, else the policy that `run` would use, else a new one at the user's place; and
// what stands there now. Writes nothing.
import { lstatSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { type AllowedConfig, findConfigFile, isProjectFile, userConfigPath } from '../config/find-config.ts';
import { readConfigFile } from '../config/load-config.ts';
import { parseConfig } from '../config/parse-config.ts';
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import type { Notation } from '../policy/propose/new-config.ts';
import type { Json } from '../wire/json.ts';

export interface InitTarget {
  readonly path: string;
  readonly notation: Notation;
  /** Undefined: there is no such file yet. */
  readonly there: { readonly text: string; readonly digest: string; readonly document: Json | undefined } | undefined;
  /** Guards that start in its directory use it only once it is allowed, as it then stands. */
  readonly isProject: boolean;
}

export interface TargetInput {
  /** `--out` */
  readonly out: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number | undefined;
  readonly readAllowed: () => readonly AllowedConfig[];
}

/** @throws GuardError usage, config_… */
export function findInitTarget({ out, env, cwd, uid, readAllowed }: TargetInput): InitTarget {
  const path = out === undefined ? usualPath(env, cwd, readAllowed) : resolve(cwd, out);
  const isProject = isProjectFile(path);
  const ending = extname(path);
  if (!isPresent(path)) {
    if (!['.json', '.yaml', '.yml', ''].includes(ending)) {
      throw new GuardError('usage', `a config cannot be \`*${ending}\``, {
        hint: 'name it `.yaml` or `.json`',
      });
    }
    // the user's own place may have to be made; whoever names another has misspelt it
    if (out !== undefined && !isPresent(dirname(path))) {
      throw new GuardError('usage', `there is no directory \`${dirname(path)}\``, {
        hint: 'make it first, or name a file in one that exists with `--out FILE`',
      });
    }
    return { path, notation: ending === '.json' ? 'json' : 'yaml', there: undefined, isProject };
  }
  const { text, digest } = readConfigFile({ path, origin: 'flag', digest: undefined }, uid);
  const { document, diagnostics } = parseConfig(path, text);
  if (diagnostics.length > 0) {
    throw new GuardError('config_invalid', `\`${path}\` names a key twice`, {
      hint: `run \`mcp-guard config check --config ${quoteWord(path)}\``,
    });
  }
  // JSON is YAML as well, and is extended as what it is
  const notation = ending === '.json' || (ending === '' && text.trimStart().startsWith('{')) ? 'json' : 'yaml';
  // a parser has made it, and it is compared with what is written in the end
  return { path, notation, there: { text, digest, document: document as Json | undefined }, isProject };
}

function usualPath(env: TargetInput['env'], cwd: string, readAllowed: TargetInput['readAllowed']): string {
  const { place } = findConfigFile({ flag: undefined, env, cwd, readAllowed });
  if (place?.origin === 'project') {
    throw new GuardError('usage', `guards that start here use \`${place.path}\`, which is allowed as it stands`, {
      hint: `name it with \`--out ${quoteWord(place.path)}\`, and run \`mcp-guard config allow\` again afterwards`,
    });
  }
  return place?.path ?? userConfigPath(env);
}

/** A dangling link is there, too: it was meant to be. */
function isPresent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw new GuardError('config_unreadable', `cannot tell whether \`${path}\` exists`, {
      cause: error,
      hint: 'name a file in a directory that this user can search',
    });
  }
}
