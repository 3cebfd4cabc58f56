// Ends the session of a tenant that is suspended, within a second; and lets none begin. Knows neither the servers nor why.
import { endPromptly } from '../adapters/prompt-end.ts';
import type { SessionRun } from '../adapters/run-session.ts';
import { LOOK_EVERY_MS } from '../adapters/shared-looks.ts';
import type { Timers } from '../adapters/shutdown-ladder.ts';
import { isSuspended } from '../adapters/suspension.ts';
import { GuardError } from '../guard-error.ts';
import type { Log } from '../ports/log.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';

const REFUSED_STATUS = 77;

export interface SuspensionWatch {
  /** Looks from now on. */
  begin(run: Pick<SessionRun, 'between' | 'post' | 'stop'>, server: string | undefined): void;
  /** Of a session that ended for it; undefined otherwise. */
  exitStatus(): number | undefined;
  end(): void;
}

/** @throws GuardError tenant_suspended */
export function refuseSuspended(scope: TenantScope): void {
  if (!isSuspended(scope)) return;
  throw new GuardError('tenant_suspended', `the tenant \`${scope.id}\` is suspended`, {
    hint: `look with \`mcp-guard tenant show ${scope.id}\`; \`mcp-guard tenant resume\` lets it in again`,
  });
}

/** @param parts `looks` wake what looks (shared-looks.ts); undefined: `timers` do */
export function watchSuspension(
  scope: TenantScope,
  { timers, looks = timers, log }: { readonly timers: Timers; readonly looks?: Timers; readonly log: Log },
): SuspensionWatch {
  let isOver = false;
  let cancel = (): void => {};
  return {
    begin(run, server) {
      const tick = (): void => {
        if (!isSuspended(scope)) {
          // some `lstat` each; with what follows, a second is never reached
          cancel = looks.after(LOOK_EVERY_MS, tick);
          return;
        }
        isOver = true;
        log.write('error', `the session ends: the tenant \`${scope.id}\` is suspended`);
        run.between(() => run.post({ type: 'noted', name: 'tenant', server, detail: { stage: 'session_ended' } }));
        cancel = endPromptly(run, timers, 'its tenant is suspended');
      };
      tick();
    },
    exitStatus: () => (isOver ? REFUSED_STATUS : undefined),
    end: () => cancel(),
  };
}
