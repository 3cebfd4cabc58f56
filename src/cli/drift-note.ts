// What is said and recorded of a definition that is not what it was: the lines for stderr, the detail of the record. Pure; decides
// nothing. attacker-controlled: every name and text of a server; the log makes them inert.
import type { EventEntry } from '../audit/entry.ts';
import type { Observed } from '../core/interceptor.ts';
import { approveCommand, type CommandOptions, diffCommand } from '../policy/lock/lock-command.ts';
import { describeChange } from '../policy/pins/drift-text.ts';
import type { DriftFinding } from '../policy/pins/watch.ts';

/** What a person sees of a change on stderr. */
const MOST_LINES = 4;

const LET_PASS: Readonly<Record<Observed['by'], string>> = {
  observe: 'let pass (`mode: observe`)',
  pause: 'let pass while it is paused',
};

/** @param by why it is let pass all the same; undefined: the mode of the pins holds */
export function recordDrift(
  { tool, kind, mode, since, change }: DriftFinding,
  by: Observed['by'] | undefined,
): EventEntry['detail'] {
  const fields = change?.fields.map(({ field }) => field).join(' ');
  const flips = change?.flips
    .filter(({ isWorse }) => isWorse)
    .map(({ hint }) => hint)
    .join(' ');
  return { tool: tool ?? null, kind, mode, by: by ?? null, since, fields: fields ?? null, flips: flips || null };
}

/** @param by as of `recordDrift` */
export function warnOfDrift(
  { server, tool, kind, mode, since, change }: DriftFinding,
  by: Observed['by'] | undefined,
  options: CommandOptions = '',
): readonly string[] {
  const done = since === 'approved' ? 'approved' : 'first seen';
  const kept = tool === undefined ? 'withheld' : 'kept out of use';
  const then = mode === 'warn' ? 'let pass (`pins: warn`)' : by === undefined ? kept : LET_PASS[by];
  const mend = `look with \`${diffCommand(options, server)}\`, then \`${approveCommand(options, server)}\``;
  if (tool === undefined)
    return [`\`${server}\`: its instructions have changed since they were ${done}: ${then}; ${mend}`];
  const what = kind === 'added' ? `is new since its tools were ${done}` : `has changed since it was ${done}`;
  const lines = change === undefined ? [] : describeChange(change).slice(0, MOST_LINES);
  return [`\`${server}\`: the tool \`${tool}\` ${what}: ${then}; ${mend}`, ...lines.map((line) => `  ${line}`)];
}
