// `mcp-guard scope approve --reason R`: shows what becomes possible, asks, signs, writes the lock. On record before it is done, and
// what came of it. Knows neither where the lock lies nor how records become bytes.

import { quoteWord } from '../config/shell-word.ts';
import { messageOf } from '../error-text.ts';
import { GuardError } from '../guard-error.ts';
import { type CommandOptions, diffCommand } from '../policy/lock/lock-command.ts';
import { numberOf, type SignedLock } from '../policy/lock/lock-document.ts';
import { approversOf } from '../policy/lock/lock-judgement.ts';
import type { JsonObject } from '../wire/json.ts';
import type { ApprovalPicture } from './approval-picture.ts';
import { countLines, recordDone, recordedOf } from './approval-record.ts';
import { type ApprovalView, describeUnseen, formatApproval } from './approval-screen.ts';
import { askAbout, countDrift, formatSummary } from './approval-summary.ts';
import { wrapText } from './config-screen.ts';
import { type Consent, confirm, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { readReason } from './read-reason.ts';
import { readEnd } from './read-span.ts';
import { makePaint } from './render.ts';
import { showExact } from './scope-words.ts';

export interface ScopeApproveOptions {
  readonly reason?: string | undefined;
  readonly expires?: string | undefined;
  readonly server?: string | undefined;
  /** A private key of an approver, instead of this machine's. */
  readonly key?: string | undefined;
  /** Do not ask: the key is the authority. */
  readonly yes?: boolean | undefined;
  /** What was approved until a time is approved without an end now, or until that of this approval. */
  readonly keep?: boolean | undefined;
  /** Definitions uncut, and as they stand. */
  readonly full?: boolean | undefined;
  /** Definitions stay as they were approved: what drifted is out of use as before. */
  readonly policyOnly?: boolean | undefined;
  /** Not to approve anything, but to take over an approver's lock (take-lock.ts). */
  readonly take?: boolean | undefined;
}

export interface ApprovalWords {
  readonly who: string;
  readonly why: string;
  /** Of what the lock holds then: its own, or of an earlier approval that keeps its end. */
  readonly untilMs: number | undefined;
}

export interface ApproveContext {
  /** @param isEnding this approval has an end of its own @throws GuardError usage */
  readonly look: (isEnding: boolean) => ApprovalView;
  /** Behind the commands that are named. */
  readonly commandOptions: CommandOptions;
  readonly consent: Consent;
  /** The local user, and the wall clock in ms. */
  readonly actor: string;
  readonly nowMs: number;
  /** Whether what would be approved is a policy at all. @param mend how to go on where it is none @throws GuardError */
  check(policy: JsonObject, mend: string): void;
  /** Its public key. @throws GuardError key_unusable: it cannot be used, or its word does not count here, for this policy */
  openKey(path: string | undefined, policy: JsonObject): string;
  openTrail(): OneShotTrail;
  /** Signs with that key and writes. @throws GuardError lock_…, state_… */
  write(words: ApprovalWords, picture: ApprovalPicture): Promise<SignedLock>;
}

/** @returns the exit code: 0 @throws GuardError usage, approval_declined, lock_…, key_unusable, audit_unwritable */
export async function runScopeApprove(
  options: ScopeApproveOptions,
  io: CliIo,
  context: ApproveContext,
): Promise<number> {
  const { actor, nowMs, consent } = context;
  refuseFromServer(consent);
  const named = options.server === undefined ? '' : ` --server ${quoteWord(options.server)}`;
  const example = `mcp-guard scope approve${named}${context.commandOptions} --reason 'reads the notes'`;
  const why = readReason(options.reason, 'an approval goes on record, and somebody will ask why', example);
  const untilMs = options.expires === undefined ? undefined : readEnd(options.expires, nowMs);
  if (options.yes === true && options.key === undefined) {
    throw new GuardError('usage', '`--yes` needs `--key`: an approval is given by a person or by a key', {
      hint: 'leave it out and answer on the terminal, or name the private key of an approver',
    });
  }
  const view = context.look(untilMs !== undefined);
  const { picture } = view;
  const { passing } = picture;
  if (untilMs !== undefined && passing !== undefined && untilMs > passing.untilMs && options.keep !== true)
    refuseLonger(passing.untilMs);
  const paint = makePaint(io.color);
  const { text, missing } = formatApproval(view, io.columns, paint, options.full === true);
  // an end is something to approve only where there is another to put in its place
  if (picture.isUpToDate && (untilMs === undefined || passing === undefined)) {
    if (options.key !== undefined) context.openKey(options.key, picture.policy);
    io.stdout.write(text);
    io.stdout.write(`\n${paint('good', 'nothing waits for an approval')}\n${describeUnseen(view, io.columns)}`);
    return 0;
  }
  context.check(picture.policy, 'leave out `--server`');
  if (passing?.base !== undefined)
    context.check(passing.base, '`--keep` approves what ends by itself, too; or wait until it has ended');
  const key = context.openKey(options.key, picture.policy);
  const elsewhere = `look at it with \`${diffCommand(context.commandOptions, options.server)}\`; then \`--key FILE --yes\`: the key is the authority`;
  // nobody reads a screen that ends in an error
  if (options.yes !== true && consent.ask === undefined) await confirm(consent, '', elsewhere);
  io.stdout.write(text);
  if (options.yes !== true) {
    io.stdout.write(formatSummary(view, text, io.columns, paint));
    const until = untilMs === undefined ? '' : ` until ${showExact(untilMs)}`;
    const about = askAbout(countDrift(picture), picture.diff.lines.length > 0);
    const notes = `${describeMissing(missing)}${describeSigner(picture, key, io.columns)}${about.note}`;
    await confirm(consent, `\n${notes}${about.question}${until}?`, elsewhere);
  }
  const keptMs = passing?.base === undefined ? undefined : passing.untilMs;
  const who = options.yes === true ? `key ${quoteWord(baseName(options.key))}` : actor;
  const lock = await carryOut({ who, why, untilMs: untilMs ?? keptMs }, untilMs, view, key, io, context);
  const number = numberOf(lock.body);
  io.stdout.write(`${paint('good', `approved`)} as number ${number}, signed by ${key}\n`);
  if (untilMs === undefined && keptMs !== undefined)
    io.stdout.write(`what was approved until ${showExact(keptMs)} still ends then\n`);
  io.stdout.write('guards that run take it over within seconds; look with `mcp-guard status`\n');
  io.stdout.write(describeUnseen(view, io.columns));
  return 0;
}

function refuseLonger(endMs: number): never {
  throw new GuardError(
    'usage',
    `what was approved until ${showExact(endMs)} would last longer with this \`--expires\``,
    {
      hint: 'name an end up to then, or say `--keep`',
    },
  );
}

function describeMissing(missing: number): string {
  return missing === 0 ? '' : `${missing} characters of definitions are not shown above: \`--full\` shows them\n`;
}

/** A machine's own key is enough here and nowhere else: whoever commits such a lock stops everybody else. */
function describeSigner({ policy }: ApprovalPicture, key: string, columns: number): string {
  const approvers = approversOf(policy);
  if (approvers.length === 0 || approvers.includes(key)) return '';
  return `${wrapText("this is signed with this machine's key and counts here alone: do not commit it. An approver signs for everybody (`--key FILE`), and the next lock of one takes the place of this", columns, '')}\n`;
}

/** INVARIANT: on record before the lock changes; what came of it is, too. */
async function carryOut(
  words: ApprovalWords,
  ownEndMs: number | undefined,
  view: ApprovalView,
  key: string,
  io: CliIo,
  context: ApproveContext,
): Promise<SignedLock> {
  const { actor } = context;
  const asked = {
    actor,
    reason: words.why,
    until: ownEndMs === undefined ? null : new Date(ownEndMs).toISOString(),
    key,
  };
  const trail = context.openTrail();
  try {
    const ref = trail.record('approval', {
      stage: 'asked',
      ...asked,
      config: view.config,
      ...countLines(recordedOf(view)),
    });
    let lock: SignedLock;
    try {
      lock = await context.write(words, view.picture);
    } catch (error) {
      trail.record('approval', {
        stage: 'failed',
        asked: ref,
        why: messageOf(error),
      });
      throw error;
    }
    recordDone(lock, ref, view, trail);
    return lock;
  } finally {
    const unsealed = trail.close();
    if (unsealed !== undefined) io.stderr.write(`mcp-guard: ${makeInert(unsealed)}\n`);
  }
}

function baseName(path: string | undefined): string {
  return path?.split(/[/\\]/).at(-1) ?? '';
}
