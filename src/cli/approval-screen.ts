// An approval as a screen shows it: by server, a word for what each line means, wrapped; and as one JSON value. Judges nothing.
// attacker-controlled: names of tools and texts of definitions; every line is made inert here.

import type { CommandOptions } from '../policy/lock/lock-command.ts';
import { numberOf } from '../policy/lock/lock-document.ts';
import type { LockJudgement } from '../policy/lock/lock-judgement.ts';
import type { DiffLine } from '../policy/lock/policy-diff.ts';
import type { ApprovalPicture, Passing, ServerPicture } from './approval-picture.ts';
import { meaningsOf, ORDER, TONES } from './approval-words.ts';
import { stringifyInert } from './call-json.ts';
import { callableOf, newlyCallable } from './callable-definitions.ts';
import { wrapText } from './config-screen.ts';
import { listDrift, listFirst, type Passage } from './definition-passages.ts';
import { makeInert } from './inert-text.ts';
import type { Compared } from './last-picture.ts';
import { makeRoom, showPassages } from './passage-screen.ts';
import type { Paint } from './render.ts';
import { showExact } from './scope-words.ts';
import { wrapWords } from './text-width.ts';

export interface ApprovalLine {
  /**
   * `possible`, `starts`: once it is approved. `drift`: a definition that is out of use until it is approved. `pins`: what would be
   * gone by. `holds`: in effect already. `hidden`, `alike`: to be looked at. `until`: was approved until a time, and ends then; `lasts`:
   * would end no more. `ceiling`: denied here all the same. `unpinned`: what an approval cannot pin. `same`: decides nothing else.
   */
  readonly kind: DiffLine['kind'] | 'drift' | 'pins' | 'unpinned' | 'hidden' | 'alike' | 'until' | 'lasts' | 'ceiling';
  readonly server: string | undefined;
  /** Whose server it is, where these run another program under that name; absent: everybody's. */
  readonly tenants?: readonly string[];
  readonly text: string;
  /** What it is about, in full. */
  readonly passages?: readonly Passage[];
}

export interface ApprovalView {
  /** Absolute paths. */
  readonly config: string;
  readonly lock: string;
  /** Behind the commands that are named. */
  readonly commandOptions: CommandOptions;
  readonly judgement: LockJudgement;
  readonly picture: ApprovalPicture;
  /** Where the lock does not count: against what `picture` was drawn instead (last-picture.ts). */
  readonly compared?: Compared;
}

const NEVER_ENDS =
  'no list of its tools ever came to its end: what was seen is pinned, and any other tool is out of use once this is approved';
const REWRITTEN = 'definitions, or the end of an earlier approval, are written anew; what is decided stays as it is';
const INDENT = ' '.repeat(12);
const MOST_HIDDEN = 10;
const MOST_ALIKE = 20;
const MOST_TENANTS = 6;

/**
 * INVARIANT: of an approval that would change anything there is a line: nobody is asked about what no screen shows.
 *
 * @param isWhole definitions as they stand, too
 */
export function listLines(picture: ApprovalPicture, isWhole = false): readonly ApprovalLine[] {
  const lines = listKnown(picture, isWhole);
  return lines.length > 0 || picture.isUpToDate ? lines : [{ kind: 'same', server: undefined, text: REWRITTEN }];
}

function listKnown(picture: ApprovalPicture, isWhole: boolean): readonly ApprovalLine[] {
  const { diff, passing, servers, shadows, ceilings = [], unpinned = [] } = picture;
  const lines: ApprovalLine[] = [...diff.lines, ...(passing === undefined ? [] : listPassing(passing))];
  lines.push(...ceilings.map((one) => ({ kind: 'ceiling', ...one }) as const));
  lines.push(...unpinned.map((one) => ({ kind: 'unpinned', ...placeOf(one), text: one.why }) as const));
  for (const one of servers) {
    const { tenants, drift, before, after, gap, hidden } = one;
    const server = placeOf(one);
    if (gap === 'split') lines.push({ kind: 'unpinned', ...server, text: splitText(tenants) });
    if (gap === 'part') lines.push({ kind: 'unpinned', ...server, text: NEVER_ENDS });
    if (drift !== undefined && before !== undefined && after !== undefined)
      for (const { text, passages } of listDrift(drift, before, after, isWhole))
        lines.push({ kind: 'drift', ...server, text, ...(passages.length > 0 && { passages }) });
    lines.push(...listDefinitions(picture, one, isWhole).map((line) => ({ ...line, ...server })));
    for (const { tool, path, shown } of hidden.slice(0, MOST_HIDDEN))
      lines.push({ kind: 'hidden', ...server, text: `\`${tool}\` ${path}: ${shown}` });
    if (hidden.length > MOST_HIDDEN)
      lines.push({ kind: 'hidden', ...server, text: `and ${hidden.length - MOST_HIDDEN} more` });
  }
  for (const { kind, tools } of shadows.slice(0, MOST_ALIKE)) {
    const names = tools.map(({ server, tool }) => `\`${tool}\` of \`${server}\``).join(', ');
    lines.push({
      kind: 'alike',
      server: undefined,
      text: `${kind === 'same' ? 'the same name' : 'names that read alike'}: ${names}`,
    });
  }
  if (shadows.length > MOST_ALIKE)
    lines.push({ kind: 'alike', server: undefined, text: `and ${shadows.length - MOST_ALIKE} more` });
  return lines;
}

function listDefinitions(
  picture: ApprovalPicture,
  one: ServerPicture,
  isWhole: boolean,
): readonly Pick<ApprovalLine, 'kind' | 'text' | 'passages'>[] {
  const { server, after, newPins } = one;
  const fresh = newlyCallable(picture, one);
  if (fresh !== undefined)
    return [{ kind: 'pins', text: 'what becomes callable, as it is pinned', passages: listFirst(fresh, isWhole) }];
  if (newPins === undefined) return [];
  const text = `${newPins === 1 ? '1 tool' : `${newPins} tools`} as last seen, and the instructions`;
  if (after === undefined) return [{ kind: 'pins', text }];
  const { shown, others } = isWhole ? { shown: after, others: 0 } : callableOf(picture, server, after);
  const rest = `; not shown: ${others} that no grant covers (shown once one does, or with \`--full\`)`;
  return [{ kind: 'pins', text: others === 0 ? text : text + rest, passages: listFirst(shown, isWhole) }];
}

/** Whose it is: everybody's, or that of tenants who run another program under that name. */
function placeOf({
  server,
  key,
  tenants = [],
}: Pick<ServerPicture, 'server' | 'key' | 'tenants'>): Pick<ApprovalLine, 'server' | 'tenants'> {
  return { server, ...(key !== server && { tenants }) };
}

function listPassing({ untilMs, base, ending, lasting, wasMs = untilMs }: Passing): readonly ApprovalLine[] {
  const [end, was] = [showExact(untilMs), Number.isFinite(wasMs) ? `so far until ${showExact(wasMs)}` : undefined];
  const moved = wasMs === untilMs || was === undefined ? `until ${end}` : `${was}, now until ${end}`;
  const then = base === undefined ? `${was}, now until this approval ends` : moved;
  return [
    ...lasting.map(
      ({ server, text }) => ({ kind: 'lasts', server, text: `${was ?? `from ${end} on`}: ${text}` }) as const,
    ),
    ...ending.map(({ server, text }) => ({ kind: 'until', server, text: `${then}: ${text}` }) as const),
  ];
}

function splitText(tenants: readonly string[] = []): string {
  return `${listTenants(tenants)} saw different definitions of it, so none is pinned anew: approve those of one with \`--tenant\``;
}

function groupOf({ server, tenants }: ApprovalLine): string | undefined {
  return server === undefined || tenants === undefined ? server : `${server} as ${listTenants(tenants)} runs it`;
}

function listTenants(tenants: readonly string[]): string {
  const more = tenants.length - MOST_TENANTS;
  return `${tenants.slice(0, MOST_TENANTS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export interface ApprovalText {
  /** Every line ended. */
  readonly text: string;
  /** Characters of definitions that are not in it. */
  readonly missing: number;
}

/** @param isFull nothing is left out */
export function formatApproval(view: ApprovalView, columns: number, paint: Paint, isFull = false): ApprovalText {
  const room = makeRoom(isFull);
  const lines = listLines(view.picture, isFull);
  const names = [...new Set(lines.map(groupOf))];
  const groups = [...names.filter((name) => name === undefined), ...names.filter((name) => name !== undefined)];
  const blocks = groups.map((group) => {
    const rows = lines
      .filter((line) => groupOf(line) === group)
      .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
      .map(({ kind, text, passages = [] }) => {
        const wrapped = wrapWords(makeInert(text), columns - INDENT.length).join(`\n${INDENT}`);
        return `  ${paint(TONES[kind], kind.padEnd(10))}${wrapped}\n${showPassages(passages, columns, INDENT, room)
          .map((line) => `${line}\n`)
          .join('')}`;
      });
    const head = group === undefined ? '(the config)' : wrapText(makeInert(group), columns, '');
    return `\n${paint('strong', head)}\n${rows.join('')}`;
  });
  const { isCompared = false, note } = view.compared ?? {};
  const meanings = meaningsOf(view.judgement.kind === 'first_use', isCompared);
  const kinds = ORDER.filter((kind) => lines.some((line) => line.kind === kind));
  const legend =
    lines.length === 0
      ? ''
      : `\n${kinds.map((kind) => paint('quiet', wrapText(`${kind}: ${meanings[kind]}`, columns, ''))).join('\n')}\n`;
  const head = [`config  ${view.config}`, `lock    ${view.lock}`, `        ${describeState(view.judgement)}`];
  if (note !== undefined) head.push(`        ${note}`);
  const text = `${head.map((line) => wrapHead(makeInert(line), columns)).join('\n')}\n${blocks.join('')}${legend}`;
  return { text, missing: room.missing };
}

/** Which servers have no definition that could be pinned, and what to do; nothing where there is none. Every line ended. */
export function describeUnseen({ picture: { servers }, commandOptions }: ApprovalView, columns: number): string {
  const unseen = servers
    .filter(({ gap }) => gap === 'unseen')
    .map(
      ({ server, key, tenants = [] }) =>
        `\`${makeInert(server)}\`${key === server ? '' : ` (${listTenants(tenants)})`}`,
    );
  if (unseen.length === 0) return '';
  const text = `no definition of ${unseen.join(', ')} was seen yet, so none is pinned: run it (or \`mcp-guard scope lint --live${commandOptions}\`), then approve it`;
  return `${wrapText(text, columns, '')}\n`;
}

/** A path has no blanks to break at, and is not cut: it is to be copied. */
function wrapHead(line: string, columns: number): string {
  const indent = ' '.repeat(8);
  return `${line.slice(0, 8)}${wrapText(line.slice(8), columns, indent).slice(8)}`;
}

function describeState(judgement: LockJudgement): string {
  if (judgement.kind === 'first_use')
    return 'none yet: the next `run` locks the config as it stands, unless somebody approves before';
  if (judgement.kind === 'refused') return `does not count, so nothing may start: ${judgement.refusal.what}`;
  const newest = judgement.lock.body.approvals.at(-1);
  const until = newest?.until === null || newest === undefined ? '' : `, until ${newest.until}`;
  return `approval ${numberOf(judgement.lock.body)}, ${newest?.at.slice(0, 10)} by ${newest?.who}${until}: ${newest?.why}`;
}

/** Keys are stable; absent values are left out. */
export function formatApprovalJson(view: ApprovalView): string {
  const { config, lock, judgement, picture, compared } = view;
  const newest = judgement.kind === 'holds' ? judgement.lock.body.approvals.at(-1) : undefined;
  return stringifyInert({
    ...{ config, lock, state: judgement.kind, waits: picture.waits },
    refusal: judgement.kind === 'refused' ? judgement.refusal : undefined,
    approval: newest === undefined ? undefined : { ...newest },
    compared: compared?.note,
    lines: listLines(picture, true),
  });
}
