// The guard's own files, which no tool may touch. Knows places only; opens nothing.
import { systemDirectories } from '../config/find-ceilings.ts';
import { type FindInput, listPlaces } from '../config/find-config.ts';

/** What a run works with: where everything is kept, and under a config that and its lock. The one list of them. */
export function listKnownFiles(
  stateDir: string,
  policy: { readonly config: string; readonly lock: string } | undefined,
): readonly string[] {
  return policy === undefined ? [stateDir] : [stateDir, policy.config, policy.lock];
}

/**
 * Absolute. Every place that the next start looks for a config or a ceiling in is among them, in a bare run, too: a tool that made one there
 * would make the policy.
 *
 * @param known `listKnownFiles`
 */
export function listOwnFiles(
  known: readonly string[],
  surroundings: Pick<FindInput, 'env' | 'cwd'>,
): readonly string[] {
  const ceilings = systemDirectories(process.platform, surroundings.env.ProgramData);
  return [...new Set([...known, ...listPlaces(surroundings), ...ceilings])];
}
