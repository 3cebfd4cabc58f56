// What is said and recorded of a definition that is not what it was: the lines for stderr, the detail of the record. Pure; decides
// nothing. attacker-controlled: every name and text of a server; the log makes them inert.
import type { EventEntry } from '../audit/entry.ts';
import type { Observed } from '../core/interceptor.ts';
import { approveCommand, type CommandOptions, diffCommand } from '../policy/lock/lock-command.ts';
import { describeChange } from '../policy/pins/drift-text.ts';
import type { DriftFinding, Since } from '../policy/pins/watch.ts';

/** What a person sees of a change on stderr. */
const MOST_LINES = 4;
/** Of tools that are new together. */
const MOST_NAMES = 6;

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

/**
 * What one answer of a server has shown: tools that are new together in one line, and how to mend it once.
 * @param findings all of one server @param by as of `recordDrift`
 */
export function warnOfDrift(
  findings: readonly DriftFinding[],
  by: Observed['by'] | undefined,
  options: CommandOptions = '',
): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const { server } = first;
  const mend = `look with \`${diffCommand(options, server)}\`, then \`${approveCommand(options, server)}\``;
  const added = new Map<string, NewTool[]>();
  for (const finding of findings) {
    if (finding.tool === undefined || finding.kind !== 'added') continue;
    const how = describeOutcome(finding, by);
    const group = added.get(how) ?? [];
    group.push({ name: finding.tool, like: finding.like });
    added.set(how, group);
  }
  const changed = findings.filter(({ tool, kind }) => tool === undefined || kind !== 'added');
  const said = [
    ...[...added].map(([how, tools]) => [describeNew(server, tools, how)]),
    ...changed.map((finding) => describeChanged(finding, by)),
  ];
  const [only] = said;
  // beside what it is about where that is one thing, else behind all of them
  if (said.length === 1 && only !== undefined) return [`${only[0]}; ${mend}`, ...only.slice(1)];
  return [...said.flat(), `\`${server}\`: ${mend}`];
}

/** For a screen that is looked at now and then. @param count of tools, at least one @param since as of a finding */
export function describeOutOfUse(count: number, server: string, since: Since, options: CommandOptions): string {
  const how = since === 'approved' ? 'approved' : 'first seen';
  const which = count === 1 ? 'a tool is out of use: it is not as' : `${count} tools are out of use: they are not as`;
  return `${which} ${how}; look with \`${diffCommand(options, server)}\``;
}

interface NewTool {
  readonly name: string;
  readonly like: string | undefined;
}

function describeNew(server: string, tools: readonly NewTool[], how: string): string {
  const [only] = tools;
  if (tools.length === 1 && only !== undefined) {
    const like = only.like === undefined ? '' : `, which reads like \`${only.like}\`,`;
    return `\`${server}\`: the tool \`${only.name}\`${like} is new since its tools were ${how}`;
  }
  const more = tools.length - MOST_NAMES;
  // what may be taken for another one comes first
  const ordered = [
    ...tools.filter(({ like }) => like !== undefined),
    ...tools.filter(({ like }) => like === undefined),
  ];
  const names = ordered
    .slice(0, MOST_NAMES)
    .map(({ name, like }) => `\`${name}\`${like === undefined ? '' : ` (reads like \`${like}\`)`}`);
  const all = `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `\`${server}\`: ${tools.length} tools are new since its tools were ${how}: ${all}`;
}

function describeChanged(finding: DriftFinding, by: Observed['by'] | undefined): readonly string[] {
  const { server, tool, change } = finding;
  const how = describeOutcome(finding, by);
  if (tool === undefined) return [`\`${server}\`: its instructions have changed since they were ${how}`];
  const lines = change === undefined ? [] : describeChange(change).slice(0, MOST_LINES);
  const head = `\`${server}\`: the tool \`${tool}\` has changed since it was ${how}`;
  return [head, ...lines.map((line) => `  ${line}`)];
}

/** Since when, and what becomes of it. */
function describeOutcome({ tool, mode, since }: DriftFinding, by: Observed['by'] | undefined): string {
  const kept = tool === undefined ? 'withheld' : 'kept out of use';
  const then = mode === 'warn' ? 'let pass (`pins: warn`)' : by === undefined ? kept : LET_PASS[by];
  return `${since === 'approved' ? 'approved' : 'first seen'}: ${then}`;
}
