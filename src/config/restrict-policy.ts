// A policy, and what voices beside it take away from it. The one place where ceilings, tenants' blocks and roles meet a policy.
// Pure; knows no file and not who speaks. INVARIANT: what comes out allows nothing that went in did not allow (a property test).

import type { DeadlinePolicy, Policy, ServerPolicy } from './policy.ts';
import { restrictAudit } from './restrict-audit.ts';
import type { AppliedRestriction, Restriction, ServerAt, ServerRestriction } from './restriction.ts';

/** One value that is another than the config's, and who decided it. */
export interface Decided {
  /** As in the config: `servers.files.deadline.hardMs`. */
  readonly path: string;
  readonly was: string | number;
  readonly is: string | number;
  readonly by: string;
}

export interface RestrictedPolicy {
  readonly policy: Policy;
  /** In the order in which it was decided: of several for one path the last holds. */
  readonly decided: readonly Decided[];
}

/**
 * Scopes intersect, denials unite, limits add up, of each setting the stricter holds. Structural keys are no part of it.
 *
 * What is taken away stays with the policy: each server carries it as `restrictedBy`, and `restrictionsOf` answers for a server
 * that is not listed. `serverScopeOf`, `toolDeadline` and `createBreakerLookup` apply it; nobody else has to ask. To be called on the
 * policy that is in force, after its lock; results compose in any order.
 *
 * @param restrictions none: the policy as it is @throws what `ofServer` of a restriction throws
 */
export function restrictPolicy(policy: Policy, restrictions: readonly Restriction[]): RestrictedPolicy {
  if (restrictions.length === 0) return { policy, decided: [] };
  const decided: Decided[] = [];
  let restricted = policy;
  for (const restriction of restrictions) restricted = restrictTop(restricted, restriction, decided);
  const own = (server: ServerAt): readonly AppliedRestriction[] =>
    restrictions.flatMap(({ by, ofServer }) => (ofServer === undefined ? [] : [{ ...ofServer(server), by }]));
  const before = policy.restrictionsOf;
  const servers = new Map<string, ServerPolicy>();
  for (const [id, server] of policy.servers) servers.set(id, restrictServer(server, own(placeOf(server)), decided));
  return {
    policy: Object.freeze({
      ...restricted,
      servers,
      restrictionsOf: (server: ServerAt) => [...(before?.(server) ?? []), ...own(server)],
    }),
    decided,
  };
}

/** Where a configured server works. A home that is a secret is not known before it is started: then `~` is the user's. */
export function placeOf({ id, cwd, env, args }: ServerPolicy): ServerAt {
  const home = env.HOME;
  return { id, cwd, home: home?.kind === 'literal' ? home.text : undefined, args };
}

function restrictTop(policy: Policy, restriction: Restriction, decided: Decided[]): Policy {
  const { by, unlisted, strictPayload, maxLineBytes, audit, canary } = restriction;
  const tell = (path: string, was: string | number, is: string | number): void =>
    void decided.push({ path, was, is, by });
  const isClosing = unlisted === 'deny' && policy.unlisted !== 'deny';
  if (isClosing) tell('unlisted', policy.unlisted, 'deny');
  const isStricter = strictPayload === true && !policy.strictPayload;
  if (isStricter) tell('strict', 'envelope', 'payload');
  const isShorter = maxLineBytes !== undefined && maxLineBytes < policy.maxLineBytes;
  if (isShorter) tell('maxLineBytes', policy.maxLineBytes, maxLineBytes);
  return {
    ...policy,
    unlisted: isClosing ? 'deny' : policy.unlisted,
    strictPayload: isStricter || policy.strictPayload,
    maxLineBytes: isShorter ? maxLineBytes : policy.maxLineBytes,
    audit: audit === undefined ? policy.audit : restrictAudit(policy.audit, audit, tell),
    canary: policy.canary === 'stop' ? 'stop' : (canary ?? policy.canary),
  };
}

function restrictServer(
  server: ServerPolicy,
  applied: readonly AppliedRestriction[],
  decided: Decided[],
): ServerPolicy {
  let { mode, deadline } = server;
  for (const one of applied) {
    const { by } = one;
    const at = `servers.${server.id}`;
    if (one.mode === 'enforce' && mode !== 'enforce') {
      decided.push({ path: `${at}.mode`, was: mode, is: 'enforce', by });
      mode = 'enforce';
    }
    const shorter = shortenDeadline(deadline, one);
    for (const key of ['idleMs', 'hardMs'] as const) {
      if (shorter[key] !== deadline[key])
        decided.push({ path: `${at}.deadline.${key}`, was: deadline[key], is: shorter[key], by });
    }
    deadline = shorter;
  }
  return Object.freeze({ ...server, mode, deadline, restrictedBy: [...(server.restrictedBy ?? []), ...applied] });
}

/** What is left of a deadline; `idleMs` above `hardMs` means `hardMs`. */
function shortenDeadline(own: DeadlinePolicy, { deadline }: Pick<ServerRestriction, 'deadline'>): DeadlinePolicy {
  if (deadline === undefined) return own;
  return {
    idleMs: Math.min(own.idleMs, deadline.idleMs ?? Number.POSITIVE_INFINITY),
    hardMs: Math.min(own.hardMs, deadline.hardMs ?? Number.POSITIVE_INFINITY),
  };
}
