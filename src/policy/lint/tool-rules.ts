// The rules about single tools that can be called: what destroys, what takes anything, what is not what it says. Pure.
// attacker-controlled: what servers say of their tools.
import type { Json, JsonObject } from '../../wire/json.ts';
import { type ArgumentKind, argumentKinds, declaredArguments, isLookedAt } from './argument-kind.ts';
import { firstKey } from './contradiction.ts';
import { countOf, type Found, quoteName } from './finding.ts';
import type { LintInput, LintServer, OfferedTool } from './lint-input.ts';
import { isWild } from './pattern-relation.ts';
import { constraintsOf, type GrantSite, isNamed, listCallable, listGrants, matchedTools } from './subject.ts';
import { findContradiction, whyDestructive } from './tool-traits.ts';

export function findDestructive(input: LintInput): readonly Found[] {
  return eachGrantedTool(input).flatMap(({ site, server, tool }): readonly Found[] => {
    const { grant, path } = site;
    const why = whyDestructive(tool);
    if (why === undefined || grant.approve !== undefined || Number.isFinite(grant.expiresAtMs)) return [];
    return [
      {
        path,
        server: server.id,
        tool: tool.name,
        text: `${quoteName(tool.name)} destroys or runs things (${why}), and is granted for ever and without a question`,
        mend: 'add `expires`, or take it out of the grant, or deny it (`approve` denies each use in this version)',
      },
    ];
  });
}

const MENDS: Readonly<Record<ArgumentKind, string>> = {
  path: '`within`',
  url: '`host`',
  command: '`oneOf` or `pattern`',
  sql: '`sql: "read-only"`',
};
/** Those that bound what a path, URL, command or query may be; a length does not. */
const BOUNDS = ['equals', 'oneOf', 'pattern', 'prefix', 'within', 'host', 'sql', 'absent', 'schema'];

export function findUnconstrained(input: LintInput): readonly Found[] {
  return eachGrantedTool(input).flatMap(({ site, server, tool }): readonly Found[] => {
    const open = argumentKinds(tool).filter(({ pointer }) => !isBound(site.document, pointer));
    if (open.length === 0) return [];
    const shown = open
      .slice(0, 6)
      .map(
        ({ pointer, kind }) =>
          `${quoteName(pointer)} (${kind === 'url' || kind === 'sql' ? kind.toUpperCase() : kind})`,
      );
    const more = open.length > shown.length ? ` and ${open.length - shown.length} more` : '';
    const kinds = [...new Set(open.map(({ kind }) => MENDS[kind]))];
    const closing = canBeClosed(site.document, tool, open) ? '; or say `additional: false`' : '';
    return [
      {
        path: site.path,
        server: server.id,
        tool: tool.name,
        text: `${quoteName(tool.name)} takes any ${shown.join(', ')}${more}`,
        mend: `constrain ${open.length === 1 ? 'it' : 'them'} in \`args\` with ${kinds.join(', ')}${closing}`,
      },
    ];
  });
}

/** Whether `additional: false` would refuse all of `open`, and leave a tool that can still be called. */
function canBeClosed(grant: JsonObject, tool: OfferedTool, open: readonly { readonly pointer: string }[]): boolean {
  const named = new Set(constraintsOf(grant).map(([pointer]) => firstKey(pointer)));
  if (named.has('*') || open.some(({ pointer }) => named.has(firstKey(pointer)))) return false;
  return declaredArguments(tool).required.every((name) => named.has(name));
}

/** Whether a grant bounds the argument itself, all of its list, what holds it, or refuses what it does not name. */
export function isBound(grant: JsonObject, pointer: string): boolean {
  const constraints = constraintsOf(grant);
  const isNamed = constraints.some(([one]) => firstKey(one) === firstKey(pointer) || firstKey(one) === '*');
  if (grant.additional === false && !isNamed) return true;
  return constraints.some(
    ([one, constraint]) => reaches(one, pointer) && BOUNDS.some((kind) => hasKind(constraint, kind)),
  );
}

/** `one` names `pointer`, or an object or list above it. */
function reaches(one: string, pointer: string): boolean {
  const [above, below] = [one.split('/'), pointer.split('/')];
  return above.length <= below.length && above.every((part, at) => part === '*' || part === below[at]);
}

function hasKind(constraint: JsonObject, kind: string): boolean {
  const value: Json | undefined = Object.hasOwn(constraint, kind) ? constraint[kind] : undefined;
  // a prefix of one character, as `/`, bounds nothing
  return kind === 'prefix' ? typeof value === 'string' && value.length > 1 : value !== undefined;
}

export function findContradictory(input: LintInput): readonly Found[] {
  return input.servers.flatMap((server) =>
    listCallable(server, input.nowMs).flatMap(({ tool }): readonly Found[] => {
      const why = findContradiction(tool);
      if (why === undefined) return [];
      return [
        {
          path: ['servers', server.id],
          server: server.id,
          tool: tool.name,
          text: `${quoteName(tool.name)} ${why}: hosts may skip their question to the user because of it`,
          mend: 'look at what it does; deny it, or do not grant it',
        },
      ];
    }),
  );
}

/** The other rules are silent about these, and that silence means nothing. */
export function findNotLookedAt(input: LintInput): readonly Found[] {
  return input.servers.flatMap((server): readonly Found[] => {
    const { id, offer } = server;
    const base = { path: ['servers', id], server: id } as const;
    const mend = 'look at it yourself; deny it, or do not grant it';
    const unread = listCallable(server, input.nowMs).filter(({ tool }) => !isLookedAt(tool));
    const found = unread.map(({ tool }): Found => {
      const text = `the definition of ${quoteName(tool.name)} was too large to look at: what it takes and claims is not known`;
      return { ...base, tool: tool.name, text, mend };
    });
    const omitted = offer?.omitted ?? 0;
    if (omitted === 0) return found;
    const text = `${quoteName(id)} lists ${countOf(omitted, 'tool')} more than there was room to look at`;
    return [
      ...found,
      { ...base, text, mend: 'grant tools by their names alone; ask who made it why there are so many' },
    ];
  });
}

interface GrantedTool {
  readonly site: GrantSite;
  readonly server: LintServer;
  readonly tool: OfferedTool;
}

/** Each grant that is alive with each tool it names and that can be called; without an inventory, with its own name. */
function eachGrantedTool(input: LintInput): readonly GrantedTool[] {
  return listGrants(input).flatMap((site) => {
    const { grant, servers } = site;
    if (grant.kind !== 'tool' || input.nowMs >= grant.expiresAtMs) return [];
    return servers.flatMap((server) => {
      const offered = matchedTools(server, grant.pattern);
      const tools = server.offer === undefined && !isWild(grant.pattern) ? [{ name: grant.pattern }] : offered;
      return tools
        .filter(({ name }) => isNamed(server, 'tool', name, input.nowMs))
        .map((tool) => ({ site, server, tool }));
    });
  });
}
