// The smallest scope that lets a server go on as it was used; where no use is known, one that grants nothing and names what could be
// granted. Pure; knows no notation and no file. attacker-controlled: what the server offers, and what a fooled model has used.
// INVARIANT: a grant names exactly one thing that the server offers, and never matches another.

import { hasUnsafeUnit } from '../../wire/request-id.ts';
import type { KnownEntry, KnownLists } from '../inventory/known-list.ts';
import { argumentKinds, declaredArguments, isLookedAt } from '../lint/argument-kind.ts';
import type { OfferedTool } from '../lint/lint-input.ts';
import { hintOf } from '../lint/tool-traits.ts';
import type { NameUse, ServerUse } from '../lint/tool-use.ts';
import type { TargetKind } from '../scope/scope-policy.ts';
import { findCommonRoots, type PathPlace } from './common-roots.ts';
import { describeUsedPaths } from './path-notes.ts';
import { findHosts } from './used-hosts.ts';

export interface ProposedConstraint {
  readonly within?: readonly string[];
  readonly host?: readonly string[];
  readonly optional?: true;
}

export interface ProposedGrant {
  readonly kind: TargetKind;
  readonly name: string;
  readonly args: Readonly<Record<string, ProposedConstraint>>;
  /** What a person should know of it: lower case, inert it is not. */
  readonly notes: readonly string[];
  /** As the server describes it, first line. */
  readonly description: string | undefined;
  /** Undefined where none is on record. */
  readonly calls: number | undefined;
  /** Milliseconds since the epoch. */
  readonly lastMs: number | undefined;
}

export interface Proposal {
  /** `use`: what was used is granted. `offer`: nothing is. */
  readonly basis: 'use' | 'offer';
  readonly granted: readonly ProposedGrant[];
  /** Offered and not granted, for a person to take over. */
  readonly held: readonly ProposedGrant[];
  /** Offered under a name that no rule can name alone. */
  readonly unnameable: readonly string[];
  /** Used, and not offered any more, or never. */
  readonly missing: readonly string[];
}

export interface ProposalInput {
  readonly lists: KnownLists;
  readonly use: ServerUse | undefined;
  /** Absolute paths in the server's own command line. */
  readonly ownPaths: readonly string[];
  readonly place: PathPlace;
}

const UNREAD =
  'not granted: its definition is too large to look at, so nobody knows what arguments it takes; constrain them by hand';
const SHORT = 'its definition is very long, and only its parameters and the beginning of its text were looked at';
/** As long as a pattern may be (the schema of the config). */
const LONGEST_NAME = 256;
const HINTS = [
  ['readOnlyHint', true, 'read-only'],
  ['readOnlyHint', false, 'not read-only'],
  ['destructiveHint', true, 'destructive'],
  ['destructiveHint', false, 'not destructive'],
  ['idempotentHint', true, 'idempotent'],
  ['openWorldHint', true, 'reaches outside'],
  ['openWorldHint', false, 'stays inside'],
] as const;

export function proposeScope({ lists, use, ownPaths, place }: ProposalInput): Proposal {
  const granted: ProposedGrant[] = [];
  const held: ProposedGrant[] = [];
  const unnameable: string[] = [];
  const offered = listOffered(lists);
  const { roots: ownRoots } = findCommonRoots(ownPaths.filter(place.isDirectory), [], place);
  for (const { kind, entry } of offered) {
    if (!isNameable(entry.name)) {
      unnameable.push(entry.name);
      continue;
    }
    const used = use?.byKind[kind].get(entry.name);
    const made =
      used === undefined || used.done === 0
        ? proposeUnused(kind, entry, ownRoots, used)
        : proposeUsed(kind, entry, used, place);
    // INVARIANT: what nobody could look at is not granted unasked
    (made.isGranted && !isUnread(kind, entry) ? granted : held).push(made.grant);
  }
  const listed = new Set(offered.map(({ kind, entry }) => `${kind} ${entry.name}`));
  const holdBack = (kind: TargetKind, name: string, used: NameUse, note: string): void => {
    const notes = used.done === 0 ? [note, explainInVain(used)] : [note];
    if (isNameable(name)) held.push({ kind, name, args: {}, notes, description: undefined, ...countsOf(used) });
  };
  for (const [uri, used] of use?.byKind.resource ?? []) {
    if (!listed.has(`resource ${uri}`))
      holdBack('resource', uri, used, 'was asked for, and is not in the list of the server');
  }
  for (const [method, used] of use?.byKind.request ?? []) {
    // granted by default
    if (method !== 'roots/list') holdBack('request', method, used, 'the server has asked this of the client');
  }
  for (const [method, used] of use?.byKind.method ?? []) holdBack('method', method, used, 'is no method of MCP');
  const missing = (['tool', 'prompt'] as const).flatMap((kind) =>
    [...(use?.byKind[kind].keys() ?? [])].filter((name) => !listed.has(`${kind} ${name}`)),
  );
  return { basis: granted.length > 0 ? 'use' : 'offer', granted, held, unnameable, missing };
}

/** Whether a pattern of this text matches this text and nothing else, and is legal. */
function isNameable(name: string): boolean {
  return name !== '' && name.length <= LONGEST_NAME && !/[*?\p{Cc}]/u.test(name) && !hasUnsafeUnit(name);
}

interface Offered {
  readonly kind: TargetKind;
  readonly entry: KnownEntry;
}

/** Each name once: a server may list one twice. Templates are patterns of their own, which a person has to read. */
function listOffered({ tools, resources, prompts }: KnownLists): readonly Offered[] {
  const lists = [
    ['tool', tools],
    ['resource', resources],
    ['prompt', prompts],
  ] as const;
  return lists.flatMap(([kind, list]) => {
    const byName = new Map((list?.entries ?? []).map((entry) => [entry.name, entry]));
    return [...byName.values()].map((entry) => ({ kind, entry }));
  });
}

function proposeUsed(
  kind: TargetKind,
  entry: KnownEntry,
  used: NameUse,
  place: PathPlace,
): { readonly isGranted: boolean; readonly grant: ProposedGrant } {
  const tool = toolOf(entry);
  const { required } = declaredArguments(tool);
  const args: Record<string, ProposedConstraint> = {};
  const notes: string[] = [];
  let isGranted = true;
  for (const { pointer, kind: looks } of kind === 'tool' ? argumentKinds(tool) : []) {
    const seen = used.args.get(pointer);
    const optional = isRequired(pointer, required) ? {} : { optional: true as const };
    const label = `\`${pointer}\``;
    if (looks === 'path') {
      const { roots, tooWide } = findCommonRoots(seen?.paths ?? [], seen?.roots ?? [], place);
      if (tooWide.length > 0) {
        // INVARIANT: what cannot be narrowed is not granted unasked
        isGranted = false;
        notes.push(`${label} was used in ${tooWide.join(', ')} itself, which is too wide to propose`);
      } else if (roots.length > 0) {
        args[pointer] = { within: roots, ...optional };
        const [paths, hasOther] = [seen?.paths ?? [], used.unplaced.has(pointer)];
        notes.push(...describeUsedPaths({ label, roots, paths, hasOther, home: place.home }));
      } else notes.push(`${label} looks like a path, and no whole path is on record for it`);
    } else if (looks === 'url') {
      const { hosts, near } = findHosts(seen?.hosts ?? []);
      if (hosts.length > 0) {
        args[pointer] = { host: hosts, ...optional };
        if (used.unplaced.has(pointer) || (seen?.paths.size ?? 0) > 0)
          notes.push(`${label} was also given as no whole URL: such calls will be refused, give whole ones`);
      } else notes.push(`${label} looks like a URL, and no whole one is on record for it`);
      if (near.length > 0) notes.push(`look twice: ${near.join(', ')} is on this machine or network`);
    } else notes.push(`${label} looks like ${looks === 'sql' ? 'SQL' : 'a command'}: consider a constraint`);
  }
  if (used.hasMore) notes.push('it was used with more than is kept: some of that may be refused');
  return { isGranted, grant: { ...describe(kind, entry, notes), args, ...countsOf(used) } };
}

function proposeUnused(
  kind: TargetKind,
  entry: KnownEntry,
  ownRoots: readonly string[],
  used: NameUse | undefined,
): { readonly isGranted: false; readonly grant: ProposedGrant } {
  const tool = toolOf(entry);
  const { required } = declaredArguments(tool);
  const notes: string[] = used === undefined ? [] : [explainInVain(used)];
  const args: Record<string, ProposedConstraint> = {};
  for (const { pointer, kind: looks } of kind === 'tool' ? argumentKinds(tool) : []) {
    if (looks === 'path' && ownRoots.length > 0) {
      args[pointer] = { within: ownRoots, ...(isRequired(pointer, required) ? {} : { optional: true as const }) };
    } else notes.push(`\`${pointer}\` looks like ${SHOWN[looks]}: consider a constraint`);
  }
  const grant = { ...describe(kind, entry, notes), args, calls: undefined, lastMs: undefined };
  return { isGranted: false, grant };
}

/** Why uses that are on record are none to go by. */
function explainInVain({ calls, failed }: NameUse): string {
  const open = calls - failed;
  const failures = failed === 0 ? [] : [`${failed} failed`];
  const ends = open === 0 ? failures : [...failures, `of ${open} no end is on record`];
  const none = calls === 1 ? 'its one use came to no result' : `none of its ${calls} uses came to a result`;
  return `not granted: ${none} (${ends.join(', ')})`;
}

/** Its definition was too large to keep, or has more parameters than anybody looks at: nobody knows what it takes. */
function isUnread(kind: TargetKind, entry: KnownEntry): boolean {
  return kind === 'tool' && (entry.definition === undefined || !isLookedAt(toolOf(entry)));
}

const SHOWN = { path: 'a path', url: 'a URL', command: 'a command', sql: 'SQL' } as const;

function describe(
  kind: TargetKind,
  { name, definition, digest }: KnownEntry,
  notes: readonly string[],
): Pick<ProposedGrant, 'kind' | 'name' | 'notes' | 'description'> {
  const text = definition?.description ?? (kind === 'resource' ? definition?.name : undefined);
  const entry = { name, definition, digest };
  const isShort = kind === 'tool' && digest !== undefined;
  const claims = kind === 'tool' ? [claimsOf(toolOf(entry)), ...(isShort ? [SHORT] : [])] : [];
  return {
    kind,
    name,
    notes: [...(isUnread(kind, entry) ? [UNREAD] : claims), ...notes],
    description: typeof text === 'string' ? text : undefined,
  };
}

/** TRUST: never more than what the server says of itself, and it is said so. */
function claimsOf(tool: OfferedTool): string {
  const claims = HINTS.flatMap(([hint, value, word]) => (hintOf(tool, hint) === value ? [word] : []));
  return claims.length === 0 ? 'its server claims nothing of it' : `claimed by the server: ${claims.join(', ')}`;
}

function toolOf({ name, definition }: KnownEntry): OfferedTool {
  return { ...definition, name };
}

function isRequired(pointer: string, required: readonly string[]): boolean {
  // deeper ones depend on what is above them
  const name = pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  return !pointer.slice(1).includes('/') && required.includes(name);
}

/** Of what it is granted for: uses that came to a result. */
function countsOf({ done, lastMs }: NameUse): Pick<ProposedGrant, 'calls' | 'lastMs'> {
  return done === 0 ? { calls: undefined, lastMs: undefined } : { calls: done, lastMs };
}
