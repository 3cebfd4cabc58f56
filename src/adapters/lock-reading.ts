// The text of a lock as it lies beside its config, and by what lay there and what was remembered a lock was judged: so that an approval is a
// step from what was shown, whatever that was. Knows no key and judges nothing.
import { hash } from 'node:crypto';
import { readTrustedFile } from '../config/trusted-file.ts';
import { numberOf, parseLock } from '../policy/lock/lock-document.ts';
import type { LockJudgement, LockReading, MemoryReading } from '../policy/lock/lock-judgement.ts';

export const MAX_LOCK_BYTES = 33_554_432;
const MOST_BELIEVED = 1_000_000;

/** What a judgement went by, in words that are equal where it would be the same. */
export interface LockBasis {
  /** SHA-256, hex, of the text; else that there is none, or why it is not read. */
  readonly reading: string;
  /** SHA-256, hex, of the text that is remembered; else that nothing is, or why that cannot be read. */
  readonly memory: string;
}

export type SeenJudgement = LockJudgement & { readonly basis: LockBasis };

export function basisOf(reading: LockReading, memory: MemoryReading): LockBasis {
  return {
    reading:
      reading.kind === 'text' ? digestOf(reading.text) : reading.kind === 'absent' ? 'absent' : `? ${reading.why}`,
    memory: memory.kind === 'known' ? memory.memory.digest : memory.kind === 'none' ? 'none' : `? ${memory.why}`,
  };
}

/** Whether `now` is what was judged. That a lock that held was remembered meanwhile, as any session does, is no change. */
export function isSameBasis({ kind, basis }: SeenJudgement, now: LockBasis): boolean {
  if (now.reading !== basis.reading) return false;
  return now.memory === basis.memory || (kind === 'holds' && now.memory === basis.reading);
}

export function digestOf(text: string): string {
  return hash('sha256', text);
}

export function readLockText(path: string): LockReading {
  const read = readTrustedFile(path, { uid: process.getuid?.(), maxBytes: MAX_LOCK_BYTES, secret: false });
  if (read.kind === 'absent') return { kind: 'absent' };
  if (read.kind !== 'read') return { kind: 'unreadable', why: read.why };
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(read.bytes) };
  } catch {
    return { kind: 'unreadable', why: 'it is no valid UTF-8' };
  }
}

/**
 * The number of a lock whether it can be trusted or not: where the memory is lost, the next approval must still be above every
 * lock that may come back. A number that a person cannot have reached is not believed.
 */
export function claimedNumber(reading: LockReading): number {
  const parsing = reading.kind === 'text' ? parseLock(reading.text) : undefined;
  const number = parsing?.kind === 'parsed' ? numberOf(parsing.lock.body) : 0;
  return number < MOST_BELIEVED ? number : 0;
}
