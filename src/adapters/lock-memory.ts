// What this machine has seen of each lock: its approvals, the highest, its digest, who could approve, how late it was. One document a config in
// the state directory. No lowdb: a document that is damaged must not fall back to an older one, which would forgive a rollback.
import * as crypto from 'node:crypto';
import { join } from 'node:path';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { type Approval, isLineId, MOST_APPROVALS, readApproval } from '../policy/lock/lock-document.ts';
import type { MemoryReading } from '../policy/lock/lock-judgement.ts';
import { anchorOf, type LockMemory, uniteApprovals } from '../policy/lock/lock-line.ts';
import type { Json } from '../wire/json.ts';
import { isCount } from '../wire/number-kinds.ts';
import { readPrivateFile, removeDrafts, replaceFile } from './durable-file.ts';
import { withFileLock } from './locked-file.ts';

const VERSION = 1;
const MAX_BYTES = 4_194_304;
/** Of approvals beside the newest: reasons have no bound in a lock, and what is written must be read again. */
const MAX_SEEN_BYTES = 1_048_576;
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
    return { kind: 'unreadable', why: `\`${path}\`: ${messageOf(error)}` };
  }
  const memory = checkMemory(value, config);
  return memory === undefined
    ? { kind: 'unreadable', why: `\`${path}\` does not have its schema` }
    : { kind: 'known', memory };
}

/**
 * Remembers a lock that was seen or written; durable when it resolves. Less than is known changes nothing, nor does an earlier time with
 * the same; of its line nothing that was seen before is forgotten.
 * @param replace after an approval: also where what is there cannot be read; `taken`: over whatever is known, for a person said so
 * @throws GuardError state_unusable, state_locked
 */
export async function rememberLock(
  path: string,
  config: string,
  memory: LockMemory,
  replace: boolean | 'taken',
): Promise<void> {
  await withFileLock(`${path}.lock`, { timeoutMs: LOCK_TIMEOUT_MS }, () => {
    const known = readLockMemory(path, config);
    if (known.kind === 'known' && replace !== 'taken' && !isNewer(memory, known.memory)) return;
    if (known.kind === 'unreadable' && replace === false) throw unusable(known.why);
    try {
      removeDrafts(path);
      const seen = keptApprovals(memory, known.kind === 'known' ? known.memory : undefined);
      replaceFile(path, `${JSON.stringify({ version: VERSION, config, ...memory, seen })}\n`, 'drop');
    } catch (error) {
      throw unusable(messageOf(error), error);
    }
  });
}

function keptApprovals(memory: LockMemory, known: LockMemory | undefined): readonly Approval[] {
  const { newest, seen = [newest] } = memory;
  const before = known?.id === memory.id ? (known.seen ?? [known.newest]) : [];
  const united = uniteApprovals(before, seen);
  let bytes = 0;
  const first = united.findLastIndex((one) => {
    bytes += Buffer.byteLength(JSON.stringify(one));
    return bytes > MAX_SEEN_BYTES;
  });
  return united.slice(first + 1);
}

function isNewer(one: LockMemory, known: LockMemory): boolean {
  const [left, right] = [one.newest.number, known.newest.number];
  // a newer word of an approver counts before whatever was approved here with this machine's key
  const [given, last] = [anchorOf(one)?.number ?? 0, anchorOf(known)?.number ?? 0];
  if (one.id === known.id && given !== last) return given > last;
  return left > right || (left === right && one.digest === known.digest && one.latestMs > known.latestMs);
}

export function unusable(why: string, cause?: unknown): GuardError {
  return new GuardError('state_unusable', `cannot remember the lock: ${why}`, {
    cause,
    hint: 'mend the owner and mode of the state directory, or set `MCP_GUARD_STATE_DIR`',
  });
}

function checkMemory(value: unknown, wanted: string): LockMemory | undefined {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== VERSION)
    return undefined;
  if (!('config' in value) || value.config !== wanted) return undefined;
  if (!('id' in value && 'newest' in value && 'digest' in value && 'approvers' in value && 'latestMs' in value))
    return undefined;
  const { id, digest, approvers, latestMs } = value;
  // untyped input: it comes from JSON.parse
  const newest = readApproval(value.newest as Json);
  // an earlier version did not write it
  const isAnchored = 'anchor' in value && value.anchor !== undefined;
  const anchor = isAnchored ? readApproval(value.anchor as Json) : undefined;
  if (isAnchored && anchor === undefined) return undefined;
  if (!isLineId(id) || newest === undefined) return undefined;
  const seen = 'seen' in value ? readSeen(value.seen) : undefined;
  if ('seen' in value && seen === undefined) return undefined;
  if (!isCount(latestMs)) return undefined;
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest) || !Array.isArray(approvers)) return undefined;
  // untyped input: each entry is looked at
  const keys = (approvers as readonly unknown[]).filter((key) => typeof key === 'string');
  return keys.length === approvers.length ? { id, newest, seen, digest, approvers: keys, anchor, latestMs } : undefined;
}

/** Undefined where one of them is none. */
function readSeen(value: unknown): readonly Approval[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_APPROVALS) return undefined;
  // untyped input: it comes from JSON.parse
  const read = (value as readonly Json[]).map(readApproval).filter((one) => one !== undefined);
  return read.length === value.length ? read : undefined;
}
