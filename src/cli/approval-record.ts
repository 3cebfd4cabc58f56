// What goes on record of an approval: how much was shown, and for each server what it gained. Knows no screen, no key and no lock file.
import type { EventEntry } from '../audit/entry.ts';
import { GuardError, isGuardError } from '../guard-error.ts';
import { countSurface } from '../policy/creep/change-record.ts';
import { numberOf, type SignedLock } from '../policy/lock/lock-document.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';
import type { ApprovalPicture, ServerPicture } from './approval-picture.ts';
import { type ApprovalView, listLines } from './approval-screen.ts';
import type { OneShotTrail } from './one-shot-trail.ts';

export function recordDone(lock: SignedLock, ref: string, view: ApprovalView, trail: OneShotTrail): void {
  const picture = recordedOf(view);
  const { judgement } = view;
  const number = numberOf(lock.body);
  const before = judgement.kind === 'holds' ? judgement.policy : {};
  try {
    for (const one of picture.servers) {
      const detail = describeServer(one, picture, before);
      if (detail !== undefined)
        trail.record('approval', { stage: 'server', number, asked: ref, ...detail }, one.server);
    }
    trail.record('approval', {
      stage: 'approved',
      number,
      asked: ref,
      digest: lock.body.approvals.at(-1)?.digest ?? null,
    });
  } catch (error) {
    if (!isGuardError(error)) throw error;
    throw new GuardError(
      'audit_unwritable',
      `it is approved, but only that it was asked for is on record: ${error.message}`,
      {
        cause: error,
        hint: `see \`mcp-guard audit show ${ref}\``,
      },
    );
  }
}

/** Where nothing was in force the record counts the whole, whatever the screen was drawn against. */
export function recordedOf({ picture, compared }: ApprovalView): ApprovalPicture {
  return compared?.whole ?? picture;
}

/** What one server gained, in numbers: `scope creep` reads them. Undefined where nothing about it changed. */
function describeServer(
  { server, key, tenants, drift, offered }: ServerPicture,
  picture: ApprovalPicture,
  before: JsonObject,
): EventEntry['detail'] | undefined {
  const definitions = {
    ...{ changed: drift?.changed.length ?? 0, added: drift?.added.length ?? 0, removed: drift?.removed.length ?? 0 },
    ...{ instructions: drift?.instructions !== undefined, pinned: picture.pins.get(key)?.tools.size ?? null },
  };
  const isOwn = key !== server;
  const lines = listLines(picture).filter((line) => line.server === server && (line.tenants !== undefined) === isOwn);
  // what of its tenants' own programs was pinned; its scope is said once, of the server
  if (isOwn) return lines.length === 0 ? undefined : { ...definitions, tenants: tenants?.join(' ') ?? null };
  const scope = picture.diff.scopes.find((one) => one.server === server);
  if (scope === undefined || lines.length === 0) return undefined;
  const count = (by: string): number => scope.newTools.filter((one) => one.by === by).length;
  return {
    ...{ before: scope.before, after: scope.after },
    ...{
      byName: count('name'),
      byWildcard: count('wildcard'),
      unscoped: count('unscoped'),
      lost: scope.lostTools.length,
    },
    ...{ wider: scope.rules.filter(({ direction }) => direction === 'wider').length },
    ...{ narrower: scope.rules.filter(({ direction }) => direction === 'narrower').length },
    ...{ grantsBefore: countGrants(before, server), grantsAfter: countGrants(picture.policy, server) },
    ...countSurface(before, picture.policy, server, offered),
    ...definitions,
  };
}

/** Null: unscoped. */
function countGrants(policy: JsonObject, server: string): number | null {
  const scopes = memberOf(policy, 'scopes');
  if (scopes === undefined) return null;
  const name = memberOf(memberOf(memberOf(policy, 'servers'), server), 'scope');
  const grants = typeof name === 'string' ? objectOf(memberOf(scopes, name)).grants : undefined;
  return Array.isArray(grants) ? grants.length : 0;
}

export function countLines(picture: ApprovalPicture): Record<string, number> {
  const lines = listLines(picture);
  const count = (kind: string): number => lines.filter((line) => line.kind === kind).length;
  return { possible: count('possible'), starts: count('starts'), holds: count('holds'), drift: count('drift') };
}
