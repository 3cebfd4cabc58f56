// The guard's own files, which no tool may touch. Knows places only; opens nothing.
import { type FindInput, listPlaces } from '../config/find-config.ts';

/**
 * Absolute. Every place that the next start looks for a config in is among them, in a bare run, too: a tool that made one there
 * would make the policy.
 *
 * @param known what this run works with: the state directory, the config and its lock
 */
export function listOwnFiles(
  known: readonly string[],
  surroundings: Pick<FindInput, 'env' | 'cwd'>,
): readonly string[] {
  return [...new Set([...known, ...listPlaces(surroundings)])];
}
