// `mcp-guard scope diff`: what the config wants against what is approved, and what servers offer against what is pinned.
import type { ApprovalView } from './approval-screen.ts';
import { formatApproval, formatApprovalJson } from './approval-screen.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';

export interface ScopeDiffOptions {
  readonly json?: boolean | undefined;
}

/** @returns the exit code: 0 where nothing waits for an approval, 1 where something does */
export function runScopeDiff(options: ScopeDiffOptions, io: CliIo, view: ApprovalView): number {
  const { waits } = view.picture;
  if (options.json === true) {
    io.stdout.write(`${formatApprovalJson(view)}\n`);
    return waits ? 1 : 0;
  }
  const paint = makePaint(io.color);
  io.stdout.write(formatApproval(view, io.columns, paint));
  const sum = waits
    ? paint('warn', 'this waits for `mcp-guard scope approve`')
    : paint('good', 'nothing waits for an approval');
  io.stdout.write(`\n${sum}\n`);
  return waits ? 1 : 0;
}
