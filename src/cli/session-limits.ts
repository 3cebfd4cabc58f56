// How much a session holds, and how long a line may be: from the policy, for a run of one server or of many. Pure.
import type { LinkLimits } from '../adapters/upstream-link.ts';
import { DEFAULTS, type Policy } from '../config/policy.ts';
import { DEFAULT_READ_LIMITS } from '../wire/message.ts';

/** Bytes that may wait for a slow reader before the other side is no longer read. */
const FULL_AT_BYTES = 4 * 1024 * 1024;
/** As much again may wait for a server: while the client is not read, the end of its input goes unseen. */
const SERVER_FULL_AT_BYTES = 64 * 1024 * 1024;

/** The same for a gateway: its loudest servers are paused early, so that the others are heard between. */
const GATEWAY_FULL_AT_BYTES = 256 * 1024;

export function gatewayLimitsOf(policy: Policy | undefined): LinkLimits {
  return { ...linkLimitsOf(policy), fullAtBytes: GATEWAY_FULL_AT_BYTES };
}

/** @param policy undefined: a bare run */
export function linkLimitsOf(policy: Policy | undefined): LinkLimits {
  return {
    maxLineBytes: policy?.maxLineBytes ?? DEFAULTS.maxLineBytes,
    fullAtBytes: FULL_AT_BYTES,
    serverFullAtBytes: SERVER_FULL_AT_BYTES,
    read: { ...DEFAULT_READ_LIMITS, strictPayload: policy?.strictPayload ?? false },
  };
}
