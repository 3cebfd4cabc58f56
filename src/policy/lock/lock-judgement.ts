// What a lock means for a start: nothing was locked yet, what is locked holds, or nothing may start. Pure: the text of the lock,
// what this machine remembers of it and the keys come in; signatures and digests are checked through ports.
// INVARIANT: whatever is not a lock that this machine has reason to trust denies, but for one case: never locked, never seen.
import type { JsonObject } from '../../wire/json.ts';
import { listOf, memberOf } from '../../wire/json.ts';
import { type Combination, combineDocuments } from './combine.ts';
import { approvedText, type LockBody, parseLock, type SignedLock, signingText } from './lock-document.ts';
import { isTakeable, type LockMemory, leavesLine, nextAnchor } from './lock-line.ts';
import { explainRefusal, type LockRefusal } from './lock-refusal.ts';

export type LockReading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string }
  /** attacker-controlled: another process may have written it. */
  | { readonly kind: 'text'; readonly text: string };

/** The config that the same name led to when this machine saw it last, where that is another file than now. */
export interface Elsewhere {
  readonly config: string;
  /** What was seen of the lock of that one; undefined: nothing. */
  readonly memory: LockMemory | undefined;
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
  /** Undefined: the name leads where it led, or was never seen. */
  readonly elsewhere: Elsewhere | undefined;
  /** The public key of this machine, where it has one. */
  readonly machineKey: string | undefined;
  /** A ceiling may demand a lock, and name the only keys that count. */
  readonly ceiling: { readonly lock: 'required' | 'first-use'; readonly approvers: readonly string[] | undefined };
  /** Wall clock, ms: an approval may end. */
  readonly nowMs: number;
  /** `combination` leaves the blocks of tenants out: a start compares its own alone, later. Signature and digests cover all of them. */
  readonly isWithoutTenants?: boolean;
}

/** How much the clock moves before that is worth a write, and how far behind it may be without a word. */
const CLOCK_STEP_MS = 60_000;

export interface LockPorts {
  /** Whether `signature` (base64) over `text` is by `key` (`ed25519:<base64>`). Never throws. */
  readonly verify: (key: string, text: string, signature: string) => boolean;
  /** SHA-256, hex. */
  readonly digest: (text: string) => string;
}

export type LockJudgement =
  /** Lock the config as it stands, and say so. */
  | { readonly kind: 'first_use' }
  | {
      readonly kind: 'refused';
      readonly refusal: LockRefusal;
      /** It does not hold, but is well signed by a key that counts. */
      readonly signed?: LockBody | undefined;
      /** An approver signed it, and only what was seen here speaks against it: what is remembered once a person takes it over. */
      readonly take?: LockMemory | undefined;
    }
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
      /** The latest wall clock that was seen, ms, where an approval ends and the clock is well behind it. */
      readonly clockWasMs: number | undefined;
    };

export function judgeLock(question: LockQuestion, ports: LockPorts): LockJudgement {
  const { config, reading, memory, elsewhere, ceiling, isWithoutTenants = false } = question;
  const refuse = (code: LockRefusal['code'], detail?: string, signed?: LockBody, take?: LockMemory): LockJudgement => ({
    kind: 'refused',
    refusal: explainRefusal(code, detail, take !== undefined),
    signed,
    take,
  });
  if (memory.kind === 'unreadable') return refuse('lock_memory', memory.why);
  if (reading.kind === 'unreadable') return refuse('lock_unreadable', reading.why);
  if (reading.kind === 'absent') {
    if (memory.kind === 'known') return refuse('lock_vanished');
    if (elsewhere !== undefined) return refuse('lock_foreign', `the config was \`${elsewhere.config}\` before`);
    const isRequired = ceiling.lock === 'required' || memberOf(config, 'lock') === 'required';
    return isRequired ? refuse('lock_required') : { kind: 'first_use' };
  }
  const parsing = parseLock(reading.text);
  if (parsing.kind === 'newer') return refuse('lock_newer', `version ${parsing.version}`);
  if (parsing.kind === 'malformed') return refuse('lock_edited', parsing.why);
  const { lock } = parsing;
  const { body, signature } = lock;
  if (body.config !== question.configName) return refuse('lock_foreign', body.config);
  const distrust = whyUntrusted(question, body, signature.key);
  if (distrust !== undefined) return refuse('lock_untrusted', `${signature.key}${distrust}`);
  if (!ports.verify(signature.key, signingText(body), signature.value))
    return refuse('lock_edited', 'is not what was signed');
  const newest = body.approvals.at(-1);
  if (newest?.digest !== ports.digest(approvedText(body.policy, body.pins)) || newest.key !== signature.key)
    return refuse('lock_edited', 'holds something else than was approved');
  const digest = ports.digest(reading.text);
  const isByApprover = isApprover(question, signature.key);
  // INVARIANT: where the name leads to another file now, it must hold by what was seen of either
  const before = elsewhere?.memory;
  if (elsewhere !== undefined && (before === undefined || leavesLine(body, digest, before, isByApprover)))
    return refuse('lock_foreign', `the config was \`${elsewhere.config}\` before`, body);
  const known = memory.kind === 'known' ? memory.memory : before;
  const nowMs = Math.trunc(question.nowMs);
  const latestMs = Math.max(nowMs, known?.latestMs ?? 0, before?.latestMs ?? 0);
  const approvers = lastingApprovers(body);
  const remembered = { id: body.id, newest, seen: body.approvals, digest, approvers, latestMs };
  const left = memory.kind === 'known' ? leavesLine(body, digest, memory.memory, isByApprover) : undefined;
  if (left !== undefined) {
    const mayTake = isByApprover && memory.kind === 'known' && isTakeable(body, memory.memory);
    return refuse(left.code, left.detail, body, mayTake ? { ...remembered, anchor: newest } : undefined);
  }
  const { policy, untilMs } = policyAt(body, latestMs);
  const found = { ...remembered, anchor: nextAnchor(body, approvers, known) };
  const isKnown = memory.kind === 'known' && memory.memory.digest === digest && !isLater(found, memory.memory);
  return {
    kind: 'holds',
    lock,
    policy,
    combination: isWithoutTenants
      ? combineDocuments(withoutTenants(config), withoutTenants(policy))
      : combineDocuments(config, policy),
    untilMs,
    remember: isKnown ? undefined : found,
    isFirstSight: known === undefined,
    clockWasMs: newest.until !== null && nowMs + CLOCK_STEP_MS < latestMs ? latestMs : undefined,
  };
}

/** The newest approval, where it has ended, in words; undefined: it has not. */
export function describeEnded(judgement: LockJudgement): string | undefined {
  const newest = judgement.kind === 'holds' ? judgement.lock.body.approvals.at(-1) : undefined;
  if (judgement.kind !== 'holds' || newest === undefined || newest.until === null) return undefined;
  if (Number.isFinite(judgement.untilMs)) return undefined;
  return `approval ${newest.number} ended at ${newest.until.replace(/\.\d{3}Z$/, 'Z')}`;
}

function withoutTenants({ tenants: _, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** Only where an approval ends does the time matter; and once it has ended no later one does. */
function isLater({ newest, latestMs }: LockMemory, known: LockMemory): boolean {
  if (newest.until === null) return false;
  const endMs = Date.parse(newest.until);
  return known.latestMs < endMs && (latestMs >= endMs || latestMs - known.latestMs >= CLOCK_STEP_MS);
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
  elsewhere,
  machineKey,
  ceiling,
}: Pick<LockQuestion, 'config' | 'memory' | 'elsewhere' | 'machineKey' | 'ceiling'>): readonly string[] {
  const known = memory.kind === 'known' ? memory.memory.approvers : undefined;
  // a name that leads to another config now brings no approvers of its own
  const before = elsewhere === undefined ? undefined : (elsewhere.memory?.approvers ?? []);
  const approvers = approversOf(config).filter(
    (key) => known?.includes(key) !== false && before?.includes(key) !== false,
  );
  const keys = machineKey === undefined ? approvers : [machineKey, ...approvers];
  const { approvers: only } = ceiling;
  return only === undefined ? keys : keys.filter((key) => only.includes(key));
}

/**
 * Undefined: its word counts. INVARIANT: what is taken at first sight is taken afterwards, too: whoever signs is this machine, or stands in
 * the very policy that is signed, so that it is remembered as an approver.
 */
function whyUntrusted(question: LockQuestion, body: LockBody, key: string): string | undefined {
  const isTrusted = trustedKeys(question).includes(key);
  if (isTrusted && (key === question.machineKey || lastingApprovers(body).includes(key))) return undefined;
  if (question.ceiling.approvers?.includes(key) === false) return ': a ceiling names the only keys that count';
  if (!approversOf(question.config).includes(key)) return '';
  return ': only an edit added it to `approvers`, and a key enters by an approval alone';
}

/** Not by being this machine: what it approves counts here alone, and gives way to an approver. */
function isApprover(question: LockQuestion, key: string): boolean {
  return trustedKeys({ ...question, machineKey: undefined }).includes(key);
}

/** Who may sign what comes next. What was approved until a time lets nobody in: what such a key signed would outlast it. */
export function lastingApprovers({ policy, base, approvals }: LockBody): readonly string[] {
  const approvers = approversOf(policy);
  if (base === null || (approvals.at(-1)?.until ?? null) === null) return approvers;
  const lasting = approversOf(base);
  return approvers.filter((key) => lasting.includes(key));
}

export function approversOf(config: JsonObject): readonly string[] {
  return listOf(memberOf(config, 'approvers')).filter((key): key is string => typeof key === 'string');
}
