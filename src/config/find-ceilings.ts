// Which ceiling files there are. Only looks whether they are there: what they hold is load-ceilings.ts's. Imports nothing heavy,
// because every `run` asks. INVARIANT: nothing that a user can set takes the system-wide one away.
import { resolve, win32 } from 'node:path';
import { presentFiles } from './find-config.ts';

export interface CeilingPlace {
  readonly path: string;
  /** `system`: only the administrator may write it. `environment`: an additional one, which this user may write. */
  readonly origin: 'system' | 'environment';
}

export interface CeilingSearch {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
}

const FILES = ['ceiling.json', 'ceiling.yaml', 'ceiling.yml'];
/** Whatever `%ProgramData%` says: a variable must not take a ceiling away. */
const WINDOWS = 'C:\\ProgramData';

/**
 * Every one of them counts, the system-wide first. One that was named is listed whether it is there or not.
 *
 * @param directories for tests @throws GuardError config_unreadable where it cannot be told what is there
 */
export function findCeilings(
  { env, cwd, platform }: CeilingSearch,
  directories: readonly string[] = systemDirectories(platform, env.ProgramData),
): readonly CeilingPlace[] {
  const system = directories.flatMap((directory) => presentFiles(directory, FILES));
  const named = env.MCP_GUARD_CEILING;
  return [
    ...system.map((path): CeilingPlace => ({ path, origin: 'system' })),
    ...(named ? [{ path: resolve(cwd, named), origin: 'environment' } as const] : []),
  ];
}

/** @param programData `%ProgramData%`; a ceiling there counts, too */
export function systemDirectories(platform: NodeJS.Platform, programData: string | undefined): readonly string[] {
  if (platform === 'darwin') return ['/Library/Application Support/mcp-guard'];
  if (platform !== 'win32') return ['/etc/mcp-guard'];
  const roots = programData && win32.isAbsolute(programData) ? [WINDOWS, programData] : [WINDOWS];
  const directories = new Map(
    roots.map((root) => [win32.normalize(root).toLowerCase(), win32.join(root, 'mcp-guard')]),
  );
  return [...directories.values()];
}
