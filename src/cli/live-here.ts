// Connects `scope lint --live` to this machine: which servers the config and its lock let start, with which environment, and where the
// answers are kept. Judges nothing.
import { rememberSeenPins } from '../adapters/seen-pins.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import type { Secret } from '../audit/redact/masker.ts';
import type { ConfigPlace } from '../config/find-config.ts';
import { pinKeyOf } from '../config/pin-key.ts';
import { approveCommand } from '../policy/lock/lock-command.ts';
import { LIST_DEADLINE_MS, listHere } from './list-here.ts';
import { lookLive } from './live-look.ts';
import { applyLock, type LockContext, readLockedConfig } from './locked-policy.ts';
import { prepareServer } from './prepare-server.ts';
import { seeAsTenant } from './tenant-policy.ts';
import { openWaitNote } from './wait-note.ts';

/**
 * Starts every server that `run` would start. @returns by server, why it could not be asked @throws GuardError config_… (78),
 * key_unusable (77)
 */
export async function lookHere(place: ConfigPlace, context: LockContext): Promise<ReadonlyMap<string, string>> {
  const whole = await readLockedConfig(place, context);
  const read = await seeAsTenant(whole, context);
  const { judgement } = read;
  if (judgement.kind === 'refused') {
    const why = `nothing is started: ${judgement.refusal.what}`;
    return new Map([...read.policy.servers.keys()].map((id) => [id, why]));
  }
  const { policy } = await applyLock(read, context);
  const blocked = judgement.kind === 'holds' ? judgement.combination.blocked : new Map();
  const secrets = new Map<string, readonly Secret[]>();
  const wait = openWaitNote(`what they offer; each has ${LIST_DEADLINE_MS / 1_000} s`, systemTimers, (text) => {
    process.stderr.write(`mcp-guard: ${text}\n`);
  });
  return lookLive({
    onWait: wait.waitFor,
    // INVARIANT: every server of the config is asked or has a reason: one that is not approved has left the policy in force
    policy: { servers: new Map([...read.policy.servers, ...policy.servers]) },
    refusal: (id) =>
      blocked.has(id)
        ? `it is not started before somebody approves its command and environment (\`${approveCommand(read.commandOptions, id)}\`)`
        : undefined,
    commandOf: async (entry) => {
      const resolved = { name: entry.id, command: entry.command, args: entry.args, entry };
      const prepared = await prepareServer(resolved, policy, NO_FLAGS, context);
      secrets.set(entry.id, prepared.secrets);
      return prepared.command;
    },
    list: (id, command) => listHere(id, command, { ...context, secrets: secrets.get(id) ?? [] }),
    remember: (id, seen) => rememberSeenPins(read.place, pinKeyOf(whole.document, context.tenant, id), seen),
  });
}

const NO_FLAGS = {};
