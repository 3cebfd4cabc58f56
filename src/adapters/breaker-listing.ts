// Which servers of a tenant have breakers on record. Reads the names of files; opens a document only where its file's name is too
// short to say whose it is. Judges no board.
import { join } from 'node:path';
import { BREAKERS, fileStem } from './breaker-paths.ts';
import { readPrivateFile } from './durable-file.ts';
import { listNames } from './small-json.ts';
import { tenantDir } from './state-paths.ts';

/** A document, or what is left of one: an isolation counts whose board is gone. */
const DOCUMENT = /^([^.]+)\.(?:isolations\.)?json(?:\.bak)?$/;
const MAX_BYTES = 4_194_304;

/** Sorted by file. attacker-controlled: the names. */
export function listBreakerServers(stateDir: string, tenant: string): readonly string[] {
  const directory = join(tenantDir(stateDir, tenant), BREAKERS);
  const found = new Set<string>();
  for (const file of listNames(directory)) {
    const stem = DOCUMENT.exec(file)?.[1];
    if (stem === undefined) continue;
    const server = unescapeStem(stem) ?? readName(join(directory, file));
    // what is no stem of ours was put there by somebody else
    if (server !== undefined && fileStem(server) === stem) found.add(server);
  }
  return [...found];
}

/** Undefined where the name was too long: then a digest stands for its end. */
function unescapeStem(stem: string): string | undefined {
  if (stem === '%') return '';
  if (stem.includes('%-')) return undefined;
  return stem.replace(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/g, (_, long?: string, short?: string) =>
    String.fromCharCode(Number.parseInt(long ?? short ?? '', 16)),
  );
}

/** The name that a document carries. attacker-controlled. */
function readName(path: string): string | undefined {
  try {
    const value: unknown = JSON.parse(readPrivateFile(path, MAX_BYTES)?.toString('utf8') ?? '');
    if (typeof value !== 'object' || value === null || !('name' in value)) return undefined;
    return typeof value.name === 'string' ? value.name : undefined;
  } catch {
    return undefined;
  }
}
