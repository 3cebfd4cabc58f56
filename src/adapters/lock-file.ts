// The lock beside its config: where it lies, reading it, judging it with this machine's key and memory, writing the next one.
// Knows no command and no wire; what a lock means stands in policy/lock.
import { randomBytes } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { followPath } from '../config/followed-path.ts';
import { quoteWord } from '../config/shell-word.ts';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { type ApprovalWish, makeLock } from '../policy/lock/lock-approval.ts';
import { type LockBody, type SignedLock, showLock } from '../policy/lock/lock-document.ts';
import {
  approversOf,
  judgeLock,
  type LockJudgement,
  type LockQuestion,
  lastingApprovers,
  trustedKeys,
} from '../policy/lock/lock-judgement.ts';
import { type LockMemory, lineFor, nextAnchor } from '../policy/lock/lock-line.ts';
import type { LockRefusal } from '../policy/lock/lock-refusal.ts';
import type { JsonObject } from '../wire/json.ts';
import { replaceFile } from './durable-file.ts';
import { keepLockText } from './kept-lock.ts';
import { lockMemoryPath, readLockMemory, rememberLock } from './lock-memory.ts';
import { readLockName, rememberLockName } from './lock-name.ts';
import {
  basisOf,
  claimedNumber,
  digestOf,
  isSameBasis,
  MAX_LOCK_BYTES,
  readLockText,
  type SeenJudgement,
} from './lock-reading.ts';
import { withFileLock } from './locked-file.ts';
import { openSigningKey, readSigningKey, type SigningKey, signingKeyPath, verifySignature } from './signing-key.ts';
import { makePrivateDir } from './state-paths.ts';

const LOCK_TIMEOUT_MS = 5_000;
/** Names that find-config.ts looks for: of these there is one in a directory. */
const USUAL = /^(mcp-guard\.config\.(json|ya?ml)|\.mcp-guardrc(\.(json|ya?ml))?|config\.(json|ya?ml))$/;

/** Of all tenants together: they share the config, and so its lock. No tenant can be called so. */
const MACHINE = 'lock';

export interface LockPlace {
  /** Absolute, as it was named: what must go on leading to the same config. */
  readonly named: string;
  /** Absolute, links resolved: what the machine remembers it by. */
  readonly config: string;
  readonly lock: string;
  readonly stateDir: string;
  /** Whose sessions it is about: what was seen of servers is theirs. The key and the memory of locks are the machine's. */
  readonly tenant: string;
}

export type LockInput = Pick<LockQuestion, 'config' | 'ceiling' | 'nowMs' | 'isWithoutTenants'>;

/** `mcp-guard.lock.json` beside the config; a config with another name has a lock with that name. */
export function placeLock(configPath: string, stateDir: string, tenant: string): LockPlace {
  const config = followPath(configPath);
  const name = basename(config);
  const lock = USUAL.test(name) ? 'mcp-guard.lock.json' : `${name.replace(/\.(json|ya?ml)$/, '')}.mcp-guard.lock.json`;
  return { named: resolve(configPath), config, lock: join(dirname(config), lock), stateDir, tenant };
}

/** Reads everything that counts and judges it. Writes nothing. @throws GuardError key_unusable */
export function readLock(place: LockPlace, input: LockInput): SeenJudgement {
  // INVARIANT: in this order, which is the reverse of how they are written: another guard may lock it at this very moment
  const memories = readMemories(place);
  const reading = readLockText(place.lock);
  const machineKey = readMachineKey(place)?.publicKey;
  const question = { ...input, ...memories, configName: basename(place.config), reading, machineKey };
  return { ...judgeLock(question, LOCK_PORTS), basis: basisOf(reading, memories.memory) };
}

export function readMemories(place: LockPlace): Pick<LockQuestion, 'memory' | 'elsewhere'> {
  const { elsewhere, unreadable } = readLockName(seenDir(place), place);
  const memory = readLockMemory(memoryPath(place), place.config);
  return { elsewhere, memory: unreadable === undefined ? memory : { kind: 'unreadable', why: unreadable } };
}

/** The key of this machine, made where there is none. @throws GuardError key_unusable */
export function openMachineKey({ stateDir }: Pick<LockPlace, 'stateDir'>): SigningKey {
  return openSigningKey(makePrivateDir(stateDir, [MACHINE, 'keys']));
}

/** Undefined where there is none yet. @throws GuardError key_unusable */
export function readMachineKey({ stateDir }: Pick<LockPlace, 'stateDir'>): SigningKey | undefined {
  return readSigningKey(signingKeyPath(join(stateDir, MACHINE, 'keys')));
}

/** Whether an approval of `policy` by this key would hold here: what is written must not be refused afterwards. */
export function mayApprove(
  place: LockPlace,
  { config, ceiling }: LockInput,
  key: string,
  policy: JsonObject = config,
): boolean {
  const machineKey = readMachineKey(place)?.publicKey;
  if (key !== machineKey && !approversOf(policy).includes(key)) return false;
  return trustedKeys({ ...readMemories(place), config, machineKey, ceiling }).includes(key);
}

/** The refusal as an error: what, why, and the command that mends it. */
export function lockError(place: LockPlace, { code, what, mend, isTakeable, isElsewhere }: LockRefusal): GuardError {
  const options = `--config ${quoteWord(place.named)}${isTakeable === true ? ' --take' : ''} --reason …`;
  const command = isElsewhere === true ? '' : `: \`mcp-guard scope approve ${options}\``;
  return new GuardError(code, `\`${place.lock}\`: ${what}`, { hint: `${mend}${command}` });
}

/** Keeps in the state directory that this lock was seen, by this name. @throws GuardError state_unusable, state_locked */
export async function rememberJudgement(place: LockPlace, judgement: LockJudgement): Promise<void> {
  if (judgement.kind !== 'holds') return;
  if (judgement.remember !== undefined) {
    makeStateDirs(place);
    await rememberLock(memoryPath(place), place.config, judgement.remember, false);
  }
  keepText(place, () => showLock(judgement.lock));
  rememberName(place);
}

/** An approver's lock is gone by from now on, since a person said so. @throws GuardError state_unusable, state_locked */
export async function takeLock(place: LockPlace, take: LockMemory): Promise<void> {
  makeStateDirs(place);
  await rememberLock(memoryPath(place), place.config, take, 'taken');
  const reading = readLockText(place.lock);
  if (reading.kind === 'text') keepText(place, () => reading.text);
  rememberName(place);
}

/** What is remembered is a digest; this is its text, for whoever has to repair the lock. */
function keepText(place: LockPlace, text: () => string): void {
  const known = readLockMemory(memoryPath(place), place.config);
  if (known.kind === 'known') keepLockText(memoryPath(place), known.memory.digest, text);
}

/** Where nothing could be locked: from now on this name leads here. @throws GuardError state_unusable */
export function rememberName(place: LockPlace): void {
  rememberLockName(seenDir(place), place, () => makeStateDirs(place));
}

export interface LockWish extends Omit<ApprovalWish, 'previous' | 'line' | 'seen' | 'configName'> {
  /** What was looked at when the approval was asked for; the lock must not have changed since. */
  readonly judged: SeenJudgement;
  readonly key: SigningKey;
}

/**
 * Writes the next lock, durably, then remembers it. The lock comes first: a crash between the two leaves a lock that is newer
 * than what is remembered, which holds. @throws GuardError lock_changed, lock_unwritable, state_…
 */
export async function writeLock(place: LockPlace, wish: LockWish): Promise<SignedLock> {
  makeStateDirs(place);
  const memory = memoryPath(place);
  const { lock, text, remembered } = await withFileLock(`${memory}.approve`, { timeoutMs: LOCK_TIMEOUT_MS }, () => {
    const previous = wish.judged.kind === 'holds' ? wish.judged.lock : undefined;
    const reading = readLockText(place.lock);
    // INVARIANT: what is approved is a step from what was shown; somebody else's approval in between is not overwritten
    if (!isSameBasis(wish.judged, basisOf(reading, readMemories(place).memory))) throw changed(place);
    const known = readLockMemory(memory, place.config);
    const remembered = known.kind === 'known' ? known.memory : undefined;
    const seen = Math.max(remembered?.newest.number ?? 0, claimedNumber(reading));
    const line = lineFor(signedIn(wish.judged), remembered, () => randomBytes(16).toString('hex'));
    const { judged: _, key, ...rest } = wish;
    const made = makeLock(
      { ...rest, previous: previous?.body, line, seen, configName: basename(place.config) },
      { digest: LOCK_PORTS.digest, key: key.publicKey, sign: key.sign },
    );
    return { lock: made, text: write(place, made), remembered };
  });
  await rememberLock(memory, place.config, rememberable(lock, text, wish.nowMs, remembered), true);
  keepText(place, () => text);
  rememberName(place);
  return lock;
}

/** What of a lock that does not hold is still known to be an approval; of one that holds, all. */
function signedIn(judged: LockJudgement): LockBody | undefined {
  if (judged.kind === 'refused') return judged.signed;
  return judged.kind === 'holds' ? judged.lock.body : undefined;
}

/** The time of an approval is its giver's: a clock that once ran ahead is forgiven by it. */
function rememberable({ body }: SignedLock, text: string, nowMs: number, known: LockMemory | undefined): LockMemory {
  const newest = body.approvals.at(-1);
  if (newest === undefined) throw new Error('a lock that was just made has an approval');
  const approvers = lastingApprovers(body);
  const anchor = nextAnchor(body, approvers, known);
  const { id, approvals: seen } = body;
  return { id, newest, seen, digest: LOCK_PORTS.digest(text), approvers, anchor, latestMs: Math.trunc(nowMs) };
}

export const LOCK_PORTS = { verify: verifySignature, digest: digestOf };

function write(place: LockPlace, lock: SignedLock): string {
  try {
    const text = showLock(lock);
    if (Buffer.byteLength(text) > MAX_LOCK_BYTES) throw new Error(`it would be larger than ${MAX_LOCK_BYTES} bytes`);
    replaceFile(place.lock, text, 'drop');
    return text;
  } catch (error) {
    const why = messageOf(error);
    throw new GuardError('lock_unwritable', `cannot write the lock \`${place.lock}\`: ${why}`, {
      cause: error,
      hint: 'let this user write in the directory of the config, or approve where it can be written and bring the file here',
    });
  }
}

function changed(place: LockPlace): GuardError {
  return new GuardError('lock_changed', `the lock \`${place.lock}\` has changed since it was shown`, {
    hint: 'look at it again, then approve',
  });
}

function makeStateDirs({ stateDir }: LockPlace): void {
  makePrivateDir(stateDir, [MACHINE, 'seen']);
}

function seenDir({ stateDir }: LockPlace): string {
  return join(stateDir, MACHINE, 'seen');
}

export function memoryPath(place: LockPlace): string {
  return lockMemoryPath(seenDir(place), place.config);
}
