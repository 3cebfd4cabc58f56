// What a lock means for a start: nothing was locked yet, what is locked holds, or nothing may start. Pure: the text of the lock,
// what this machine remembers of it and the keys come in; signatures and digests are checked through ports.
// INVARIANT: whatever is not a lock that this machine has reason to trust denies, but for one case: never locked, never seen.
import type { JsonObject } from '../../wire/json.ts';
import { type Combination, combineDocuments } from './combine.ts';
import { listOf, memberOf } from './difference.ts';
import { approvedText, type LockBody, numberOf, parseLock, type SignedLock, signingText } from './lock-document.ts';
import { explainRefusal, type LockRefusal } from './lock-refusal.ts';

export type LockReading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string }
  /** attacker-controlled: another process may have written it. */
  | { readonly kind: 'text'; readonly text: string };

/** What this machine has seen of the lock of one config, kept in the state directory. */
export interface LockMemory {
  /** The highest number of an approval. */
  readonly number: number;
  /** SHA-256, hex, of the text of that lock. */
  readonly digest: string;
  /** Who could approve by it: a key must have been known *before* it approves. */
  readonly approvers: readonly string[];
}

export type MemoryReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'known'; readonly memory: LockMemory };

export interface LockQuestion {
  /** The config as a document. */
  readonly config: JsonObject;
  /** Its file name. */
  readonly configName: string;
  readonly reading: LockReading;
  readonly memory: MemoryReading;
  /** The public key of this machine, where it has one. */
  readonly machineKey: string | undefined;
  /** A ceiling may demand a lock, and name the only keys that count. */
  readonly ceiling: { readonly lock: 'required' | 'first-use'; readonly approvers: readonly string[] | undefined };
  /** Wall clock, ms: an approval may end. */
  readonly nowMs: number;
}

export interface LockPorts {
  /** Whether `signature` (base64) over `text` is by `key` (`ed25519:<base64>`). Never throws. */
  readonly verify: (key: string, text: string, signature: string) => boolean;
  /** SHA-256, hex. */
  readonly digest: (text: string) => string;
}

export type LockJudgement =
  /** Lock the config as it stands, and say so. */
  | { readonly kind: 'first_use' }
  | { readonly kind: 'refused'; readonly refusal: LockRefusal }
  | {
      readonly kind: 'holds';
      readonly lock: SignedLock;
      /** The approved config that holds now: the second layer. */
      readonly policy: JsonObject;
      readonly combination: Combination;
      /** When `policy` ends and the lock's `base` holds instead, ms; Infinity for never. */
      readonly untilMs: number;
      /** To be written to the state directory; undefined where it stands there already. */
      readonly remember: LockMemory | undefined;
      /** This machine has not seen a lock of this config before. */
      readonly isFirstSight: boolean;
    };

export function judgeLock(question: LockQuestion, ports: LockPorts): LockJudgement {
  const { config, reading, memory, ceiling } = question;
  const refuse = (code: LockRefusal['code'], detail?: string): LockJudgement => ({
    kind: 'refused',
    refusal: explainRefusal(code, detail),
  });
  if (memory.kind === 'unreadable') return refuse('lock_memory', memory.why);
  if (reading.kind === 'unreadable') return refuse('lock_unreadable', reading.why);
  if (reading.kind === 'absent') {
    if (memory.kind === 'known') return refuse('lock_vanished');
    const isRequired = ceiling.lock === 'required' || memberOf(config, 'lock') === 'required';
    return isRequired ? refuse('lock_required') : { kind: 'first_use' };
  }
  const parsing = parseLock(reading.text);
  if (parsing.kind === 'newer') return refuse('lock_newer', `version ${parsing.version}`);
  if (parsing.kind === 'malformed') return refuse('lock_edited', parsing.why);
  const { lock } = parsing;
  const { body, signature } = lock;
  if (body.config !== question.configName) return refuse('lock_foreign', body.config);
  if (!trustedKeys(question).includes(signature.key)) return refuse('lock_untrusted', signature.key);
  if (!ports.verify(signature.key, signingText(body), signature.value))
    return refuse('lock_edited', 'is not what was signed');
  const newest = body.approvals.at(-1);
  if (newest?.digest !== ports.digest(approvedText(body.policy, body.pins)) || newest.key !== signature.key)
    return refuse('lock_edited', 'holds something else than was approved');
  const found = { number: numberOf(body), digest: ports.digest(reading.text), approvers: approversOf(body.policy) };
  if (memory.kind === 'known') {
    const { number, digest } = memory.memory;
    if (found.number < number)
      return refuse('lock_older', `approval ${found.number}, and this machine has seen ${number}`);
    if (found.number === number && found.digest !== digest)
      return refuse('lock_older', `another approval ${number} than this machine has seen`);
  }
  const { policy, untilMs } = policyAt(body, question.nowMs);
  return {
    kind: 'holds',
    lock,
    policy,
    combination: combineDocuments(config, policy),
    untilMs,
    remember: memory.kind === 'known' && memory.memory.digest === found.digest ? undefined : found,
    isFirstSight: memory.kind === 'none',
  };
}

/** What the lock permits at a time. An approval that has ended leaves what was approved without an end. */
export function policyAt(body: LockBody, nowMs: number): { readonly policy: JsonObject; readonly untilMs: number } {
  const until = body.approvals.at(-1)?.until ?? null;
  if (until === null || body.base === null) return { policy: body.policy, untilMs: Number.POSITIVE_INFINITY };
  const untilMs = Date.parse(until);
  return nowMs < untilMs ? { policy: body.policy, untilMs } : { policy: body.base, untilMs: Number.POSITIVE_INFINITY };
}

/**
 * TRUST: this machine's own key, and the approvers that the config names now *and* the last lock that was seen named: whoever
 * edits the config can take a key away, and add none. A lock that is seen for the first time is trusted with the config's.
 */
export function trustedKeys({
  config,
  memory,
  machineKey,
  ceiling,
}: Pick<LockQuestion, 'config' | 'memory' | 'machineKey' | 'ceiling'>): readonly string[] {
  const named = approversOf(config);
  const approvers = memory.kind === 'known' ? named.filter((key) => memory.memory.approvers.includes(key)) : named;
  const keys = machineKey === undefined ? approvers : [machineKey, ...approvers];
  const { approvers: only } = ceiling;
  return only === undefined ? keys : keys.filter((key) => only.includes(key));
}

export function approversOf(config: JsonObject): readonly string[] {
  return listOf(memberOf(config, 'approvers')).filter((key): key is string => typeof key === 'string');
}
