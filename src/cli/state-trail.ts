// The trail of a state directory, as the audit commands ask for it. Errors of the file system become local errors here.
import { readRecentCalls } from '../adapters/recent-calls.ts';
import { codeOf } from '../adapters/state-paths.ts';
import { followCalls } from '../adapters/trail-follow.ts';
import { findRecord, loadExternal } from '../adapters/trail-reader.ts';
import { verifyTrail } from '../adapters/trail-verify.ts';
import { GuardError } from '../guard-error.ts';
import type { Trail } from './trail.ts';

export function openStateTrail(stateDir: string): Trail {
  const read = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || error instanceof GuardError) throw error;
      throw new GuardError('audit_unreadable', `cannot read the audit trail below \`${stateDir}\`: ${code}`, {
        cause: error,
        hint: 'run this as the user whose guards wrote it, or set `MCP_GUARD_STATE_DIR`',
      });
    }
  };
  return {
    lastCalls: (count, filter) => read(() => readRecentCalls(stateDir, count, filter)),
    follow: (filter, onCall, signal) => read(() => followCalls({ stateDir, filter, onCall, signal })),
    findRecord: (ref) => read(() => findRecord(stateDir, ref)),
    loadPayload: (tenant, segment, digest, salt) => read(() => loadExternal(stateDir, tenant, segment, digest, salt)),
    verify: (tenant, onSegment) => read(() => verifyTrail(stateDir, tenant, onSegment)),
  };
}
