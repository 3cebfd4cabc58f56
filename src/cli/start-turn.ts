// When the one server of a tenant's session is started: after its exits in earlier sessions, as late as `restart` says of one session. A host
// that starts a guard again and again whose server crashes takes the machine from no other tenant. Decides about no call.
import { makeMoment } from '../adapters/boot-moment.ts';
import { openExitRecord } from '../adapters/exit-record.ts';
import { readOwnIdentity } from '../adapters/process-identity.ts';
import type { Timers } from '../adapters/shutdown-ladder.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import type { Interceptor } from '../core/interceptor.ts';
import { addExit, startDelay } from '../policy/breaker/start-delay.ts';
import type { Moment } from '../ports/breaker-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';

export interface StartTurn {
  /** @param look now and then meanwhile: what it throws ends the wait @returns for stderr: that it waited */
  wait(look: () => void): Promise<readonly string[]>;
  /** The chain, with one behind it that sees the server exit. */
  watch(chain: readonly Interceptor[]): readonly Interceptor[];
}

const LOOK_EVERY_MS = 200;
const AT_ONCE: StartTurn = { wait: async () => [], watch: (chain) => chain };

/** At once where the server is no tenant's: its user waits for nobody else. */
export function openStartTurn(
  scope: TenantScope,
  { name, entry }: Pick<ResolvedServer, 'name' | 'entry'>,
  { now, timers }: { readonly now: () => Moment; readonly timers: Timers },
): StartTurn {
  if (entry?.isolation === undefined) return AT_ONCE;
  const record = openExitRecord(scope, name);
  return {
    wait: async (look) => {
      const exits = record.read();
      const { ms, exits: count } = exits.length === 0 ? { ms: 0, exits: 0 } : startDelay(exits, entry.restart, now());
      for (let leftMs = ms; leftMs > 0; leftMs -= LOOK_EVERY_MS) {
        await new Promise<void>((wake) => timers.after(Math.min(leftMs, LOOK_EVERY_MS), wake));
        look();
      }
      if (ms === 0) return [];
      const often = count === 1 ? 'once' : `${count} times`;
      return [
        `\`${name}\` has exited ${often} of late: this start waited ${Math.ceil(ms)} ms (\`restart\` in the config)`,
      ];
    },
    watch: (chain) => [...chain, { name: 'start-turn', onExit: () => record.write(addExit(record.read(), now())) }],
  };
}

/** Looks at the system each time, which is once or twice a session. */
export function createMomentNow(clock: Clock): () => Moment {
  return () => {
    const { bootId, pid } = readOwnIdentity();
    return makeMoment(clock, bootId, String(pid))(clock.now());
  };
}
