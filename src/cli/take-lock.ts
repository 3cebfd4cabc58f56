// `mcp-guard scope approve --take --reason R`: takes over an approver's lock that does not follow what this machine has seen, as it is. Shows
// what it permits, asks, remembers it. Knows neither where the lock lies nor how it is judged; signs and writes no lock.
import { GuardError } from '../guard-error.ts';
import type { LockBody } from '../policy/lock/lock-document.ts';
import type { LockJudgement } from '../policy/lock/lock-judgement.ts';
import type { LockMemory } from '../policy/lock/lock-line.ts';
import { type ApprovalView, formatApproval } from './approval-screen.ts';
import { type Consent, confirm, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { readReason } from './read-reason.ts';
import { makePaint } from './render.ts';
import type { ScopeApproveOptions } from './scope-approve.ts';

export interface TakeContext {
  readonly judgement: LockJudgement;
  /** What this lock permits; against the last one that was accepted here, where that is known. */
  readonly look: (body: LockBody) => ApprovalView;
  readonly consent: Consent;
  readonly actor: string;
  readonly commandOptions: string;
  openTrail(): OneShotTrail;
  /** @throws GuardError state_unusable, state_locked */
  take(memory: LockMemory): Promise<void>;
}

const OTHERS = ['expires', 'server', 'key', 'yes', 'keep', 'full', 'policyOnly'] as const;

/** @returns the exit code: 0 @throws GuardError usage, approval_declined, audit_unwritable, state_… */
export async function runTakeLock(options: ScopeApproveOptions, io: CliIo, context: TakeContext): Promise<number> {
  const { judgement, consent, actor } = context;
  refuseFromServer(consent);
  const other = OTHERS.find((name) => options[name] !== undefined && options[name] !== false);
  if (other !== undefined) {
    throw new GuardError(
      'usage',
      `\`--take\` takes the lock as it was signed: \`--${other === 'policyOnly' ? 'policy-only' : other}\` changes nothing of it`,
      {
        hint: 'leave one of them out',
      },
    );
  }
  const example = `mcp-guard scope approve --take${context.commandOptions} --reason 'the branches were merged'`;
  const reason = readReason(options.reason, 'it goes on record, and somebody will ask why', example);
  if (judgement.kind !== 'refused' || judgement.take === undefined || judgement.signed === undefined)
    throw nothingToTake(judgement);
  const { take, signed } = judgement;
  const { number, who, why, at, key, digest } = take.newest;
  if (consent.ask === undefined) {
    throw new GuardError('approval_declined', 'there is no terminal to ask on', {
      hint: 'run it in a terminal of your own: what this machine has seen is set aside by a person alone',
    });
  }
  const paint = makePaint(io.color);
  const view = context.look(signed);
  io.stdout.write(formatApproval(view, io.columns, paint).text);
  const what = view.compared?.isCompared === true ? 'this is what differs from that lock.' : 'this is what it permits.';
  const name = `approval ${number}, ${at.slice(0, 10)} by ${makeInert(who)}: ${makeInert(why)}`;
  await confirm(consent, `\n${what}\n${name}\ntake over this lock as it was signed?`, '');
  const trail = context.openTrail();
  try {
    trail.record('approval', { stage: 'taken', actor, reason, number, digest, key, config: view.config });
    await context.take(take);
  } finally {
    const unsealed = trail.close();
    if (unsealed !== undefined) io.stderr.write(`mcp-guard: ${makeInert(unsealed)}\n`);
  }
  io.stdout.write(`${paint('good', 'taken over')}: approval ${number}, signed by ${key}; no lock was written\n`);
  return 0;
}

function nothingToTake(judgement: LockJudgement): GuardError {
  const why =
    judgement.kind === 'holds'
      ? 'the lock holds here already'
      : judgement.kind === 'first_use'
        ? 'there is no lock'
        : `it is not a newer lock of an approver: ${judgement.refusal.what}`;
  return new GuardError('usage', `there is no lock to take over: ${why}`, {
    hint: 'leave out `--take`, and look at what `scope diff` says',
  });
}
