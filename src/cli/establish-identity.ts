// Who starts this session, decided before anything is: what was presented is judged, and whatever is wrong with it has one answer, after
// one time. Knows no file, no key and no server process; everything that does comes in.
import type { Presented } from '../adapters/token-file.ts';
import { GuardError } from '../guard-error.ts';
import { type Identity, type IdentityVerdict, localIdentity, type RefusalReason } from '../policy/identity/identity.ts';
import type { Instant } from '../ports/clock.ts';

export interface IdentityQuestion {
  /** `auth.required`. */
  readonly isRequired: boolean;
  readonly presented: Presented;
  /** The local user, who it is where nobody is asked. */
  readonly user: string;
}

export interface IdentityPorts {
  readonly now: () => Instant;
  readonly sleep: (ms: number) => Promise<void>;
  /** How long this attempt waits before it is judged, in ms. */
  readonly waitMs: () => number;
  /** A throw is a refusal. */
  readonly judge: (text: string) => Promise<IdentityVerdict>;
  /** Into the record, with the exact reason. */
  readonly record: (refusal: Refusal) => void;
  /** One more wrong token on this machine. */
  readonly count: () => Promise<void>;
}

export interface Refusal {
  readonly why: RefusalReason;
  /** More of it, in the guard's own words. */
  readonly detail?: string | undefined;
  /** Where the token came from; `none` where there was none. */
  readonly source: string;
  /** As far as they are certain. */
  readonly tokenId: string | undefined;
  readonly principal: string | undefined;
}

export interface Established {
  readonly identity: Identity;
  /** For what is found out later, as that it is not for this server: the same answer, at the same time. @throws GuardError auth_refused */
  refuse(why: RefusalReason): Promise<never>;
}

/** Every refusal is answered so long after the judging began: longer than any that needs no network takes to judge and to record. */
export const ANSWER_AFTER_MS = 500;

/**
 * INVARIANT: nothing is started, and nothing is written under the name of a principal, before it resolves.
 * @throws GuardError auth_refused (77): always the same text, `ANSWER_AFTER_MS` after the judging began
 */
export async function establishIdentity(question: IdentityQuestion, ports: IdentityPorts): Promise<Established> {
  const { presented, isRequired, user } = question;
  const isAsked = isRequired || presented.kind !== 'none';
  const waitMs = isAsked ? ports.waitMs() : 0;
  if (waitMs > 0) await ports.sleep(waitMs);
  const beganMs = ports.now().monoMs;
  const refuse = async (refusal: Pick<Refusal, 'why'> & Partial<Refusal>): Promise<never> => {
    const source = presented.kind === 'none' ? 'none' : presented.source;
    await keep({ tokenId: undefined, principal: undefined, source, ...refusal }, ports);
    const leftMs = beganMs + ANSWER_AFTER_MS - ports.now().monoMs;
    if (leftMs > 0) await ports.sleep(leftMs);
    throw new GuardError('auth_refused', 'this session is not started: no token was presented that counts here', {
      hint: 'present one with `--token-file FILE`; the reason is on record, and nowhere else: `mcp-guard token history`',
    });
  };
  if (!isAsked) return { identity: localIdentity(user), refuse: (why) => refuse({ why }) };
  const verdict = await judgePresented(presented, ports);
  if (verdict.kind === 'refused') return refuse(verdict);
  const { identity } = verdict;
  const { tokenId, principal } = identity;
  return { identity, refuse: (why) => refuse({ why, tokenId, principal }) };
}

async function judgePresented(presented: Presented, ports: IdentityPorts): Promise<IdentityVerdict> {
  if (presented.kind === 'none') return { kind: 'refused', why: 'no_token' };
  if (presented.kind === 'refused') return { kind: 'refused', why: presented.why, detail: presented.detail };
  try {
    return await ports.judge(presented.text);
  } catch {
    // what was thrown may quote the token
    return { kind: 'refused', why: 'failed' };
  }
}

/** Neither a record that cannot be written nor a count that cannot be kept changes the answer: nothing is started either way. */
async function keep(refusal: Refusal, ports: IdentityPorts): Promise<void> {
  try {
    ports.record(refusal);
  } catch {
    // the same answer
  }
  // a host that has no token yet guesses nothing
  if (refusal.why === 'no_token') return;
  await ports.count().catch(() => {});
}
