// All limits that hold for the servers of one session: the config's, and those that a tenant's block and roles add. Pure.
import type { Limit } from '../policy/limits/limit.ts';
import { readLimit } from './compile-limits.ts';
import type { Policy } from './policy.ts';
import { restrictionsOn } from './restrict-layers.ts';
import type { ServerAt } from './restriction.ts';

/** What is approved speaks with the voice of what it approves: one count, the stricter number. */
function voiceOf(by: string): string {
  return by.replace(/^lock(: |\.)/, '');
}

/** One word, as a rule is one: `lock.roles.reader`. */
function ruleOf(by: string): string {
  return by.replace(/^lock: /, 'lock.').replaceAll(' ', '%20');
}

/** @param servers by the name under which they are recorded. INVARIANT: limits only add up; of two that are one count the stricter holds */
export function limitsInForce(policy: Policy, servers: readonly ServerAt[]): readonly Limit[] {
  const added = new Map<unknown, Limit>();
  for (const server of servers) {
    for (const { by, limits = [], ownLimits = [] } of restrictionsOn(policy, policy.servers.get(server.id), server)) {
      // One that is about all servers is told for each of them, and is one limit.
      for (const [index, written] of limits.entries())
        if (!added.has(written))
          added.set(written, readLimit(written, `${ruleOf(by)}.limits[${index}]`, undefined, voiceOf(by)));
      for (const limit of ownLimits) added.set(limit, limit);
    }
  }
  return [...policy.limits.limits, ...added.values()];
}
