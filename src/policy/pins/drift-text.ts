// Drift in words: for the model whose call is refused, and line by line for a person. Pure. attacker-controlled: names and
// values; every text is inert and bounded.
import type { Deny } from '../../core/interceptor.ts';
import { inertName } from '../../wire/inert-text.ts';
import { approveCommand, type CommandOptions, diffCommand } from '../lock/lock-command.ts';
import type { Drift, Flip, ToolChange } from './drift.ts';
import type { Since } from './watch.ts';

/** The refusal of a call. @param change undefined: the tool was not there when that was done */
export function refuseTool(
  server: string,
  tool: string,
  change: ToolChange | undefined,
  since: Since,
  options: CommandOptions,
): Deny {
  const [where, name] = [inertName(server), inertName(tool)];
  const done = since === 'approved' ? 'approved' : 'first seen';
  const what =
    change === undefined
      ? `\`${name}\` is not one of the tools of \`${where}\` that were ${done}`
      : `The definition of \`${name}\` on \`${where}\` has changed since it was ${done} (${fieldNames(change)})`;
  return {
    kind: 'deny',
    reason: 'definition_drift',
    rule: `servers.${where}.pins`,
    text: `${what}, so mcp-guard keeps it out of use. The call was not sent; do not retry. A person can look at it with \`${diffCommand(options, where)}\` and approve it with \`${approveCommand(options, where)}\`.`,
    retryAfterMs: undefined,
  };
}

/** Where a list cannot be read, nothing in it can be compared. */
export function refuseList(server: string): Deny {
  const where = inertName(server);
  return {
    kind: 'deny',
    reason: 'definition_drift',
    rule: `servers.${where}.pins`,
    text: `The list of tools of \`${where}\` is no list, so mcp-guard cannot compare it with what was approved and does not pass it on.`,
    retryAfterMs: undefined,
  };
}

/** One line a finding, what matters most first. */
export function describeDrift(drift: Drift): readonly string[] {
  const { changed, added, alike, removed, clones, instructions } = drift;
  const lines = changed.flatMap(describeChange);
  const cloned = new Set(clones.flatMap(({ from, to }) => [from, to]));
  for (const { from, to } of clones)
    lines.push(`\`${inertName(to)}\` has the definition of \`${inertName(from)}\`, which is gone`);
  for (const name of added)
    if (!cloned.has(name)) lines.push(`\`${inertName(name)}\` is new${likeText(alike.get(name))}`);
  for (const name of removed) if (!cloned.has(name)) lines.push(`\`${inertName(name)}\` is gone`);
  if (instructions !== undefined)
    lines.push(`instructions: ${quote(instructions.before)} → ${quote(instructions.after)}`);
  return lines;
}

/** A line for each field, and before them each word that turned for the worse. */
export function describeChange({ tool, fields, flips }: ToolChange): readonly string[] {
  const name = inertName(tool);
  return [
    ...flips.filter(({ isWorse }) => isWorse).map((flip) => `\`${name}\` ${flipText(flip)} (claimed by the server)`),
    ...fields.map(({ field, before, after }) => `\`${name}\` ${field}: ${quote(before)} → ${quote(after)}`),
  ];
}

function likeText(like: string | undefined): string {
  return like === undefined ? '' : `, and reads like \`${inertName(like)}\``;
}

function flipText({ hint, before, after }: Flip): string {
  return `${hint}: ${before ?? 'absent'} → ${after ?? 'absent'}`;
}

function fieldNames({ fields }: ToolChange): string {
  return fields.map(({ field }) => field).join(', ');
}

function quote(text: string | undefined): string {
  return text === undefined ? 'nothing' : JSON.stringify(text).replaceAll('\\\\u{', '\\u{');
}
