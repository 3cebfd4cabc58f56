// The last lock that this machine accepted, where the one beside the config does not count: judged as that one would be. Writes nothing.
import { basename } from 'node:path';
import { judgeLock, type LockJudgement } from '../policy/lock/lock-judgement.ts';
import { readKeptLock } from './kept-lock.ts';
import { LOCK_PORTS, type LockInput, type LockPlace, memoryPath, readMachineKey, readMemories } from './lock-file.ts';

export type HeldLock = Extract<LockJudgement, { readonly kind: 'holds' }>;

export type LastLock =
  /** No lock of this config was ever accepted here, or there is no telling. */
  | { readonly kind: 'none' }
  /** INVARIANT: to compare with, and nothing else: it is not in force. */
  | { readonly kind: 'kept'; readonly held: HeldLock }
  | { readonly kind: 'lost'; readonly why: string };

/** @throws GuardError key_unusable */
export function readLastLock(place: LockPlace, input: LockInput): LastLock {
  const memories = readMemories(place);
  const { memory } = memories;
  if (memory.kind !== 'known') return { kind: 'none' };
  const kept = readKeptLock(memoryPath(place), memory.memory.digest);
  if (kept.kind === 'lost') return kept;
  const machineKey = readMachineKey(place)?.publicKey;
  // TRUST: whoever can write the text and its digest shows no lock that nobody has signed
  const question = { ...input, ...memories, configName: basename(place.config), reading: kept, machineKey };
  const judgement = judgeLock(question, LOCK_PORTS);
  if (judgement.kind === 'holds') return { kind: 'kept', held: judgement };
  return { kind: 'lost', why: judgement.kind === 'refused' ? judgement.refusal.what : 'there is none' };
}
