// After a tenant is shut out: ends what its servers have left behind as its own user (`setsid`, an emptied environment), on record, and says
// so. Knows no process table and no file.
import type { TenantUser } from '../adapters/tenant-user.ts';
import type { SystemUser } from '../adapters/user-processes.ts';
import type { EventEntry } from '../audit/entry.ts';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { wrapWords } from './text-width.ts';

export interface LeftoverContext {
  readonly actor: string;
  readonly findUser: () => TenantUser;
  /** Whether it is, now: sessions take their time to end, and somebody may let it in meanwhile. */
  readonly isShutOut: () => boolean;
  /** How many of its sessions run: they end by themselves, and first. */
  readonly sessions: () => number;
  /** @returns how many there were @throws where some live on */
  readonly end: (user: SystemUser) => Promise<number>;
  readonly pause: (ms: number) => Promise<void>;
  /** @throws GuardError audit_unwritable */
  readonly record: (detail: EventEntry['detail']) => void;
}

/** Sessions end within a second; a guard that hangs is not waited for. */
const MOST_PAUSES = 30;
const PAUSE_MS = 100;

/** INVARIANT: nobody but the tenant's own processes is ended: a user that others may be is left alone. @throws GuardError tenant_active, audit_unwritable */
export async function endLeftovers(io: CliIo, context: LeftoverContext): Promise<void> {
  const user = context.findUser();
  if (user.kind === 'none') return;
  const say = (text: string): void => {
    for (const line of wrapWords(text, io.columns)) io.stdout.write(`${line}\n`);
  };
  if (user.kind === 'shared') {
    say(`what its servers left behind as user ${user.uid}, if anything, goes on: ${makeInert(user.why)}`);
    return;
  }
  for (let pause = 0; pause < MOST_PAUSES && context.sessions() > 0; pause += 1) await context.pause(PAUSE_MS);
  if (!context.isShutOut()) {
    say('it was let in again meanwhile: nothing of it is ended');
    return;
  }
  let processes: number;
  try {
    processes = await context.end(user);
  } catch (error) {
    const why = messageOf(error);
    throw new GuardError('tenant_active', `what the tenant's servers left behind cannot be ended: ${why}`, {
      hint: `run \`pkill -KILL -u ${user.uid}\` until nobody is left, and give the order again`,
      cause: error,
    });
  }
  if (processes === 0) return;
  context.record({ stage: 'processes_ended', actor: context.actor, uid: user.uid, processes });
  const what = processes === 1 ? 'one process' : `${processes} processes`;
  say(`${what} of user ${user.uid} that its servers had left behind ${processes === 1 ? 'was' : 'were'} ended`);
}
