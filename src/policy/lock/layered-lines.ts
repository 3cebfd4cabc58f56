// What is evaluated as two layers (scopes, roles, and who is kept to which) as lines: whatever differs, whoever names it. Pure.
// INVARIANT: each place where config and lock differ in these keys has a line; one that no comparison here knows counts as a widening.
import { inertName } from '../../wire/inert-text.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, keysOf, listOf, memberOf, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import type { DiffLine } from './diff-line.ts';
import type { Difference } from './difference.ts';
import { diffRoles } from './role-diff.ts';
import type { ScopeDiff } from './scope-diff.ts';
import { roleLine, ruleLines, scopeLines } from './scope-lines.ts';
import { KINDS, viewRules } from './scope-view.ts';
import { changedValue, quoteKey } from './value-words.ts';

export interface LayeredInput {
  readonly config: JsonObject;
  readonly lock: JsonObject;
  /** Of the servers that are looked at. */
  readonly scopes: readonly ScopeDiff[];
  /** As `combineDocuments` tells them, of any direction. */
  readonly differences: readonly Difference[];
}

type Sides = readonly [lock: JsonObject, config: JsonObject];

/** Lines that there are by server, and roles that have any. */
interface Said {
  readonly servers: ReadonlyMap<string, readonly DiffLine[]>;
  readonly roles: ReadonlySet<string | undefined>;
}

export function layeredLines({ config, lock, scopes, differences }: LayeredInput): readonly DiffLine[] {
  const sides: Sides = [lock, config];
  const known = objectOf(memberOf(lock, 'servers'));
  const roles = diffRoles(lock, config);
  const said: Said = {
    servers: new Map(scopes.map((one) => [one.server, scopeLines(one, Object.hasOwn(known, one.server))] as const)),
    roles: new Set(roles.map(({ role }) => role)),
  };
  const told = [...roles.map(roleLine), ...[...said.servers.values()].flat()];
  const layered = differences.filter(({ direction }) => direction === 'layered');
  const rest = layered.flatMap((difference) => {
    const lines = restOf(difference, sides, said);
    return told.length + lines.length > 0 ? lines : [lastLine(difference)];
  });
  return [...told, ...rest];
}

/** Of what nobody has said anything of: tables that come to the same, or what is no table at all. */
function lastLine({ path, before, after }: Difference): DiffLine {
  const isRead = [before, after].every((side) => side === undefined || isJsonObject(side));
  return (isRead ? same : possible)(undefined, changeText(path, before, after));
}

function restOf({ path, before, after }: Difference, sides: Sides, said: Said): readonly DiffLine[] {
  const [top, server, key] = path;
  if (path.length === 1 && top === 'scopes') return [...presenceLines(sides), ...scopesByName(sides, said)];
  if (path.length === 1 && top === 'roles') return restOfRoles(sides, said);
  if (path.length !== 3 || top !== 'servers' || key !== 'scope')
    return [possible(undefined, changeText(path, before, after))];
  const text = changeText([key], before, after);
  // a tenant's scope of that name restricts the server, too
  if (isTenanted(sides)) return [possible(server, text)];
  return server !== undefined && said.servers.get(server)?.length === 0 ? [same(server, text)] : [];
}

function isTenanted(sides: Sides): boolean {
  return sides.some((side) => memberOf(side, 'tenants') !== undefined);
}

/** Whether there are scopes at all: each server that both sides know says so itself; a tenant's own server is in neither. */
function presenceLines(sides: Sides): readonly DiffLine[] {
  const [was, is] = sides.map((side) => memberOf(side, 'scopes') !== undefined);
  if (was === is || !isTenanted(sides)) return [];
  return is === true
    ? [{ kind: 'holds', server: undefined, text: 'scopes: who names none is granted nothing from now on' }]
    : [possible(undefined, 'scopes: none any more, so that who names none is unscoped')];
}

/**
 * What of the entries of `scopes` no server and no role has said: the lines of each of those are complete about itself, whatever scope it names
 * now or named before; of a tenant's nothing is compared but the entry itself.
 */
function scopesByName(sides: Sides, said: Said): readonly DiffLine[] {
  const [before, after] = tables(sides, 'scopes');
  return keysOf(after, before).flatMap((name): readonly DiffLine[] => {
    const entries = [memberOf(before, name), memberOf(after, name)];
    if (isSameJson(entries[0], entries[1])) return [];
    const about = `scope \`${inertName(name)}\``;
    const unread = [...new Set(entries.flatMap(unreadIn))].map((what) =>
      possible(undefined, `${about}: ${what}: written otherwise, and nobody knows what it means`),
    );
    const [then, now] = sides.map((side) => viewRules(side, name));
    const own = ruleLines(about, then, now);
    const byName = own.length > 0 && isTenants(sides, name) && !isExactly(sides, name) ? own : [];
    if (byName.length + unread.length > 0) return [...unread, ...byName];
    return own.length > 0 && isSaid(sides, name, said)
      ? []
      : [same(undefined, `${about}: written otherwise, and decides the same`)];
  });
}

/** A server, or a role beside no other scope, that is kept to this one on both sides says what became of it. */
function isExactly(sides: Sides, name: string): boolean {
  const everywhere = (top: string, key: string, value: Json): boolean => {
    const [before, after] = tables(sides, top);
    return Object.keys(after).some((id) =>
      [before, after].every((table) => isSameJson(memberOf(memberOf(table, id), key), value)),
    );
  };
  return everywhere('servers', 'scope', name) || everywhere('roles', 'scopes', [name]);
}

/** Whoever names it on either side has a line of its own. */
function isSaid(sides: Sides, name: string, { servers, roles }: Said): boolean {
  return sides.some((side) => {
    const kept = Object.entries(objectOf(memberOf(side, 'servers')));
    const held = Object.entries(objectOf(memberOf(side, 'roles')));
    return (
      kept.some(([id, server]) => memberOf(server, 'scope') === name && servers.get(id)?.length !== 0) ||
      held.some(([role, entry]) => listOf(memberOf(entry, 'scopes')).includes(name) && roles.has(role))
    );
  });
}

function isTenants(sides: Sides, name: string): boolean {
  const mentions = (value: Json | undefined): boolean =>
    value === name ||
    (Array.isArray(value) ? value.some(mentions) : Object.values(objectOf(value)).some((one) => mentions(one)));
  return sides.some((side) => mentions(memberOf(side, 'tenants')));
}

/** Roles with a key that nothing here compares, and those of which there was nothing to say. */
function restOfRoles(sides: Sides, said: Said): readonly DiffLine[] {
  const [before, after] = tables(sides, 'roles');
  return keysOf(after, before).flatMap((role): readonly DiffLine[] => {
    const [then, now] = [memberOf(before, role), memberOf(after, role)];
    if (isSameJson(then, now)) return [];
    const about = `role \`${inertName(role)}\``;
    const unread = keysOf(objectOf(now), objectOf(then)).filter(
      (key) => !['scopes', 'limits'].includes(key) && !isSameJson(memberOf(then, key), memberOf(now, key)),
    );
    if (unread.length > 0)
      return unread.map((key) =>
        possible(undefined, `${about}: ${changeText([key], memberOf(then, key), memberOf(now, key))}`),
      );
    return said.roles.has(role) ? [] : [same(undefined, `${about}: written otherwise, and decides the same`)];
  });
}

/** What of an entry of `scopes` no comparison reads. */
function unreadIn(entry: Json | undefined): readonly string[] {
  const keys = Object.keys(objectOf(entry)).filter((key) => key !== 'grants' && key !== 'deny');
  const rules = ['grants', 'deny'].filter((key) =>
    listOf(memberOf(entry, key)).some(
      (rule) => KINDS.filter((kind) => memberOf(rule, kind) !== undefined).length !== 1,
    ),
  );
  return [...keys, ...rules].map(quoteKey);
}

function tables(sides: Sides, key: string): readonly [before: JsonObject, after: JsonObject] {
  const [before, after] = sides;
  return [objectOf(memberOf(before, key)), objectOf(memberOf(after, key))];
}

function changeText(path: readonly string[], before: Json | undefined, after: Json | undefined): string {
  return `${path.map(quoteKey).join('.')}: ${changedValue(path, before)} → ${changedValue(path, after)}`;
}

const possible = (server: string | undefined, text: string): DiffLine => ({ kind: 'possible', server, text });
const same = (server: string | undefined, text: string): DiffLine => ({ kind: 'same', server, text });
