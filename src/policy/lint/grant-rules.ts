// The rules about one grant beside what is offered, what is used and what time it is. Pure.
import { compilePattern } from '../pattern.ts';
import type { TargetKind } from '../scope/scope-policy.ts';
import { countOf, type Found, quoteName, quoteNames } from './finding.ts';
import type { LintInput, LintServer } from './lint-input.ts';
import { isWild } from './pattern-relation.ts';
import { type GrantSite, isNamed, listGrants, matchedTools, serverOf } from './subject.ts';
import type { NameUse, ServerUse } from './tool-use.ts';

export const DAY_MS = 86_400_000;
const EXPIRING_DAYS = 14;
/** What a config takes as a pattern. Source: the schema of the config. */
const LONGEST_PATTERN = 256;

const isAlive = ({ grant }: GrantSite, nowMs: number): boolean => nowMs < grant.expiresAtMs;

export function findSwallowing(input: LintInput): readonly Found[] {
  const namedIn = new Map(
    input.scopes.map((scope) => [
      scope,
      new Set(scope.grants.flatMap((one) => (one.kind === 'tool' ? [one.pattern] : []))),
    ]),
  );
  return listGrants(input).flatMap((site): readonly Found[] => {
    const { grant, path, servers, scope } = site;
    const { kind, pattern } = grant;
    if (!isWild(pattern) || !isAlive(site, input.nowMs)) return [];
    // a family of URIs has no names to write down
    if (kind === 'resource' && /[^*?]/.test(pattern)) return [];
    const base = { path, server: serverOf(site) };
    const text = `${quoteName(pattern)} takes whatever ${kind} comes under such a name`;
    const mend = `name each ${kind} that is needed`;
    const known = servers.filter(({ offer }) => offer !== undefined);
    if (kind !== 'tool' || known.length === 0 || known.length < servers.length) return [{ ...base, text, mend }];
    const swallowed = known.flatMap((server) =>
      matchedTools(server, pattern).flatMap(({ name }) =>
        namedIn.get(scope)?.has(name) !== true && isNamed(server, 'tool', name, input.nowMs) ? [name] : [],
      ),
    );
    const names = [...new Set(swallowed)];
    if (names.length === 0) return [];
    return [{ ...base, text: `${text}: now ${quoteNames(names)}`, mend, fix: nameUsed(site, pattern) }];
  });
}

/** Where every use is known: the names that were used instead of the pattern. */
function nameUsed({ grant, servers, path }: GrantSite, pattern: string): Found['fix'] {
  const names = usedNames(servers, grant.kind, pattern);
  // without any use nothing would remain: that is `grant-unused`, and another decision
  if (names === undefined || names.length === 0) return undefined;
  // INVARIANT: a name that would itself be a pattern must not become one: the names are the server's and the caller's to choose
  const isPlain = (name: string): boolean =>
    !isWild(name) && name.length <= LONGEST_PATTERN && /^[^\p{Cc}]+$/u.test(name);
  return names.every((name) => isPlain(name) && name.isWellFormed())
    ? { kind: 'name_tools', path, tools: names }
    : undefined;
}

/** Every name that was used and the pattern matches; undefined where the record is not whole. */
function usedNames(servers: readonly LintServer[], kind: TargetKind, pattern: string): readonly string[] | undefined {
  const { matches } = compilePattern(pattern);
  const names = new Set<string>();
  for (const { use } of servers) {
    if (use === undefined || use.hasMore) return undefined;
    for (const name of use.byKind[kind].keys()) if (matches(name)) names.add(name);
  }
  return [...names].sort();
}

export function findUnmatched(input: LintInput): readonly Found[] {
  return listGrants(input).flatMap((site): readonly Found[] => {
    const { grant, path, servers } = site;
    const { kind, pattern } = grant;
    if ((kind !== 'tool' && kind !== 'prompt') || servers.length === 0 || !isAlive(site, input.nowMs)) return [];
    const { matches } = compilePattern(pattern);
    for (const server of servers) {
      const { offer } = server;
      const prompts = offer?.prompts;
      if (offer === undefined || !offer.isComplete || (kind === 'prompt' && prompts === undefined)) return [];
      const isThere = kind === 'tool' ? matchedTools(server, pattern).length > 0 : prompts?.some(matches);
      if (isThere === true) return [];
    }
    const who = servers.map(({ id }) => id);
    return [
      {
        path,
        server: serverOf(site),
        text: `${quoteNames(who)} ${who.length === 1 ? 'offers' : 'offer'} no ${kind} ${isWild(pattern) ? 'that matches' : 'called'} ${quoteName(pattern)}: whatever comes under that name later is granted`,
        mend: 'remove the grant, or correct its name',
        fix: { kind: 'remove_grant', path, isOptional: false },
      },
    ];
  });
}

export function findUnused(input: LintInput): readonly Found[] {
  const { nowMs, unusedDays } = input;
  const cutMs = nowMs - unusedDays * DAY_MS;
  return listGrants(input).flatMap((site): readonly Found[] => {
    const { grant, path, servers } = site;
    if (servers.length === 0 || !isAlive(site, nowMs)) return [];
    let lastMs = Number.NEGATIVE_INFINITY;
    let sinceMs = Number.NEGATIVE_INFINITY;
    for (const { use } of servers) {
      // a record that does not go back so far, or has gaps, cannot tell
      if (use === undefined || use.hasMore || use.sinceMs > cutMs) return [];
      sinceMs = Math.max(sinceMs, use.sinceMs);
      for (const one of usesOf(use, grant.kind, grant.pattern)) lastMs = Math.max(lastMs, one.lastMs);
    }
    if (lastMs >= cutMs) return [];
    const last = Number.isFinite(lastMs)
      ? `it was last used ${daysBetween(lastMs, nowMs)} ago`
      : `no use of it is on record, which goes back ${daysBetween(sinceMs, nowMs)}`;
    return [
      {
        path,
        server: serverOf(site),
        text: `${grant.kind} ${quoteName(grant.pattern)}: ${last}`,
        mend: 'remove the grant, or give it an end (`expires`)',
        fix: { kind: 'remove_grant', path, isOptional: true },
      },
    ];
  });
}

function usesOf({ byKind }: ServerUse, kind: TargetKind, pattern: string): readonly NameUse[] {
  const uses = byKind[kind];
  if (isWild(pattern)) {
    const { matches } = compilePattern(pattern);
    return [...uses].flatMap(([name, one]) => (matches(name) ? [one] : []));
  }
  const one = uses.get(pattern);
  return one === undefined ? [] : [one];
}

export function findExpired(input: LintInput): readonly Found[] {
  return listGrants(input)
    .filter((site) => !isAlive(site, input.nowMs))
    .map((site) => ({
      path: site.path,
      server: serverOf(site),
      text: `${site.grant.kind} ${quoteName(site.grant.pattern)}: expired ${daysBetween(site.grant.expiresAtMs, input.nowMs)} ago, so it grants nothing`,
      mend: 'remove the grant; a clock that is set back would revive it',
      fix: { kind: 'remove_grant', path: site.path, isOptional: false },
    }));
}

export function findExpiring(input: LintInput): readonly Found[] {
  return listGrants(input)
    .filter((site) => isAlive(site, input.nowMs) && site.grant.expiresAtMs <= input.nowMs + EXPIRING_DAYS * DAY_MS)
    .map((site) => ({
      path: site.path,
      server: serverOf(site),
      text: `${site.grant.kind} ${quoteName(site.grant.pattern)}: expires in ${daysBetween(input.nowMs, site.grant.expiresAtMs)}`,
      mend: 'decide whether it is still needed: a later `expires`, or none of it',
    }));
}

/** Whole days, rounded down; less than one is said so. */
export function daysBetween(fromMs: number, toMs: number): string {
  const days = Math.floor((toMs - fromMs) / DAY_MS);
  return days < 1 ? 'less than a day' : countOf(days, 'day');
}
