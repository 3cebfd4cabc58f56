// What `scope init` shows: what the server offers and what of it was used, the text that would be written, and what follows from it.
// attacker-controlled: everything that the server says.
import type { Listing } from '../adapters/listing-talk.ts';
import { quoteWord } from '../config/shell-word.ts';
import { LIST_KINDS, type ListKind } from '../policy/inventory/known-list.ts';
import { countOf, quoteNames } from '../policy/lint/finding.ts';
import type { ServerUse } from '../policy/lint/tool-use.ts';
import { formatJson } from '../policy/propose/insert-json.ts';
import type { ConfigPlan } from '../policy/propose/new-config.ts';
import type { Proposal, ProposedGrant } from '../policy/propose/proposal.ts';
import { grantDocument, type ProposedServer } from '../policy/propose/proposed-document.ts';
import { showDay } from './call-line.ts';
import { formatNote, wrapText } from './config-screen.ts';
import { makeInert, makeInertLines } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint, type Paint } from './render.ts';
import type { InitTarget } from './scope-init-target.ts';

export interface InitView {
  readonly server: ProposedServer;
  readonly listing: Listing;
  readonly use: ServerUse | undefined;
  /** Under which name that is on record. */
  readonly usedAs: string;
  /** Where nothing is: under which other name there is use of the same command. */
  readonly bareName: string | undefined;
  readonly proposal: Proposal;
  readonly target: InitTarget;
  readonly plan: ConfigPlan;
  readonly advice: readonly string[];
  readonly isLocked: boolean;
}

const WORDS: Readonly<Record<ListKind, readonly [string, string]>> = {
  tools: ['tool', 'tools'],
  resources: ['resource', 'resources'],
  resourceTemplates: ['resource template', 'resource templates'],
  prompts: ['prompt', 'prompts'],
};
const MOST_HELD = 100;
const LONGEST_NOTE = 200;

export function formatInit(view: InitView, { columns, color }: Pick<CliIo, 'columns' | 'color'>): string {
  const { proposal, target, plan } = view;
  const paint = makePaint(color);
  const wrap = (text: string): string => `${wrapText(makeInert(text), columns, '')}\n`;
  const place = target.there === undefined ? 'a new file' : 'added to what is there';
  return [
    ...listOffer(view).map(wrap),
    '\n',
    `${paint('quiet', '---')} ${makeInert(target.path)} (${place})\n`,
    `${makeInertLines(plan.added).trimEnd()}\n`,
    `${paint('quiet', '---')}\n\n`,
    // a config in JSON has no room for what is not granted
    ...(target.notation === 'json' ? formatHeld(proposal.held, columns, paint) : []),
    ...notesOf(view).map((note) => formatNote(note, columns, paint)),
  ].join('');
}

export function formatWritten({ path, isProject }: InitTarget, name: string, { columns, color }: CliIo): string {
  const paint = makePaint(color);
  const config = `--config ${quoteWord(path)}`;
  const next = [
    ...(isProject ? [`mcp-guard config allow ${quoteWord(path)}`] : []),
    `mcp-guard scope show ${name} ${config}`,
    `mcp-guard scope lint ${config}`,
    `mcp-guard run --server ${name} ${config}`,
  ];
  const lines = next.map((command) => `  ${makeInert(command)}\n`).join('');
  return `\n${paint('good', 'written')} ${wrapText(makeInert(path), columns, '')}\n${lines}`;
}

function listOffer({ server, listing, use, usedAs, bareName, proposal }: InitView): readonly string[] {
  const counts = LIST_KINDS.flatMap((kind) => {
    const list = listing.lists[kind];
    return list === undefined ? [] : [countOf(list.entries.length + list.omitted, ...WORDS[kind])];
  });
  const called =
    listing.server === undefined ? '' : `, which calls itself ${listing.server.name} ${listing.server.version},`;
  const lines = [`${server.name}${called} offers ${counts.join(', ') || 'nothing'}`];
  if (proposal.basis === 'offer') {
    lines.push(
      use === undefined
        ? `no use of ${bareName === undefined ? 'it' : `\`${usedAs}\``} is on record: nothing is granted, and each tool is there to be granted`
        : 'nothing of what it was used for can be granted as it is: see below',
    );
    if (bareName !== undefined)
      lines.push(
        `without a config this command is on record as \`${bareName}\`: \`--used-as ${bareName}\` proposes from that`,
      );
    return lines;
  }
  const calls = proposal.granted.reduce((sum, grant) => sum + (grant.calls ?? 0), 0);
  const since = use === undefined ? '' : ` since ${showDay(use.sinceMs)}`;
  lines.push(
    `on record${usedAs === server.name ? '' : ` as \`${usedAs}\``}${since}: ${countOf(calls, 'use')} of ${countOf(proposal.granted.length, 'thing')} that it offers; only these are granted`,
  );
  return lines;
}

function formatHeld(held: readonly ProposedGrant[], columns: number, paint: Paint): readonly string[] {
  if (held.length === 0) return [];
  const shown = held
    .slice(0, MOST_HELD)
    .flatMap((grant) => [
      `  ${makeInertLines(formatJson(grantDocument(grant), '  ', { unit: '  ' }))}\n`,
      ...[...grant.notes, ...(grant.description === undefined ? [] : [`it says: ${grant.description}`])].map(
        (note) => `${paint('quiet', wrapText(makeInert(cut(note.replace(/\s+/gu, ' '))), columns, '    '))}\n`,
      ),
    ]);
  const more = held.length > MOST_HELD ? [`  … and ${held.length - MOST_HELD} more\n`] : [];
  return ['not granted; to grant one, put it into `grants`:\n', ...shown, ...more, '\n'];
}

function notesOf({ server, listing, proposal, target, advice, isLocked }: InitView): readonly string[] {
  const { unnameable, missing } = proposal;
  const scopeless = isNew(target, 'scopes') ? serversOf(target.there?.document) : [];
  return [
    ...listing.faults.map(({ kind, why }) => `not all ${WORDS[kind][1]} are known: ${why}`),
    ...(unnameable.length === 0
      ? []
      : [
          `no rule can name ${quoteNames(unnameable)} alone: a name with \`*\`, \`?\`, control characters, or too long`,
        ]),
    ...(missing.length === 0 ? [] : [`${quoteNames(missing)} was used and is not offered: not granted`]),
    ...(isNew(target, 'servers')
      ? ['from now on `run` refuses every server that is not listed there, unless it says `unlisted: observe`']
      : []),
    ...(scopeless.length === 0
      ? []
      : [
          `there were no scopes before: ${quoteNames(scopeless)} named none, and from now on nothing is granted to a server without one`,
        ]),
    ...advice,
    isLocked
      ? `the config is locked: until \`mcp-guard scope approve\`, \`${server.name}\` does not start under it`
      : 'the config is not locked yet: the first `mcp-guard run` with it locks it as it then stands, and from then on only an approval widens it',
  ];
}

function isNew({ there }: InitTarget, key: string): boolean {
  const document = there?.document;
  return typeof document !== 'object' || document === null || !Object.hasOwn(document, key);
}

function serversOf(document: unknown): readonly string[] {
  if (typeof document !== 'object' || document === null || !('servers' in document)) return [];
  const { servers } = document;
  return typeof servers === 'object' && servers !== null ? Object.keys(servers) : [];
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length <= LONGEST_NOTE ? text : `${characters.slice(0, LONGEST_NOTE - 1).join('')}…`;
}
