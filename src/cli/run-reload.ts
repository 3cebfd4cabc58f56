// Takes another policy over while a session runs: reads it, swaps it in between two messages, says and records what came of it. Loaded
// after the start, and only where there is a policy to watch. Decides nothing: what holds for a server is its followers' to work out.
import { digestFile, modeOfFile } from '../adapters/file-look.ts';
import { watchPolicyFiles } from '../adapters/policy-watch.ts';
import type { Timers } from '../adapters/shutdown-ladder.ts';
import type { EventEntry } from '../audit/entry.ts';
import type { Policy } from '../config/policy.ts';
import { messageOf } from '../error-text.ts';
import { isGuardError } from '../guard-error.ts';
import type { Clock } from '../ports/clock.ts';
import type { GuardStatus, ReloadAnswer } from '../ports/guard-status.ts';
import type { Log } from '../ports/log.ts';
import { sayKept, tellKept } from './kept-words.ts';
import type { HeldPolicy } from './open-policy.ts';
import { type PolicyInForce, waitingForStart } from './policy-in-force.ts';

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

/** The config, or what was approved of it, has nothing for whoever this session is: then nothing of the old policy holds either. */
const OUT: ReadonlySet<string> = new Set(['tenant_unknown', 'tenant_unapproved']);

/** Of one message: what the client is told is cut at 1,000, and a few messages are all that it is told at once. */
const LONGEST_SAYING = 900;

/** @returns ends the watch; what is under way comes to nothing */
export function watchRunPolicy(parts: RunReloadParts): () => void {
  const { inForce, log } = parts;
  let isOver = false;
  const nowMs = (): number => Math.trunc(parts.clock.now().wallMs);
  let sinceMs = nowMs();
  const { policy: first } = inForce.held;
  // what the start has read of the config is known exactly; of the others, what they are by now
  const { allowance } = inForce.held;
  let holding: Digests | undefined = new Map([
    ...digestAll(inForce.held),
    ...(first === undefined ? [] : [sourceOf(first)]),
    ...(allowance === undefined ? [] : [[allowance.path, allowance.digest] as const]),
  ]);
  /** As they were last read, and by whom they may be written; undefined: to be read again, whatever they are. */
  let read: Digests | undefined = withModes(holding);
  /** Why what was last read was not taken over; undefined: it is what holds. */
  let trouble: string | undefined;
  /** Since when that is so. */
  let troubleMs = sinceMs;
  /** Grants that ended until then have been seen to. */
  let grantsMs = sinceMs;

  const answer = (reload: Omit<ReloadAnswer, 'atMs' | 'why'>): void => {
    const { policy } = inForce.held;
    const source = { config: policy?.source.path ?? null, digest: policy?.source.digest ?? null };
    const kept = reload.outcome === 'kept' ? trouble : undefined;
    const atMs = kept === undefined ? nowMs() : troubleMs;
    parts.status.policyIs({
      ...{ ...source, sinceMs },
      // asked whenever the record is written: what waited for a server may be over by then
      reload: {
        ...{ ...reload, atMs },
        get why() {
          return kept ?? inForce.standing().join('; ').slice(0, LONGEST_WHY);
        },
      },
    });
  };

  /** @param isNews false: it was said and recorded when it came, unless something else is wrong by now */
  const keep = (token: string | null, error: unknown, isNews: boolean): void => {
    const { policy } = inForce.held;
    const path = policy?.source.path ?? null;
    const why = describeError(error);
    const before = trouble;
    const isOut = isGuardError(error) && OUT.has(error.code);
    const short = isGuardError(error) ? onOneLine(error.message) : why;
    trouble = `${isOut ? 'every call is refused: ' : ''}${short}`.slice(0, LONGEST_WHY);
    if (isNews || trouble !== before) {
      troubleMs = nowMs();
      const offered = path === null ? null : digestFile(path);
      const stage = isOut ? 'closed' : 'kept';
      parts.note('config', { stage, config: path, digest: policy?.source.digest ?? null, offered, why });
      if (!isOut) log.write('warn', sayKept(why), tellKept(policy, error, why));
      // INVARIANT: what a start would refuse this tenant no session of it goes on to use
      else {
        inForce.close(`${short}; calls pass again once it stands there and is approved`);
        holding = undefined;
      }
    }
    answer({ token, outcome: 'kept' });
  };

  const takeOver = async (token: string | null, next: HeldPolicy): Promise<void> => {
    const { policy: before, lock: held } = inForce.held;
    const swapped = await inForce.swap(next, () => !isOver);
    if (isOver) return;
    const notes = [...swapped, ...waitingForStart(before, next.policy)];
    [sinceMs, grantsMs, trouble] = [nowMs(), nowMs(), undefined];
    const { policy, lock } = next;
    const config = policy?.source.path ?? null;
    parts.note('config', {
      ...{ stage: 'taken_over', config, digest: policy?.source.digest ?? null, before: before?.source.digest ?? null },
      ...{ approval: lock?.approval ?? null, notes: notes.join('; ') || null },
    });
    for (const detail of lock?.events ?? []) parts.note('lock', detail);
    const head =
      lock?.ended !== undefined && held?.ended === undefined && isSameSource(before, policy)
        ? `${lock.ended}: what it gave until then is refused from now on`
        : `another policy is in force from now on: \`${config ?? 'a ceiling'}\` as it is now`;
    for (const text of gather([head, ...notes, ...(lock?.notes ?? [])])) log.write('warn', text);
    answer({ token, outcome: 'taken_over' });
  };

  const sayBack = (): void => {
    const { policy } = inForce.held;
    trouble = undefined;
    const source = { config: policy?.source.path ?? null, digest: policy?.source.digest ?? null };
    parts.note('config', { stage: 'unchanged', ...source });
    log.write('info', 'what the policy is read from is again what the policy in force was read from');
  };

  const onDue = async (token: string | null, isForced: boolean): Promise<void> => {
    const { held } = inForce;
    const found: Digests = new Map(digestAll(held));
    const foundModes = withModes(found);
    // who asks is told of what is there now, and not of what was wrong with it when it came
    const isTried = isForced || (token !== null && trouble !== undefined);
    if (isSame(foundModes, read) && !isTried) {
      if (token !== null) answer({ token, outcome: 'unchanged' });
      return;
    }
    const isNews = isForced || !isSame(foundModes, read);
    try {
      read = foundModes;
      const next = await parts.open();
      // what was written meanwhile may have been read or not
      const isSteady = isSame(withModes(new Map(digestAll(held))), foundModes);
      if (isSteady && !isForced && isSame(found, holding)) {
        if (isOver) return;
        if (trouble !== undefined) sayBack();
        answer({ token, outcome: 'unchanged' });
        return;
      }
      await takeOver(token, next);
      [holding, read] = isSteady ? [found, read] : [undefined, undefined];
    } catch (error) {
      if (isOver) return;
      keep(token, error, isNews);
      if (!isForced) return;
      // INVARIANT: an approval that has ended permits nothing, whatever the files say by now
      inForce.close('an approval has ended, and the policy that holds without it cannot be read');
      holding = undefined;
    }
  };

  const onLook = (token: string | null, isForced: boolean): Promise<void> => {
    const now = nowMs();
    const endMs = inForce.grantsEndMs(grantsMs);
    if (now >= endMs) {
      inForce.grantsEnded(endMs - 1, now);
      grantsMs = now;
    }
    // INVARIANT: the end of a grant refuses by itself: nothing need be read for it, and nothing is closed for want of that
    return onDue(token, isForced && now >= inForce.held.untilMs);
  };

  const end = watchPolicyFiles({
    ...{ timers: parts.timers, clock: parts.clock, signature: inForce.held.signature, onDue: onLook },
    files: () => [...inForce.held.watched, ...recordOf(inForce.held)],
    requestPath: () => parts.requestPath(),
    untilMs: () => Math.min(inForce.held.untilMs, inForce.grantsEndMs(grantsMs)),
  });
  return () => {
    isOver = true;
    end();
  };
}

type Digests = ReadonlyMap<string, string>;

/** Of the record of allowances only what it says of this config: others of it are nobody's policy here. */
function digestAll({ watched, allowance }: HeldPolicy): [path: string, digest: string][] {
  const files = watched.map((path): [string, string] => [path, digestFile(path)]);
  return allowance === undefined ? files : [...files, [allowance.path, allowance.look()]];
}

function recordOf({ allowance }: HeldPolicy): readonly string[] {
  return allowance === undefined ? [] : [allowance.path];
}

/** Who may write a file decides whether it is believed. */
function withModes(digests: Digests): Digests {
  return new Map([...digests].map(([path, digest]) => [path, `${digest} ${modeOfFile(path)}`]));
}

function isSame(one: Digests, other: Digests | undefined): boolean {
  return other !== undefined && one.size === other.size && [...one].every(([path, word]) => other.get(path) === word);
}

/** As few messages as hold them all; one that is too long by itself stays one. */
function gather(texts: readonly string[]): readonly string[] {
  const said: string[] = [];
  for (const text of texts) {
    const last = said.at(-1);
    const joined = last === undefined ? text : `${last}; ${text}`;
    if (last === undefined || joined.length > LONGEST_SAYING) said.push(text);
    else said[said.length - 1] = joined;
  }
  return said;
}

function sourceOf({ source }: Policy): [path: string, digest: string] {
  return [source.path, source.digest];
}

function describeError(error: unknown): string {
  const text = messageOf(error);
  const hint = isGuardError(error) && error.hint !== undefined ? `; ${error.hint}` : '';
  return `${onOneLine(text)}${hint}`;
}

function onOneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').slice(0, LONGEST_WHY);
}

/** Then a config that was replaced is what there is to say. */
function isSameSource(before: Policy | undefined, after: Policy | undefined): boolean {
  return before?.source.digest === after?.source.digest;
}
