// Connects the commands of `limits` to this machine: its store, its trail, its terminal.

import { openLimitStore } from '../adapters/open-limit-store.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { LIMIT_STORE_DEFAULTS } from '../config/limits-policy.ts';
import { type HistoryOptions, runHistory } from './event-history.ts';
import { LIMITS_HISTORY } from './limits-history.ts';
import { type LimitsView, runLimitsReset, runLimitsStatus } from './limits-status.ts';
import { readActor } from './local-user.ts';
import { nextTick } from './next-tick.ts';
import { openOneShotTrail } from './one-shot-trail.ts';
import { readConsent } from './read-consent.ts';
import { openScopeMachine } from './scope-machine.ts';
import { lastEventsIn } from './state-trail.ts';
import { sayAside, terminalIo, terminalSize, untilInterrupted } from './terminal.ts';

interface Shared {
  readonly tenant: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

const TICK_MS = 1_000;

export async function status(flags: Shared & { readonly watch?: boolean }): Promise<number> {
  const signal = flags.watch === true ? untilInterrupted() : undefined;
  return runLimitsStatus(flags, terminalIo(flags.color), await openView(flags), {
    size: terminalSize,
    tick: () => nextTick(TICK_MS, signal),
  });
}

export async function reset(
  about: string | undefined,
  flags: Shared & { readonly reason?: string; readonly yes?: boolean },
): Promise<number> {
  const { tenant } = flags;
  const actor = readActor();
  const view = await openView(flags);
  return runLimitsReset({ ...flags, about }, terminalIo(flags.color), {
    ...view,
    actor,
    consent: readConsent(),
    openTrail: () =>
      openOneShotTrail({
        ...{ stateDir: resolveStateDir(process.env), tenant, server: undefined },
        ...{ clock: systemClock, actor },
      }),
  });
}

export function history(flags: Omit<Shared, 'config'> & HistoryOptions): number {
  const lastEvents = lastEventsIn(resolveStateDir(process.env), flags.tenant, ['limits']);
  return runHistory(flags, terminalIo(flags.color), LIMITS_HISTORY, lastEvents, systemClock.now().wallMs);
}

/** The redis of the config, else the file that the guards of this machine share. */
async function openView({ tenant, config }: Pick<Shared, 'tenant' | 'config'>): Promise<LimitsView> {
  const stateDir = resolveStateDir(process.env);
  const { policy } = await openScopeMachine(config, tenant, 'in_force');
  const { kind, url, onStoreError } = policy?.limits.store ?? LIMIT_STORE_DEFAULTS;
  const store = await openLimitStore({
    kind,
    url,
    stateDir,
    tenant,
    clock: systemClock,
    say: sayAside,
  });
  const now = () => systemClock.now();
  if (kind !== 'redis')
    return {
      ...{ store, now, place: kind === 'memory' ? undefined : stateDir },
      mend: 'mend that, or look at another state directory with `MCP_GUARD_STATE_DIR`',
    };
  const meanwhile = onStoreError === 'local' ? 'each guard counts for itself' : 'calls with a limit are denied';
  return {
    ...{ store, now, place: `the redis of \`limitStore.url\` in ${policy?.source.path ?? 'the config'}` },
    mend: `see that it runs, and that \`limitStore.url\` leads to it with the right name and password; meanwhile ${meanwhile}`,
  };
}
