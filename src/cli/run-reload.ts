// Takes another policy over while a session runs: reads it, swaps it in between two messages, says and records what came of it. Loaded
// after the start, and only where there is a policy to watch. Decides nothing: what holds for a server is its followers' to work out.
import { digestFile } from '../adapters/file-look.ts';
import { watchPolicyFiles } from '../adapters/policy-watch.ts';
import type { Timers } from '../adapters/shutdown-ladder.ts';
import type { EventEntry } from '../audit/entry.ts';
import type { Policy } from '../config/policy.ts';
import { isGuardError } from '../guard-error.ts';
import type { Clock } from '../ports/clock.ts';
import type { GuardStatus, ReloadAnswer } from '../ports/guard-status.ts';
import type { Log } from '../ports/log.ts';
import type { HeldPolicy } from './open-policy.ts';
import type { PolicyInForce } from './policy-in-force.ts';

export interface RunReloadParts {
  readonly inForce: PolicyInForce;
  /** Reads everything again. @throws GuardError where it cannot be used */
  open(): Promise<HeldPolicy>;
  readonly status: Pick<GuardStatus, 'policyIs'>;
  /** Where `mcp-guard reload` asks; undefined while this guard is not listed. */
  requestPath(): string | undefined;
  /** On record, in a turn of its own. */
  note(name: 'config' | 'lock', detail: EventEntry['detail']): void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

/** Below this a message to a person is still one. */
const LONGEST_WHY = 1_000;

/** @returns ends the watch; what is under way comes to nothing */
export function watchRunPolicy(parts: RunReloadParts): () => void {
  const { inForce, log, clock } = parts;
  let isOver = false;
  let sinceMs = clock.now().wallMs;
  const { policy: first } = inForce.held;
  // what the start has read of the config is known exactly; of the others, what they are by now
  let digests = new Map([...digestAll(inForce.held.watched), ...(first === undefined ? [] : [sourceOf(first)])]);

  const answer = (reload: Omit<ReloadAnswer, 'atMs'>): void => {
    const { policy } = inForce.held;
    const source = { config: policy?.source.path ?? null, digest: policy?.source.digest ?? null };
    parts.status.policyIs({ ...source, sinceMs, reload: { ...reload, atMs: clock.now().wallMs } });
  };

  const keep = (token: string | null, error: unknown): void => {
    const { policy } = inForce.held;
    const path = policy?.source.path ?? null;
    const why = describeError(error);
    log.write('warn', `a changed policy is NOT taken over, and the old one holds: ${why}`);
    const offered = path === null ? null : digestFile(path);
    parts.note('config', { stage: 'kept', config: path, digest: policy?.source.digest ?? null, offered, why });
    answer({ token, outcome: 'kept', why: isGuardError(error) ? error.message.slice(0, LONGEST_WHY) : why });
  };

  const takeOver = async (token: string | null, next: HeldPolicy): Promise<void> => {
    const { policy: before } = inForce.held;
    const swapped = await inForce.swap(next, () => !isOver);
    if (isOver) return;
    const notes = [...swapped, ...waitingFor(before, next.policy)];
    sinceMs = clock.now().wallMs;
    const { policy, lock } = next;
    const config = policy?.source.path ?? null;
    parts.note('config', {
      ...{ stage: 'taken_over', config, digest: policy?.source.digest ?? null, before: before?.source.digest ?? null },
      ...{ approval: lock?.approval ?? null, notes: notes.join('; ') || null },
    });
    for (const detail of lock?.events ?? []) parts.note('lock', detail);
    log.write('warn', `another policy is in force from now on: \`${config ?? 'a ceiling'}\` as it is now`);
    for (const note of [...notes, ...(lock?.notes ?? [])]) log.write('warn', note);
    answer({ token, outcome: 'taken_over', why: notes.join('; ').slice(0, LONGEST_WHY) });
  };

  const onDue = async (token: string | null, isForced: boolean): Promise<void> => {
    try {
      const found = new Map(digestAll(inForce.held.watched));
      const isSame = found.size === digests.size && [...found].every(([path, digest]) => digests.get(path) === digest);
      if (isSame && !isForced) {
        if (token !== null) answer({ token, outcome: 'unchanged', why: '' });
        return;
      }
      digests = found;
      const next = await parts.open();
      await takeOver(token, next);
    } catch (error) {
      if (isOver) return;
      keep(token, error);
      // INVARIANT: an approval that has ended permits nothing, whatever the files say by now
      if (isForced) inForce.close('an approval has ended, and the policy that holds without it cannot be read');
    }
  };

  const end = watchPolicyFiles({
    ...{ timers: parts.timers, clock, signature: inForce.held.signature, onDue },
    files: () => inForce.held.watched,
    requestPath: () => parts.requestPath(),
    untilMs: () => inForce.held.untilMs,
  });
  return () => {
    isOver = true;
    end();
  };
}

function digestAll(paths: readonly string[]): [path: string, digest: string][] {
  return paths.map((path) => [path, digestFile(path)]);
}

function sourceOf({ source }: Policy): [path: string, digest: string] {
  return [source.path, source.digest];
}

function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const hint = isGuardError(error) && error.hint !== undefined ? `; ${error.hint}` : '';
  return `${text.slice(0, LONGEST_WHY)}${hint}`.replaceAll('\n', ' ');
}

/** Keys of a whole session: another value of them holds when the server is started anew. */
function waitingFor(before: Policy | undefined, after: Policy | undefined): readonly string[] {
  if (before === undefined || after === undefined) return [];
  const keys = (['audit', 'model', 'shutdown', 'maxLineBytes', 'log', 'auth', 'canary'] as const).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return keys.length === 0 ? [] : [`for ${keys.map((key) => `\`${key}\``).join(', ')} start the server anew`];
}
