// `mcp-guard scope diff`: what the config wants against what is approved, and what servers offer against what is pinned.
import type { ApprovalView } from './approval-screen.ts';
import { describeUnseen, formatApproval, formatApprovalJson } from './approval-screen.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';

export interface ScopeDiffOptions {
  readonly json?: boolean | undefined;
  /** Definitions uncut, and as they stand. */
  readonly full?: boolean | undefined;
}

/** @returns the exit code: 0 where nothing waits for an approval, 1 where something does, or a server never ends its list */
export function runScopeDiff(options: ScopeDiffOptions, io: CliIo, view: ApprovalView): number {
  const { waits, servers } = view.picture;
  const isPart = servers.some(({ gap }) => gap === 'part');
  const code = waits || isPart ? 1 : 0;
  if (options.json === true) {
    io.stdout.write(`${formatApprovalJson(view)}\n`);
    return code;
  }
  const paint = makePaint(io.color);
  io.stdout.write(formatApproval(view, io.columns, paint, options.full === true).text);
  const isFirst = view.judgement.kind === 'first_use';
  const sum = waits
    ? paint(
        'warn',
        isFirst
          ? 'nobody has approved this: `mcp-guard scope approve` does'
          : 'this waits for `mcp-guard scope approve`',
      )
    : paint('good', 'nothing waits for an approval');
  io.stdout.write(`\n${sum}\n${describeUnseen(view.picture, io.columns)}`);
  return code;
}
