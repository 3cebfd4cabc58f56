// `scope lint --live`: asks every server that may be started what it offers now, as `run` would start it, and keeps the answers. What
// cannot be asked is no end but a reason. Judges no policy; knows no process.
import type { ListedServer } from '../adapters/list-server.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { isGuardError } from '../guard-error.ts';
import type { SeenSet } from '../policy/pins/seen-set.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';

export interface LiveLook {
  /** In force: config and lock. */
  readonly policy: Pick<Policy, 'servers'>;
  /** Why a server must not be started; undefined: it may. */
  readonly refusal: (server: string) => string | undefined;
  /** @throws GuardError where a secret leads nowhere */
  readonly commandOf: (entry: ServerPolicy) => UpstreamCommand | Promise<UpstreamCommand>;
  /** Starts it, ends it, and keeps its lists. */
  readonly list: (server: string, command: UpstreamCommand) => Promise<ListedServer>;
  /** Keeps the definitions, to be compared and approved. @throws GuardError */
  readonly remember: (server: string, seen: SeenSet) => Promise<void>;
  /** Called with what is still waited for, as it changes. */
  readonly onWait: (servers: readonly string[]) => void;
}

/** Servers that run at once: each may be an interpreter, or fetch a package. */
const AT_ONCE = 4;

/** @returns by server, why it is not known what it offers now; lower case, no full stop. attacker-controlled where it quotes the server */
export async function lookLive(look: LiveLook): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>();
  const waiting = [...look.policy.servers.values()];
  const open = new Set(waiting.map(({ id }) => id));
  look.onWait([...open]);
  const work = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      const why = await lookAt(entry, look);
      if (why !== undefined) failures.set(entry.id, why);
      open.delete(entry.id);
      look.onWait([...open]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failures;
}

async function lookAt(entry: ServerPolicy, look: LiveLook): Promise<string | undefined> {
  const { id } = entry;
  const refusal = look.refusal(id);
  if (refusal !== undefined) return refusal;
  try {
    const listed = await look.list(id, await look.commandOf(entry));
    if (listed.kind !== 'listed') return listed.why;
    const { seen, faults } = listed.listing;
    if (seen !== undefined) await look.remember(id, seen);
    const [first] = faults;
    return first === undefined ? undefined : `its ${first.kind} are not whole: ${first.why}`;
  } catch (error) {
    if (!isGuardError(error)) throw error;
    return error.message;
  }
}
