// The rule about rules that change nothing: denied as a whole, granted by another one anyway, impossible to meet, or in a scope
// that nobody is kept to. Pure.
import type { JsonObject } from '../../wire/json.ts';
import { memberOf, objectOf } from '../../wire/json.ts';
import type { Grant, Scope } from '../scope/scope-policy.ts';
import { findContradictions, findMisfits } from './contradiction.ts';
import { type Found, quoteName } from './finding.ts';
import type { LintInput } from './lint-input.ts';
import { covers, isWild } from './pattern-relation.ts';
import { type GrantSite, listGrants, matchedTools, serverOf } from './subject.ts';

export function findUnreachable(input: LintInput): readonly Found[] {
  const rivals = new Map<Scope, Rivals>();
  return [
    ...findIdleScopes(input),
    ...input.scopes.flatMap(findShadowedDenies),
    ...listGrants(input).flatMap((site) => {
      let among = rivals.get(site.scope);
      if (among === undefined) {
        among = listRivals(site.scope);
        rivals.set(site.scope, among);
      }
      return findUnreachableGrant(site, among, input);
    }),
  ];
}

function findIdleScopes({ scopes, servers, document }: LintInput): readonly Found[] {
  const named = new Set(servers.map(({ scopeName }) => scopeName));
  for (const role of Object.values(objectOf(memberOf(document, 'roles')))) {
    const list = memberOf(role, 'scopes');
    if (Array.isArray(list)) for (const name of list) named.add(String(name));
  }
  return scopes
    .filter(({ name }) => !named.has(name))
    .map(({ name }) => ({
      path: ['scopes', name],
      text: `no server names the scope ${quoteName(name)}, so none of its rules is ever asked`,
      mend: 'name it in `scope` of a server, or remove it',
    }));
}

function findShadowedDenies(scope: Scope): readonly Found[] {
  return scope.denies.flatMap((deny, index): readonly Found[] => {
    const by = scope.denies.findIndex(
      (other, at) => other.kind === deny.kind && at !== index && isCovered(other.pattern, at, deny.pattern, index),
    );
    const other = scope.denies[by];
    if (other === undefined) return [];
    const text = `${deny.kind} ${quoteName(deny.pattern)} is denied by ${quoteName(other.pattern)} (\`${other.rule}\`) already`;
    return [{ path: ['scopes', scope.name, 'deny', index], text, mend: 'remove one of the two' }];
  });
}

/** Of two equal patterns the later one is the one too many. */
function isCovered(wide: string, wideAt: number, narrow: string, narrowAt: number): boolean {
  return covers(wide, narrow) && (wideAt < narrowAt || !covers(narrow, wide));
}

function findUnreachableGrant(site: GrantSite, among: Rivals, { ports }: LintInput): readonly Found[] {
  const { scope, grant, document, path } = site;
  const found = (text: string, mend: string): Found => ({ path, server: serverOf(site), text, mend });
  const what = `${grant.kind} ${quoteName(grant.pattern)}`;
  const deny = scope.denies.find(({ kind, pattern }) => kind === grant.kind && covers(pattern, grant.pattern));
  if (deny !== undefined) {
    const text = `${what} is denied as a whole by ${quoteName(deny.pattern)} (\`${deny.rule}\`), and a denial wins`;
    return [found(text, 'remove the grant, or make the denial narrower')];
  }
  const index = Number(path.at(-1));
  const wider = among(grant.pattern).find((rival) => rival.index !== index && isMoot(grant, index, rival));
  if (wider !== undefined) {
    const loses = isConstrained(document) ? ', so its constraints hold nobody back' : '';
    const text = `${what} is granted by ${quoteName(wider.grant.pattern)} (\`${wider.grant.rule}\`) with any arguments${loses}`;
    return [found(text, 'remove the wider grant, or this one')];
  }
  const contradictions = findContradictions(document, ports);
  const isOne = !isWild(grant.pattern) && grant.kind === 'tool';
  const tools = isOne ? site.servers.map((one) => matchedTools(one, grant.pattern)[0]) : [];
  const [tool, ...others] = tools;
  // one server whose tool fits is enough
  const misfits = tool === undefined || others.length > 0 ? [] : findMisfits(document, tool);
  return [...contradictions, ...misfits].map((why) =>
    found(`${what} can never be used: ${why}`, 'correct the constraint'),
  );
}

interface Rival {
  readonly grant: Grant;
  readonly index: number;
}

/** The grants of a scope that may cover a pattern: the same text, or a wildcard. Ten thousand grants are not compared in pairs. */
type Rivals = (pattern: string) => readonly Rival[];

function listRivals({ grants }: Scope): Rivals {
  const free = grants
    .map((grant, index) => ({ grant, index }))
    .filter(({ grant }) => grant.approve === undefined && grant.checkArguments === undefined);
  const wild = free.flatMap((rival) => {
    const head = rival.grant.pattern.search(/[*?]/);
    return head === -1 ? [] : [{ rival, head: rival.grant.pattern.slice(0, head) }];
  });
  const exact = new Map<string, Rival[]>();
  for (const rival of free) {
    const { pattern } = rival.grant;
    if (!isWild(pattern)) exact.set(pattern, [...(exact.get(pattern) ?? []), rival]);
  }
  return (pattern) => [
    ...(exact.get(pattern) ?? []),
    ...wild.flatMap(({ rival, head }) => (pattern.startsWith(head) ? [rival] : [])),
  ];
}

/** `other` allows all that `grant` does, for as long, with any arguments and without asking. */
function isMoot(grant: Grant, index: number, { grant: other, index: otherIndex }: Rival): boolean {
  if (other.kind !== grant.kind) return false;
  if (other.expiresAtMs < grant.expiresAtMs || !covers(other.pattern, grant.pattern)) return false;
  const isEqual =
    covers(grant.pattern, other.pattern) && isUnconditional(grant) && grant.expiresAtMs === other.expiresAtMs;
  return !isEqual || otherIndex < index;
}

function isUnconditional({ approve, checkArguments }: Grant): boolean {
  return approve === undefined && checkArguments === undefined;
}

function isConstrained(document: JsonObject): boolean {
  return document.args !== undefined || document.additional === false || document.approve !== undefined;
}
