// Makes the next lock of a config: what is approved, by whom, why, until when, signed. Pure; asks nobody, writes nothing.
import type { JsonObject } from '../../wire/json.ts';
import type { PinSet } from '../pins/pin-set.ts';
import {
  approvedText,
  LOCK_VERSION,
  type LockBody,
  MOST_APPROVALS,
  type SignedLock,
  signingText,
} from './lock-document.ts';
import type { LockLine } from './lock-line.ts';

export interface ApprovalWish {
  /** The lock that holds until now; undefined for the first, or where it cannot be trusted. */
  readonly previous: LockBody | undefined;
  /** What it continues (`lineFor`). */
  readonly line: LockLine;
  /** The highest number that this machine has seen; 0 for none. */
  readonly seen: number;
  readonly configName: string;
  /** The config as a document. */
  readonly policy: JsonObject;
  readonly pins: ReadonlyMap<string, PinSet>;
  readonly who: string;
  readonly why: string;
  /** Wall clock, ms. */
  readonly nowMs: number;
  /** Ends by itself, ms; undefined: does not. */
  readonly untilMs: number | undefined;
  /** What holds from then on; undefined: what was last approved without an end. */
  readonly base?: JsonObject | undefined;
}

export interface ApprovalPorts {
  /** SHA-256, hex. */
  readonly digest: (text: string) => string;
  /** `ed25519:<base64>` */
  readonly key: string;
  /** A signature over the text, base64. */
  readonly sign: (text: string) => string;
}

/** Permits nothing: what holds after a first approval that ends. */
const NOTHING: JsonObject = { version: LOCK_VERSION, servers: {}, unlisted: 'deny' };

export function makeLock(wish: ApprovalWish, ports: ApprovalPorts): SignedLock {
  const { previous, line, seen, configName, policy, pins, who, why, nowMs, untilMs } = wish;
  const last = line.approvals.at(-1)?.number ?? 0;
  const number = Math.max(seen, last) + 1;
  const until = untilMs === undefined ? null : new Date(untilMs).toISOString();
  const digest = ports.digest(approvedText(policy, pins));
  const approval = { number, at: new Date(nowMs).toISOString(), who, why, until, digest, key: ports.key };
  const body: LockBody = {
    id: line.id,
    config: configName,
    approvals: [...line.approvals, approval].slice(-MOST_APPROVALS),
    policy,
    base: until === null ? null : (wish.base ?? previous?.base ?? previous?.policy ?? NOTHING),
    pins,
  };
  return { body, signature: { key: ports.key, value: ports.sign(signingText(body)) } };
}
