// Of the audit settings of a policy and of a restriction, the one that keeps more and fails closed. Pure. INVARIANT: the same orders
// as the lock's table (policy/lock/field-table.ts); a test holds them equal.
import type { AuditPolicy } from './policy.ts';

/** Strictest first. */
export const AUDIT_ORDERS = {
  payload: ['full', 'digest', 'off'],
  onFailure: ['deny', 'allow-and-count'],
  sync: ['always', 'group'],
} as const satisfies { [Key in keyof AuditPolicy]?: readonly AuditPolicy[Key][] };

type Tell = (path: string, was: string | number, is: string | number) => void;

/** @param tell each value that changes */
export function restrictAudit(own: AuditPolicy, written: Partial<AuditPolicy>, tell: Tell): AuditPolicy {
  const word = <Word extends string>(key: string, order: readonly Word[], was: Word, asked: Word | undefined): Word => {
    if (asked === undefined || order.indexOf(asked) >= order.indexOf(was)) return was;
    tell(`audit.${key}`, was, asked);
    return asked;
  };
  const most = (key: 'maxBytes' | 'maxAgeDays'): number => {
    const [was, asked] = [own[key], written[key]];
    if (asked === undefined || asked <= was) return was;
    tell(`audit.${key}`, was, asked);
    return asked;
  };
  return {
    payload: word('payload', AUDIT_ORDERS.payload, own.payload, written.payload),
    maxBytes: most('maxBytes'),
    maxAgeDays: most('maxAgeDays'),
    onFailure: word('onFailure', AUDIT_ORDERS.onFailure, own.onFailure, written.onFailure),
    sync: word('sync', AUDIT_ORDERS.sync, own.sync, written.sync),
    quotaBytes: smallerQuota(own.quotaBytes, written.quotaBytes, tell),
    approvedQuotaBytes: smallerQuota(own.approvedQuotaBytes, written.approvedQuotaBytes, () => {}),
  };
}

/** A bound that nobody set is none. */
function smallerQuota(was: number | undefined, asked: number | undefined, tell: Tell): number | undefined {
  if (asked === undefined || asked >= (was ?? Number.POSITIVE_INFINITY)) return was;
  tell('audit.quota.maxBytes', was ?? 'none', asked);
  return asked;
}
