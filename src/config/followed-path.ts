// One path with its links followed, where that can be told. Knows no config.
import { realpathSync } from 'node:fs';

/** As it was given where it cannot be told: it is not there, or may not be looked at. */
export function followPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
