// `mcp-guard pause <server> --for 15m --reason R`, and `--end`: break-glass. What the scope and the pins of one server deny passes for
// a while, and is recorded. On record before it holds. Knows no file.
import { quoteWord } from '../config/shell-word.ts';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import type { CommandOptions } from '../policy/lock/lock-command.ts';
import { addPause, endPause, LONGEST_PAUSE_MS, listPauses, type Pause, type Pauses } from '../policy/pause.ts';
import { suggestName } from './breaker-target.ts';
import { showCommand } from './command-lines.ts';
import { type Consent, confirm, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { readReason } from './read-reason.ts';
import { readDuration } from './read-span.ts';
import { makePaint } from './render.ts';

export interface PauseOptions {
  readonly server: string;
  readonly for?: string | undefined;
  readonly reason?: string | undefined;
  readonly end?: boolean | undefined;
}

export interface PauseContext {
  /** Its path, links resolved. Empty where a pause is ended: that reads none. */
  readonly config: string;
  /** Of the config. */
  readonly servers: readonly string[];
  readonly consent: Consent;
  /** Behind the commands that are named: of a config; of what ends a pause, which reads none. */
  readonly commandOptions: CommandOptions;
  readonly endOptions: CommandOptions;
  readonly actor: string;
  readonly nowMs: () => number;
  openTrail(server: string): OneShotTrail;
  /** Changes the document under its lock; durable when it resolves. @throws GuardError state_… */
  update(change: (pauses: Pauses) => Pauses): Promise<Pauses>;
}

/** @returns the exit code: 0 @throws GuardError usage, approval_declined, audit_unwritable, state_… */
export async function runPause(options: PauseOptions, io: CliIo, context: PauseContext): Promise<number> {
  const { server, end } = options;
  const { servers, actor, consent, commandOptions } = context;
  if (end === true && options.for !== undefined) {
    throw new GuardError('usage', '`--end` ends a pause now, and `--for` says how long one is to last', {
      hint: 'give one of them',
    });
  }
  if (!servers.includes(server) && end !== true)
    throw new GuardError('usage', `the config has no server \`${server}\``, { hint: suggestName(server, servers) });
  const paint = makePaint(io.color);
  if (end === true) {
    let ended = 0;
    let others: readonly Pause[] = [];
    const change = (pauses: Pauses): Pauses => {
      const held = listPauses(pauses, context.nowMs());
      others = held.filter((one) => one.server !== server);
      ended = held.length - others.length;
      return endPause(pauses, server);
    };
    await carryOut({ server, stage: 'ended', detail: { actor, reason: options.reason ?? null } }, change, io, context);
    const left = others.map((one) => `\`${makeInert(one.server)}\``).join(', ');
    if (ended === 0) {
      const paused = left === '' ? '' : ` (paused: ${left})`;
      io.stdout.write(`${paint('warn', 'nothing to end')}: ${makeInert(server)} is not paused${paused}\n`);
      return 0;
    }
    const where = ended === 1 ? '' : `, in ${ended} configs`;
    io.stdout.write(
      `${paint('good', 'ended')}: ${makeInert(server)}: its scope and its pins are enforced again within a second${where}\n`,
    );
    return 0;
  }
  refuseFromServer(consent);
  const example = `mcp-guard pause ${quoteWord(server)} --for 15m --reason 'the release waits'${commandOptions}`;
  const reason = readReason(options.reason, 'a pause goes on record, and somebody will ask why', example);
  const forMs = readDuration(options.for, LONGEST_PAUSE_MS);
  await confirm(
    consent,
    `let pass what the scope and the pins of \`${makeInert(server)}\` deny, for ${options.for}?`,
    'run it in a terminal of your own',
  );
  const sinceMs = Math.trunc(context.nowMs());
  const pause: Pause = { config: context.config, server, sinceMs, untilMs: sinceMs + forMs, actor, reason };
  const until = new Date(pause.untilMs).toISOString();
  await carryOut(
    { server, stage: 'begun', detail: { actor, reason, until } },
    (pauses) => addPause(pauses, pause),
    io,
    context,
  );
  io.stdout.write(
    `${paint('warn', 'PAUSED')} until ${until}: ${makeInert(server)}: what its scope and its pins deny passes, and is recorded\n`,
  );
  io.stdout.write(
    `end it with\n${showCommand(`mcp-guard pause ${quoteWord(server)} --end${context.endOptions}`, io.columns)}`,
  );
  return 0;
}

interface Order {
  readonly server: string;
  readonly stage: 'begun' | 'ended';
  readonly detail: Readonly<Record<string, string | null>>;
}

/** INVARIANT: on record before it holds; what came of it is, too. */
async function carryOut(
  { server, stage, detail }: Order,
  change: (pauses: Pauses) => Pauses,
  io: CliIo,
  context: PauseContext,
): Promise<void> {
  const trail = context.openTrail(server);
  try {
    const asked = trail.record('pause', { stage: stage === 'begun' ? 'asked' : 'end_asked', ...detail });
    try {
      await context.update(change);
    } catch (error) {
      trail.record('pause', { stage: 'failed', asked, why: messageOf(error) });
      throw error;
    }
    trail.record('pause', { stage, asked, ...detail });
  } finally {
    const unsealed = trail.close();
    if (unsealed !== undefined) io.stderr.write(`mcp-guard: ${makeInert(unsealed)}\n`);
  }
}
