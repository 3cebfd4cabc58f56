// The trail of a state directory, as the audit commands ask for it. Errors of the file system become local errors here.
import { readRecentCalls } from '../adapters/recent-calls.ts';
import { type EventSearch, type FoundEvent, readRecentEvents } from '../adapters/recent-events.ts';
import { codeOf } from '../adapters/state-paths.ts';
import { followCalls } from '../adapters/trail-follow.ts';
import { findObstacle, hasSegments, type TrailObstacle } from '../adapters/trail-place.ts';
import { findRecord, loadExternal } from '../adapters/trail-reader.ts';
import { verifyTrail } from '../adapters/trail-verify.ts';
import { GuardError } from '../guard-error.ts';
import type { Trail } from './trail.ts';

export function openStateTrail(stateDir: string): Trail {
  const read = <T>(tenant: string | undefined, action: () => T): T => readStateTrail(stateDir, tenant, action);
  return {
    directory: stateDir,
    hasSegments: (tenant) => read(tenant, () => hasSegments(stateDir, tenant)),
    lastCalls: (count, filter) => read(filter.tenant, () => readRecentCalls(stateDir, count, filter)),
    follow: (filter, onCall, signal) => read(filter.tenant, () => followCalls({ stateDir, filter, onCall, signal })),
    findRecord: (ref) => read(undefined, () => findRecord(stateDir, ref)),
    loadPayload: (tenant, segment, digest, salt) =>
      read(tenant, () => loadExternal(stateDir, tenant, segment, digest, salt)),
    verify: (tenant, onSegment) => read(tenant, () => verifyTrail(stateDir, tenant, onSegment)),
  };
}

/** Looks whether there is a trail to read, then reads. @throws GuardError audit_unreadable */
export function readStateTrail<T>(stateDir: string, tenant: string | undefined, action: () => T): T {
  try {
    const obstacle = findObstacle(stateDir, tenant);
    if (obstacle !== undefined) throw describeObstacle(obstacle, stateDir);
    return action();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || error instanceof GuardError) throw error;
    throw new GuardError('audit_unreadable', `cannot read the audit trail below \`${stateDir}\`: ${code}`, {
      cause: error,
      hint: 'run this as the user whose guards wrote it, or set `MCP_GUARD_STATE_DIR`',
    });
  }
}

/** The last events of these names, oldest first. @throws GuardError audit_unreadable */
export function lastEventsIn(stateDir: string, tenant: string | undefined, names: EventSearch['names']) {
  return (limit: number, since: number | undefined, wants: EventSearch['wants'] = () => true): readonly FoundEvent[] =>
    readStateTrail(stateDir, tenant, () => readRecentEvents(stateDir, limit, { tenant, names, since, wants }));
}

function describeObstacle({ directory, code }: TrailObstacle, stateDir: string): GuardError {
  if (code === 'ENOENT') {
    const hint =
      directory === stateDir
        ? 'no guard has recorded anything there yet, or `MCP_GUARD_STATE_DIR` names another directory than theirs'
        : 'no guard has recorded anything for this tenant: look at `--tenant` and `MCP_GUARD_STATE_DIR`';
    return new GuardError('audit_unreadable', `there is no audit trail: \`${directory}\` does not exist`, { hint });
  }
  if (code === 'ENOTDIR') {
    return new GuardError('audit_unreadable', `there is no audit trail: \`${directory}\` is not a directory`, {
      hint: 'set `MCP_GUARD_STATE_DIR` to the directory that the guards write to',
    });
  }
  return new GuardError('audit_unreadable', `cannot read \`${directory}\`, where the audit trail is: ${code}`, {
    hint: 'run this as the user whose guards wrote it, or set `MCP_GUARD_STATE_DIR`',
  });
}
