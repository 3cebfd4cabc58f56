// What this machine has seen of each lock: the highest approval, its digest, who could approve. One document a config in the
// state directory. No lowdb: a document that is damaged must not fall back to an older one, which would forgive a rollback.
import * as crypto from 'node:crypto';
import { join } from 'node:path';
import { GuardError } from '../guard-error.ts';
import type { LockMemory, MemoryReading } from '../policy/lock/lock-judgement.ts';
import { readPrivateFile, removeDrafts, replaceFile } from './durable-file.ts';
import { withFileLock } from './locked-file.ts';

const VERSION = 1;
const MAX_BYTES = 1_048_576;
const LOCK_TIMEOUT_MS = 5_000;

/** @param directory `<state>/lock/seen` @param config absolute path of the config, links resolved */
export function lockMemoryPath(directory: string, config: string): string {
  return join(directory, `${crypto.hash('sha256', config).slice(0, 32)}.json`);
}

/** Never throws. */
export function readLockMemory(path: string, config: string): MemoryReading {
  let bytes: Buffer | undefined;
  let value: unknown;
  try {
    bytes = readPrivateFile(path, MAX_BYTES);
    if (bytes === undefined) return { kind: 'none' };
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return { kind: 'unreadable', why: `\`${path}\`: ${error instanceof Error ? error.message : String(error)}` };
  }
  const memory = checkMemory(value, config);
  return memory === undefined
    ? { kind: 'unreadable', why: `\`${path}\` does not have its schema` }
    : { kind: 'known', memory };
}

/**
 * Remembers a lock that was seen or written; durable when it resolves. A lower number than is known changes nothing.
 * @param replace after an approval: also where what is there cannot be read @throws GuardError state_unusable, state_locked
 */
export async function rememberLock(path: string, config: string, memory: LockMemory, replace: boolean): Promise<void> {
  await withFileLock(`${path}.lock`, { timeoutMs: LOCK_TIMEOUT_MS }, () => {
    const known = readLockMemory(path, config);
    if (known.kind === 'known' && known.memory.number >= memory.number) return;
    if (known.kind === 'unreadable' && !replace) throw unusable(known.why);
    try {
      removeDrafts(path);
      replaceFile(path, `${JSON.stringify({ version: VERSION, config, ...memory })}\n`, 'drop');
    } catch (error) {
      throw unusable(error instanceof Error ? error.message : String(error), error);
    }
  });
}

function unusable(why: string, cause?: unknown): GuardError {
  return new GuardError('state_unusable', `cannot remember the lock: ${why}`, {
    cause,
    hint: 'mend the owner and mode of the state directory, or set `MCP_GUARD_STATE_DIR`',
  });
}

function checkMemory(value: unknown, wanted: string): LockMemory | undefined {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== VERSION)
    return undefined;
  if (!('config' in value) || value.config !== wanted) return undefined;
  if (!('number' in value) || !('digest' in value) || !('approvers' in value)) return undefined;
  const { number, digest, approvers } = value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) return undefined;
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest) || !Array.isArray(approvers)) return undefined;
  // untyped input: each entry is looked at
  const keys = (approvers as readonly unknown[]).filter((key) => typeof key === 'string');
  return keys.length === approvers.length ? { number, digest, approvers: keys } : undefined;
}
