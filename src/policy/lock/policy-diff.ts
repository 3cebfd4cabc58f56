// The whole difference of config and lock as lines for a person: what an approval makes possible, what it lets start, what holds
// already. Pure; knows no width and no colour. attacker-controlled: names of tools; every line is inert.
import { inertName } from '../../wire/inert-text.ts';
import type { Json, JsonObject } from '../../wire/json.ts';
import { keysOf, memberOf, objectFrom, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { combineDocuments, fillUnlisted } from './combine.ts';
import { type DiffLine, isWaiting } from './diff-line.ts';
import type { Difference } from './difference.ts';
import { PIN_MODES, ruleFor } from './field-table.ts';
import { layeredLines } from './layered-lines.ts';
import { sameLines } from './same-lines.ts';
import { diffScopes, type ScopeDiff } from './scope-diff.ts';
import { diffTenants, type TenantChange } from './tenant-diff.ts';
import { changedValue, cut, quoteKey, SECRET, secretText } from './value-words.ts';

export type { DiffLine } from './diff-line.ts';

export interface PolicyDiff {
  readonly lines: readonly DiffLine[];
  readonly scopes: readonly ScopeDiff[];
  /** Nothing waits for an approval. */
  readonly isApproved: boolean;
}

/**
 * @param lock the approved config that holds now; undefined where nothing was approved: everything becomes possible
 * @param inventory the tools that each server was last seen to offer
 */
export function diffPolicies(
  config: JsonObject,
  lock: JsonObject | undefined,
  inventory: ReadonlyMap<string, readonly string[]>,
): PolicyDiff {
  const approved = lock ?? { version: 1, servers: {}, unlisted: 'deny' };
  const { differences } = combineDocuments(config, approved);
  const servers = Object.keys(objectOf(memberOf(config, 'servers')));
  const scopes = servers.map((server) => diffScopes(approved, config, server, inventory.get(server) ?? []));
  const lines = [
    ...differences.flatMap(lineOf),
    ...layeredLines({ config, lock: approved, scopes, differences }),
    ...(lock === undefined ? [] : sameLines(fillUnlisted(config), fillUnlisted(lock), differences)),
  ];
  if (lock === undefined && lines.length === 0)
    lines.push({ kind: 'holds', server: undefined, text: 'nothing is granted, and no server starts' });
  return { lines, scopes, isApproved: !lines.some(isWaiting) };
}

/** Whether anything of scopes or roles is wider than `lock` has it: by the comparison that `diffPolicies` shows. Tools are not looked at. */
export function widensScopes(config: JsonObject, lock: JsonObject): boolean {
  const known = objectOf(memberOf(lock, 'servers'));
  // one that is new has no scope to compare with, and does not start
  const both = Object.keys(objectOf(memberOf(config, 'servers'))).filter((server) => Object.hasOwn(known, server));
  const scopes = both.map((server) => diffScopes(lock, config, server, []));
  return layeredLines({ config, lock, scopes, differences: combineDocuments(config, lock).differences }).some(
    isWaiting,
  );
}

/** INVARIANT: of each difference that is not layered there is a line. */
function lineOf(difference: Difference): readonly DiffLine[] {
  const { path, direction, before, after } = difference;
  if (direction === 'layered') return [];
  const lines = linesOf(difference);
  const text = `${path.map(quoteKey).join('.')}: ${changedValue(path, before)} → ${changedValue(path, after)}`;
  return lines.length > 0 ? lines : [{ kind: kindOf(direction), server: undefined, text }];
}

function kindOf(direction: Difference['direction']): DiffLine['kind'] {
  return direction === 'blocked' ? 'starts' : direction === 'narrower' ? 'holds' : 'possible';
}

function linesOf(difference: Difference): readonly DiffLine[] {
  const { path, direction, before, after } = difference;
  const server = path[0] === 'servers' ? path[1] : undefined;
  if (path.length === 1 && path[0] === 'tenants') return diffTenants(before, after).map(tenantLine);
  const kind = kindOf(direction);
  if (path.length === 2 && path[0] === 'servers') {
    const [env, cwd] = [objectOf(memberOf(after, 'env')), memberOf(after, 'cwd')];
    const texts = [
      serverText(path[1] ?? '', before, after),
      ...(cwd === undefined ? [] : [`cwd: ${cut(JSON.stringify(cwd))}`]),
      ...envLines({}, env),
    ];
    const settings = before === undefined && server !== undefined ? settingsOf(server, objectOf(after)) : [];
    return [...texts.map((text): DiffLine => ({ kind, server, text })), ...settings];
  }
  const shown = path
    .slice(server === undefined ? 0 : 2)
    .map(quoteKey)
    .join('.');
  if (server !== undefined && path.length === 3 && path[2] === 'env')
    return envLines(objectOf(before), objectOf(after)).map((text) => ({ kind, server, text }));
  return [{ kind, server, text: `${shown}: ${valueText(path, before)} → ${valueText(path, after)}` }];
}

/** Of a new server: whatever is wider than where nothing is said. Narrower says nothing: it never ran without. */
function settingsOf(id: string, server: JsonObject): readonly DiffLine[] {
  const { command, args, cwd, url, env } = server;
  const bare = objectFrom(Object.entries({ command, args, cwd, url, env }));
  const only = (entry: JsonObject): JsonObject => ({ version: 1, servers: objectFrom([[id, entry]]) });
  const { differences } = combineDocuments(only(server), only(bare));
  // an entry of `tools` that is silent follows its server, of which it is said already
  const isSaid = ({ direction, before, after }: Difference): boolean =>
    direction !== 'narrower' && !(before === undefined && after === undefined);
  return differences.filter(isSaid).flatMap(lineOf);
}

function tenantLine(change: TenantChange): DiffLine {
  const say = (kind: DiffLine['kind'], text: string): DiffLine => ({ kind, server: undefined, text });
  if (change.kind === 'none')
    return say('possible', 'no tenants any more: what their blocks restrict restricts nobody');
  const about = `tenant \`${inertName(change.tenant)}\``;
  if (change.kind === 'new') return say('possible', `${about} is new`);
  // it must stand in both, so nothing of it starts
  if (change.kind === 'gone' && !change.named) return say('holds', `${about} is no tenant any more`);
  if (change.kind === 'gone')
    return say('possible', `${about} is no tenant any more: what its block named may be shown to the others`);
  const { path, before, after } = change;
  const [then, now] = [before, after].map((value) => (value === undefined ? 'nothing' : tenantValue(path, value)));
  const to = then === now ? 'another' : now;
  return say('possible', `${about}: ${path.map(quoteKey).join('.')}: ${then} → ${to}`);
}

/** As `valueText`, with blanks to break a line at. A literal in `env` is shown where its name does not say secret. */
function tenantValue(path: readonly string[], value: Json): string {
  const at = path.indexOf('env');
  if (isSameJson(value, {})) return '{}';
  const isSecret = at === -1 ? path.includes('headers') : SECRET.test(path[at + 1] ?? 'secret');
  return isSecret ? secretText(value) : cut(JSON.stringify(value, undefined, 1).replace(/\n */g, ' '));
}

function serverText(id: string, before: Json | undefined, after: Json | undefined): string {
  if (before === undefined) {
    const args = memberOf(after, 'args');
    const words = [memberOf(after, 'command') ?? memberOf(after, 'url'), ...(Array.isArray(args) ? args : [])];
    return `new server, starts ${cut(words.map((word) => JSON.stringify(word)).join(' '))}`;
  }
  return `\`${inertName(id)}\` is no longer a server`;
}

/** One line a variable. TRUST: its literal stands in the config, which the asker reads; one whose name says secret is not shown all the same. */
function envLines(before: JsonObject, after: JsonObject): readonly string[] {
  const show = (name: string, value: Json | undefined): string =>
    value === undefined ? 'nothing' : SECRET.test(name) ? secretText(value) : cut(JSON.stringify(value));
  return keysOf(before, after).flatMap((name) => {
    const [then, now] = [memberOf(before, name), memberOf(after, name)];
    if (isSameJson(then, now)) return [];
    const [old, fresh] = [show(name, then), show(name, now)];
    return [`env.${quoteKey(name)}: ${old} → ${old === fresh ? 'another' : fresh}`];
  });
}

function valueText(path: readonly string[], value: Json | undefined): string {
  return value === undefined ? defaultText(path) : changedValue(path, value);
}

/** What holds where nothing is said. */
function defaultText(path: readonly string[]): string {
  // what a tool leaves open is its server's
  if (path[0] === 'servers' && path[2] === 'tools') return 'nothing';
  const rule = ruleFor(path.map((part, index) => (path[0] === 'servers' && index === 1 ? '*' : part)).join('.'));
  if (rule?.kind === 'pins') return `${JSON.stringify(PIN_MODES[0])} (the default)`;
  if (rule?.kind === 'stricter') return `${JSON.stringify(rule.absent)} (the default)`;
  if ((rule?.kind === 'smaller' || rule?.kind === 'larger') && Number.isFinite(rule.absent))
    return `${rule.absent} (the default)`;
  return 'nothing';
}
