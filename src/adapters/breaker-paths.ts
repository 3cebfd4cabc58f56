// Where the breakers of one server lie. Knows no document.
import { join } from 'node:path';
import { fileStem } from './server-files.ts';

export const BREAKERS = 'breakers';

export interface BreakerPaths {
  readonly board: string;
  readonly isolations: string;
  /** Of both documents. */
  readonly lock: string;
}

/** @param directory of the tenant */
export function breakerPaths(directory: string, server: string): BreakerPaths {
  const stem = join(directory, BREAKERS, fileStem(server));
  return { board: `${stem}.json`, isolations: `${stem}.isolations.json`, lock: `${stem}.lock` };
}
