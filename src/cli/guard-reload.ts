// `mcp-guard reload`: asks running guards to look at their policy now, and says what came of it. Knows no file and no clock.
import type { RunEntry, RunListing } from '../adapters/run-files.ts';
import { GuardError } from '../guard-error.ts';
import type { ReloadAnswer } from '../ports/guard-status.ts';
import { stringifyInert } from './call-json.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { wrapWords } from './text-width.ts';

export interface GuardReloadOptions {
  /** `--pid`; undefined: every guard that has a config. */
  readonly pid?: number | undefined;
  readonly json?: boolean | undefined;
}

export interface ReloadPlace {
  readonly place: string;
  list(): RunListing;
  /** Puts the request beside the guard's record. */
  ask(recordPath: string, token: string): Promise<void>;
  makeToken(): string;
  /** A clock that never steps, ms. */
  monoMs(): number;
  /** Settles after a short while. */
  pause(): Promise<unknown>;
}

/** A guard looks several times a second; one that does not answer within this is stopped, or has ended. */
const PATIENCE_MS = 5_000;
/** The start of a guard, and a quarter of a second more until it is listed. */
const YOUNG_MS = 1_000;

type Outcome = ReloadAnswer['outcome'] | 'no_answer' | 'ended';

interface Answer {
  readonly guard: RunEntry;
  readonly outcome: Outcome;
  readonly why: string;
}

/** @returns 0: every one has what its files say; 78: one keeps its old policy; 69: one did not answer @throws GuardError usage */
export async function runGuardReload(options: GuardReloadOptions, io: CliIo, place: ReloadPlace): Promise<number> {
  const asked = choose(await seek(options.pid, place), options.pid, place.place);
  if (asked.length === 0) {
    if (options.json !== true) io.stdout.write('no guard with a config is running\n');
    return 0;
  }
  const token = place.makeToken();
  await Promise.all(asked.map(({ path }) => place.ask(path, token)));
  const answers = await collect(asked, token, place);
  for (const answer of answers) {
    const lines = options.json === true ? [showJson(answer)] : wrapWords(showAnswer(answer), io.columns);
    io.stdout.write(`${lines.join('\n')}\n`);
  }
  if (answers.some(({ outcome }) => outcome === 'kept')) return 78;
  return answers.some(({ outcome }) => outcome === 'no_answer') ? 69 : 0;
}

/** A guard that has just been started lists itself a moment later. */
async function seek(pid: number | undefined, place: ReloadPlace): Promise<readonly RunEntry[]> {
  const untilMs = place.monoMs() + YOUNG_MS;
  for (;;) {
    const { guards } = place.list();
    const isThere = guards.some(({ holder, record }) =>
      pid === undefined ? record.policy.config !== null : holder.pid === pid,
    );
    if (isThere || place.monoMs() >= untilMs) return guards;
    await place.pause();
  }
}

function choose(guards: readonly RunEntry[], pid: number | undefined, place: string): readonly RunEntry[] {
  if (pid === undefined) return guards.filter(({ record }) => record.policy.config !== null);
  const named = guards.filter(({ holder }) => holder.pid === pid);
  const [first] = named;
  if (first === undefined) {
    throw new GuardError('usage', `no guard with the pid ${pid} runs on the state directory \`${place}\``, {
      hint: 'see `mcp-guard status`',
    });
  }
  if (first.record.policy.config === null) {
    throw new GuardError('usage', `the guard ${pid} was started without a config`, {
      hint: 'start it anew to give it one',
    });
  }
  return named;
}

async function collect(asked: readonly RunEntry[], token: string, place: ReloadPlace): Promise<readonly Answer[]> {
  const untilMs = place.monoMs() + PATIENCE_MS;
  const answers = new Map<string, Answer>();
  for (;;) {
    const now = new Map(place.list().guards.map((guard) => [guard.path, guard]));
    for (const guard of asked) {
      const found = now.get(guard.path);
      if (found?.record.session !== guard.record.session) {
        answers.set(guard.path, { guard, outcome: 'ended', why: '' });
        continue;
      }
      const { reload } = found.record.policy;
      // by now it may have other servers
      if (reload?.token === token) answers.set(guard.path, { guard: found, outcome: reload.outcome, why: reload.why });
    }
    if (answers.size === asked.length || place.monoMs() >= untilMs) break;
    await place.pause();
  }
  return asked.map((guard) => answers.get(guard.path) ?? { guard, outcome: 'no_answer', why: '' });
}

const WORDS: Readonly<Record<Outcome, string>> = {
  taken_over: 'has taken the policy over',
  unchanged: 'has this policy already',
  kept: 'keeps its old policy',
  no_answer: 'does not answer',
  ended: 'has ended meanwhile',
};

function showAnswer({ guard, outcome, why }: Answer): string {
  const servers = guard.record.servers.map(({ name }) => makeInert(name)).join(', ');
  return `guard ${guard.holder.pid} (${servers}) ${WORDS[outcome]}${why === '' ? '' : `: ${makeInert(why)}`}`;
}

function showJson({ guard, outcome, why }: Answer): string {
  return stringifyInert({ pid: guard.holder.pid, session: guard.record.session, outcome, why });
}
