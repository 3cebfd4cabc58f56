// To which file the name of a config led when this machine saw it last: a name that leads elsewhere later is no config that was never seen.
// A name that is the file itself needs no record of its own: that its lock was seen says so. Judges nothing.
import * as crypto from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import { messageOf } from '../error-text.ts';
import type { Elsewhere, MemoryReading } from '../policy/lock/lock-judgement.ts';
import { readPrivateFile, replaceFile } from './durable-file.ts';
import { lockMemoryPath, readLockMemory, unusable } from './lock-memory.ts';

const VERSION = 1;
const MAX_BYTES = 65_536;

export interface NamedConfig {
  /** Absolute, as it was named. */
  readonly named: string;
  /** Absolute, links resolved. */
  readonly config: string;
}

export interface NameReading {
  /** Undefined: the name leads where it led, or was never seen. */
  readonly elsewhere: Elsewhere | undefined;
  /** Why there is no telling; undefined: there is. */
  readonly unreadable: string | undefined;
}

const HERE: NameReading = { elsewhere: undefined, unreadable: undefined };

/** Never throws. @param directory `<state>/lock/seen` */
export function readLockName(directory: string, { named, config }: NamedConfig): NameReading {
  const known = readKnown(directory, named, config);
  if (known.why !== undefined) return { ...HERE, unreadable: known.why };
  if (known.config === undefined || known.config === config) return HERE;
  const memory = readLockMemory(lockMemoryPath(directory, known.config), known.config);
  if (memory.kind === 'unreadable') return { ...HERE, unreadable: memory.why };
  return { ...HERE, elsewhere: { config: known.config, memory: memoryOf(memory) } };
}

/**
 * Durable when it returns. INVARIANT: only after what is there now was judged or approved.
 * @param makeReady makes the directory, where there is something to write @throws GuardError state_unusable
 */
export function rememberLockName(directory: string, { named, config }: NamedConfig, makeReady: () => void): void {
  const known = readKnown(directory, named, config);
  if (known.why === undefined && known.config === config) return;
  makeReady();
  try {
    replaceFile(namePath(directory, named), `${JSON.stringify({ version: VERSION, named, config })}\n`, 'drop');
  } catch (error) {
    throw unusable(messageOf(error), error);
  }
}

function namePath(directory: string, named: string): string {
  return join(directory, `${crypto.hash('sha256', named).slice(0, 32)}.name`);
}

function readKnown(
  directory: string,
  named: string,
  config: string,
): { readonly config?: string | undefined; readonly why?: string } {
  const path = namePath(directory, named);
  try {
    const bytes = readPrivateFile(path, MAX_BYTES);
    if (bytes !== undefined) {
      const found = checkName(JSON.parse(bytes.toString('utf8')), named);
      return found === undefined ? { why: `\`${path}\` does not have its schema` } : { config: found };
    }
  } catch (error) {
    return { why: `\`${path}\`: ${messageOf(error)}` };
  }
  // the name was the file itself where a lock of it was seen; where it still is, its own memory says all
  const own = readLockMemory(lockMemoryPath(directory, named), named);
  if (own.kind === 'unreadable') return named === config ? { config } : { why: own.why };
  return { config: own.kind === 'known' ? named : undefined };
}

function memoryOf(reading: MemoryReading): Elsewhere['memory'] {
  return reading.kind === 'known' ? reading.memory : undefined;
}

function checkName(value: unknown, wanted: string): string | undefined {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== VERSION)
    return undefined;
  if (!('named' in value) || value.named !== wanted || !('config' in value)) return undefined;
  return typeof value.config === 'string' && isAbsolute(value.config) ? value.config : undefined;
}
