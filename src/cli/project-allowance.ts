// By which bytes a project's config is allowed at this moment: `config allow` may be run again while a session runs under it. Knows no policy,
// and looks for no other file: a session keeps to the one that it began with.
import { allowedConfigsPath, readAllowedConfigs } from '../adapters/allowed-configs.ts';
import type { ConfigPlace } from '../config/find-config.ts';
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';

/** Whose change is a reason to read the policy again, too. */
export interface Allowance {
  /** Absolute: the record of what is allowed, of all projects. */
  readonly path: string;
  /** By which the policy was read: SHA-256, hex. */
  readonly digest: string;
  /** What stands there now for this config; a word that is no digest where it is not allowed, or nobody can tell. Never throws. */
  look(): string;
}

/** Undefined: no project's file, which nobody need allow. */
export function openAllowance(place: ConfigPlace, stateDir: string): Allowance | undefined {
  const { path, origin, digest } = place;
  if (origin !== 'project' || digest === undefined) return undefined;
  const look = (): string => {
    try {
      return digestIn(stateDir, path) ?? 'none';
    } catch {
      return 'unreadable';
    }
  };
  return { path: allowedConfigsPath(stateDir), digest, look };
}

/**
 * The place with the bytes that are allowed now. @throws GuardError config_changed (78) where none are any more, state_unusable
 */
export function allowedAgain(place: ConfigPlace, stateDir: string): ConfigPlace {
  if (place.origin !== 'project') return place;
  const digest = digestIn(stateDir, place.path);
  // INVARIANT: without a digest any content would do
  if (digest === undefined) {
    throw new GuardError('config_changed', `\`${place.path}\` is not allowed any more`, {
      hint: `run \`mcp-guard config allow ${quoteWord(place.path)}\`, or start the guard anew to go on without it`,
    });
  }
  return { ...place, digest };
}

function digestIn(stateDir: string, path: string): string | undefined {
  return readAllowedConfigs(stateDir).find((entry) => entry.path === path)?.digest;
}
