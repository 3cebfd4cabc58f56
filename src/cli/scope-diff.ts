// `mcp-guard scope diff`: what the config wants against what is approved, and what servers offer against what is pinned.
import { approveCommand } from '../policy/lock/lock-command.ts';
import { approversOf } from '../policy/lock/lock-judgement.ts';
import type { ApprovalView } from './approval-screen.ts';
import { describeUnseen, formatApproval, formatApprovalJson } from './approval-screen.ts';
import { formatSummary } from './approval-summary.ts';
import { showCommand } from './command-lines.ts';
import { wrapText } from './config-screen.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';

export interface ScopeDiffOptions {
  /** Only this one was looked at; undefined: all. */
  readonly server?: string | undefined;
  readonly json?: boolean | undefined;
  /** Definitions uncut, and as they stand. */
  readonly full?: boolean | undefined;
}

const SIGNER =
  'by an approver, with `--key FILE`: without it this machine signs, which counts here alone and is not to be committed';

/** @returns the exit code: 0 where nothing waits for an approval, 1 where something does, or what a server offers cannot be pinned */
export function runScopeDiff(options: ScopeDiffOptions, io: CliIo, view: ApprovalView): number {
  const { waits, servers } = view.picture;
  const isUnpinned = servers.some(({ gap }) => gap === 'part' || gap === 'split');
  const code = waits || isUnpinned ? 1 : 0;
  if (options.json === true) {
    io.stdout.write(`${formatApprovalJson(view)}\n`);
    return code;
  }
  const paint = makePaint(io.color);
  const { text } = formatApproval(view, io.columns, paint, options.full === true);
  io.stdout.write(text + (waits ? formatSummary(view, text, io.columns, paint) : ''));
  const isFirst = view.judgement.kind === 'first_use';
  const command = approveCommand(view.commandOptions, options.server);
  const sum = waits
    ? `${paint('warn', isFirst ? 'nobody has approved this' : 'this waits for an approval')}:\n${showCommand(command, io.columns)}`
    : `${paint('good', 'nothing waits for an approval')}\n`;
  const signer = waits && approversOf(view.picture.policy).length > 0 ? `${wrapText(SIGNER, io.columns, '')}\n` : '';
  io.stdout.write(`\n${sum}${signer}${describeUnseen(view, io.columns)}`);
  return code;
}
