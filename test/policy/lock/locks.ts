// Locks for tests, with real keys and digests.
import * as crypto from 'node:crypto';
import { type ApprovalWish, makeLock } from '../../../src/policy/lock/lock-approval.ts';
import { type SignedLock, showLock } from '../../../src/policy/lock/lock-document.ts';
import { judgeLock, type LockJudgement, type LockQuestion } from '../../../src/policy/lock/lock-judgement.ts';
import type { LockMemory } from '../../../src/policy/lock/lock-line.ts';

export const digest = (text: string): string => crypto.hash('sha256', text);

export interface TestKey {
  readonly key: string;
  readonly sign: (text: string) => string;
}

export function makeKey(): TestKey {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return {
    key: `ed25519:${raw.toString('base64')}`,
    sign: (text) => crypto.sign(null, Buffer.from(text), privateKey).toString('base64'),
  };
}

export function verify(key: string, text: string, signature: string): boolean {
  const x = Buffer.from(key.slice('ed25519:'.length), 'base64').toString('base64url');
  const made = crypto.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return crypto.verify(null, Buffer.from(text), made, Buffer.from(signature, 'base64'));
}

export const MACHINE = makeKey();
export const NOW = Date.parse('2026-07-28T09:00:00.000Z');
export const CONFIG = {
  version: 1,
  servers: { files: { command: 'node', args: ['s.mjs'], scope: 'files' } },
  scopes: { files: { grants: [{ tool: 'read_*' }] } },
};

/** Of the line of every lock here that says nothing else. */
export const ID = 'a'.repeat(32);

export function lockOf(wish: Partial<ApprovalWish> = {}, by: TestKey = MACHINE): SignedLock {
  const base: ApprovalWish = {
    ...{ previous: undefined, seen: 0, configName: 'mcp-guard.config.json', policy: CONFIG, pins: new Map() },
    ...{ who: 'ada', why: 'first', nowMs: NOW, untilMs: undefined, line: wish.previous ?? { id: ID, approvals: [] } },
  };
  return makeLock({ ...base, ...wish }, { digest, key: by.key, sign: by.sign });
}

/** What a start makes of this text; by default this machine signed, and saw nothing yet. */
export function judge(text: string | undefined, more: Partial<LockQuestion> = {}): LockJudgement {
  return judgeLock(
    {
      config: CONFIG,
      configName: 'mcp-guard.config.json',
      reading: text === undefined ? { kind: 'absent' } : { kind: 'text', text },
      memory: { kind: 'none' },
      elsewhere: undefined,
      machineKey: MACHINE.key,
      ceiling: { lock: 'first-use', approvers: undefined },
      nowMs: NOW,
      ...more,
    },
    { verify, digest },
  );
}

/** What a machine remembers that saw this lock. */
export function memoryOf(lock: SignedLock, approvers: readonly string[] = [], latestMs = NOW): LockMemory {
  const newest = lock.body.approvals.at(-1);
  if (newest === undefined) throw new Error('no lock is without an approval');
  const { id, approvals } = lock.body;
  return { id, newest, seen: approvals, digest: digest(showLock(lock)), approvers, latestMs };
}

export const seen = (...about: Parameters<typeof memoryOf>): LockQuestion['memory'] => ({
  kind: 'known',
  memory: memoryOf(...about),
});

/** The code of a refusal, or what else was judged. */
export const verdictOf = (judgement: LockJudgement): string =>
  judgement.kind === 'refused' ? judgement.refusal.code : judgement.kind;
