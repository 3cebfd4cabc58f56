// How much a session holds, and how long a line may be: from the policy in force, for a run of one server or of many. Pure.
import type { LinkLimits } from '../adapters/upstream-link.ts';
import { DEFAULTS, type Policy } from '../config/policy.ts';
import { DEFAULT_READ_LIMITS } from '../wire/message.ts';

/** Bytes that may wait for a slow reader before the other side is no longer read. */
const FULL_AT_BYTES = 4 * 1024 * 1024;
/** As much again may wait for a server: while the client is not read, the end of its input goes unseen. */
const SERVER_FULL_AT_BYTES = 64 * 1024 * 1024;

/** The same for a gateway: its loudest servers are paused early, so that the others are heard between. */
const GATEWAY_FULL_AT_BYTES = 256 * 1024;

export function gatewayLimitsOf(live: () => Policy | undefined): LinkLimits {
  return { ...linkLimitsOf(live), fullAtBytes: GATEWAY_FULL_AT_BYTES };
}

/** What a server of several may say unasked. More than any that only reports, and too little to be felt by the others. */
const LANE_PACE = { burstBytes: 1024 * 1024, perSecondBytes: 512 * 1024 };

/** For the session of one server of a gateway. */
export function laneLimitsOf(live: () => Policy | undefined): LinkLimits {
  return { ...linkLimitsOf(live), pace: LANE_PACE };
}

/** @param live the policy in force, asked for each line as to `strict`; undefined: a bare run */
export function linkLimitsOf(live: () => Policy | undefined): LinkLimits {
  const policy = live();
  return {
    maxLineBytes: policy?.maxLineBytes ?? DEFAULTS.maxLineBytes,
    fullAtBytes: FULL_AT_BYTES,
    serverFullAtBytes: SERVER_FULL_AT_BYTES,
    read: {
      ...DEFAULT_READ_LIMITS,
      get strictPayload() {
        return live()?.strictPayload ?? false;
      },
    },
  };
}
