// A config and its lock as one tenant has them: its own structure compared with what was approved for it, and what both of its blocks
// restrict. Puts together, decides nothing; loads nothing where a config knows no tenants.
import type { ReadFrom } from '../config/load-config.ts';
import type { LimitDocument, Restriction } from '../config/restriction.ts';
import { type TenantView, viewForTenant } from '../config/tenant-view.ts';
import { GuardError } from '../guard-error.ts';
import { combineDocuments } from '../policy/lock/combine.ts';
import { approveCommand, type CommandOptions, diffCommand } from '../policy/lock/lock-command.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';
import { isSameJson } from '../wire/same-json.ts';
import { sortedJson } from '../wire/sorted-json.ts';
import type { LockContext, ReadConfig } from './locked-policy.ts';
import { withConstraints } from './with-constraints.ts';

/**
 * The same where neither config nor lock knows tenants; otherwise a config without `tenants`, in which every server is the tenant's own.
 * INVARIANT: both blocks restrict, so an edit of one takes nothing away before it is approved.
 *
 * @throws GuardError tenant_unknown, tenant_unapproved, lock_outdated (77), config_invalid (78)
 */
export async function seeAsTenant(read: ReadConfig, context: LockContext): Promise<ReadConfig> {
  const { judgement, document, place } = read;
  const { tenant } = context;
  const ours = viewForTenant(document, tenant);
  const theirs: TenantView | undefined =
    judgement.kind === 'holds' ? viewForTenant(judgement.policy, tenant) : undefined;
  if (ours.kind === 'untenanted' && (theirs === undefined || theirs.kind === 'untenanted')) return read;
  if (ours.kind === 'unknown') throw unknownTenant(tenant, place.config);
  if (ours.kind === 'untenanted' || (theirs !== undefined && theirs.kind !== 'tenant'))
    throw unapprovedTenant(tenant, read.commandOptions);
  const config = await import('../config/load-config.ts');
  const [policy, restrictions] = await withConstraints((portsFor) => {
    const parts = { ...context, portsFor };
    const restrict = (from: JsonObject, by: string, where: ReadFrom): readonly Restriction[] =>
      config.loadTenantRestrictions(from, tenant, where, parts).map((one) => ({ ...one, by: `${by}${one.by}` }));
    // first its own view: it finds everything that is wrong with the block at once
    const whole = { config: document, lock: judgement.kind === 'holds' ? judgement.policy : undefined };
    const view = config.loadTenantView(whole, ours.document, tenant, read.policy.source, parts);
    const own = restrict(document, '', { kind: 'config', path: place.config });
    // the blocks by themselves: a start has compared the rest alone, and what waits for others is no business of this one
    const isSame =
      judgement.kind !== 'holds' ||
      (judgement.combination.differences.length === 0 &&
        isSameJson(blockOf(document, tenant), blockOf(judgement.policy, tenant)));
    const locked = isSame
      ? []
      : withoutKnownLimits(restrict(judgement.policy, 'lock.', { kind: 'lock', path: place.lock }), own);
    const approved = approvedQuota(judgement.kind === 'holds' ? judgement.policy : document, tenant);
    return [view, [...own, ...locked, ...approved]];
  });
  const seen = {
    ...read,
    policy,
    document: ours.document,
    restrictions: [...(read.restrictions ?? []), ...restrictions],
  };
  if (judgement.kind !== 'holds' || theirs === undefined) return seen;
  const combination = combineDocuments(ours.document, theirs.document);
  return { ...seen, judgement: { ...judgement, policy: theirs.document, combination } };
}

function blockOf(document: JsonObject, tenant: string): Json | undefined {
  return memberOf(memberOf(document, 'tenants'), tenant);
}

/** INVARIANT: by the block that was approved alone: an edit that sets or lowers a quota takes no record away. */
function approvedQuota(approved: JsonObject, tenant: string): readonly Restriction[] {
  const audit = objectOf(memberOf(objectOf(blockOf(approved, tenant)), 'audit'));
  const bytes = memberOf(objectOf(memberOf(audit, 'quota')), 'maxBytes');
  return typeof bytes === 'number' ? [{ by: `tenants.${tenant}`, audit: { approvedQuotaBytes: bytes } }] : [];
}

/** A limit that stands in both is one limit: counted twice it would be half of itself. */
function withoutKnownLimits(locked: readonly Restriction[], own: readonly Restriction[]): readonly Restriction[] {
  return locked.map((one) => ({
    ...one,
    ofServer: (server) => {
      const { limits, ...rest } = one.ofServer?.(server) ?? {};
      if (limits === undefined) return rest;
      const known = new Set(own.flatMap(({ ofServer }) => ofServer?.(server).limits ?? []).map(textOf));
      return { ...rest, limits: limits.filter((limit) => !known.has(textOf(limit))) };
    },
  }));
}

// A limit is plain JSON: the schema has read it.
const textOf = (limit: LimitDocument): string => sortedJson(JSON.parse(JSON.stringify(limit)));

function unknownTenant(tenant: string, config: string): GuardError {
  // Other tenants are nobody's business here.
  return new GuardError('tenant_unknown', `\`${tenant}\` is no tenant of \`${config}\``, {
    hint: `name one of its \`tenants\` with \`--tenant\`, or add this one and approve it`,
  });
}

function unapprovedTenant(tenant: string, options: CommandOptions): GuardError {
  return new GuardError('tenant_unapproved', `what holds for the tenant \`${tenant}\` is not approved`, {
    hint: `look with \`${diffCommand(options)}\`, then run \`${approveCommand(options)}\``,
  });
}
