// Connects `limits status` and `limits reset` to this machine: its store, its trail, its terminal.

import { openLimitStore } from '../adapters/open-limit-store.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { LIMIT_STORE_DEFAULTS } from '../config/limits-policy.ts';
import { makeInert } from './inert-text.ts';
import { type LimitsView, runLimitsReset, runLimitsStatus } from './limits-status.ts';
import { openOneShotTrail, readActor } from './one-shot-trail.ts';
import { readConsent } from './read-consent.ts';
import { openScopeMachine } from './scope-machine.ts';
import { terminalIo, untilInterrupted } from './terminal.ts';

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
    size: () => {
      const { isTTY, rows, columns } = process.stdout;
      return isTTY ? { rows, columns } : undefined;
    },
    tick: () => nextTick(signal),
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
    openTrail: () => openOneShotTrail({ stateDir: view.place, tenant, server: undefined, clock: systemClock, actor }),
  });
}

/** The redis of the config, else the file that the guards of this machine share. */
async function openView({ tenant, config }: Pick<Shared, 'tenant' | 'config'>): Promise<LimitsView> {
  const stateDir = resolveStateDir(process.env);
  const { policy } = await openScopeMachine(config, tenant, 'in_force');
  const { kind, url } = policy?.limits.store ?? LIMIT_STORE_DEFAULTS;
  const say = (text: string): void => void process.stderr.write(`mcp-guard: ${makeInert(text)}\n`);
  const store = await openLimitStore({
    kind: kind === 'redis' ? kind : 'file',
    url,
    stateDir,
    tenant,
    clock: systemClock,
    say,
  });
  return { store, place: stateDir, now: () => systemClock.now() };
}

/** False where `signal` has ended the wait. */
function nextTick(signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal === undefined || signal.aborted) return resolve(false);
    const end = () => {
      cancel();
      resolve(false);
    };
    const cancel = systemTimers.after(TICK_MS, () => {
      signal.removeEventListener('abort', end);
      resolve(true);
    });
    signal.addEventListener('abort', end, { once: true });
  });
}
