// Whether an identity that is known to be genuine may start what it asks for. Pure; knows no token, no signature and no clock.
import { compilePattern } from '../pattern.ts';
import type { Identity, RefusalReason, StartRequest, WantedServer } from './identity.ts';

/** Undefined: it may, as far as time and tenant go. */
export function refuseStart(identity: Identity, request: StartRequest): RefusalReason | undefined {
  const expired = request.nowMs < identity.expiresAtMs ? undefined : 'expired';
  const tenant = request.tenant === undefined || request.tenant === identity.tenant ? undefined : 'other_tenant';
  return expired ?? tenant;
}

/**
 * Whether this one server is among those that the identity may use. A server that is not configured has the name that its command
 * line gives it, so only who may use every server may use it.
 */
export function mayUse({ servers }: Pick<Identity, 'servers'>, { id, isConfigured }: WantedServer): boolean {
  if (servers === undefined) return true;
  return isConfigured && servers.some((pattern) => compilePattern(pattern).matches(id));
}
