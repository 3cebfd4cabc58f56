// A config as one tenant has it: the servers with the tenant's own structure, and nothing of any other tenant. Pure; knows no file and
// no meaning. What a tenant's block restricts is none of this: tenant-restriction.ts.
import { narrowReach, readReach } from '../policy/lock/network-reach.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { memberOf, objectFrom, objectOf } from '../wire/json.ts';
import { strongestLevel } from './isolation-policy.ts';
import { ISOLATION_LEVELS, type IsolationLevel } from './restriction.ts';

export type TenantView =
  /** The config knows no tenants. */
  | { readonly kind: 'untenanted' }
  /** It does, and this is none of them. */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'tenant';
      /** A config like any other, without `tenants`. Every server of it has `isolation`. */
      readonly document: JsonObject;
    };

/** Each replaces the server's own whole: nothing is merged. */
const STRUCTURAL = ['command', 'args', 'env', 'passEnv', 'url', 'headers', 'prefix', 'separator'] as const;

/** @param document of the right shape */
export function viewForTenant(document: JsonObject, tenant: string): TenantView {
  const tenants = memberOf(document, 'tenants');
  if (tenants === undefined) return { kind: 'untenanted' };
  const written = memberOf(tenants, tenant);
  if (written === undefined) return { kind: 'unknown' };
  const block = objectOf(written);
  const [ours, theirs] = [objectOf(memberOf(document, 'servers')), objectOf(memberOf(block, 'servers'))];
  const ids = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  const scopes = memberOf(document, 'scopes');
  const servers = ids.map((id) => {
    const [base, own] = [memberOf(ours, id), objectOf(memberOf(theirs, id))];
    const server = base === undefined ? ownServer(own, scopes) : replaceStructure(objectOf(base), own);
    const isolation = uniteIsolation([
      memberOf(base, 'isolation'),
      memberOf(block, 'isolation'),
      memberOf(own, 'isolation'),
    ]);
    return [id, { ...server, isolation }] as const;
  });
  const rest = Object.entries(document).filter(
    ([key]) => !['tenants', 'servers', 'scopes', 'model', 'unlisted'].includes(key),
  );
  return {
    kind: 'tenant',
    document: objectFrom([
      ...rest,
      ['servers', objectFrom(servers)],
      // a command that nobody lists would run unconfined
      ['unlisted', 'deny'],
      // A server that only the tenant has is kept to a scope of its own; where both have a name, the config's comes first.
      ['scopes', scopes === undefined ? undefined : { ...objectOf(memberOf(block, 'scopes')), ...objectOf(scopes) }],
      ['model', memberOf(block, 'model') ?? memberOf(document, 'model')],
    ]),
  };
}

/**
 * The config with no block but this tenant's; undefined: with none. What a start has to look at, however many tenants there are.
 */
export function withoutOthers(document: JsonObject, tenant: string | undefined): JsonObject {
  if (memberOf(document, 'tenants') === undefined) return document;
  const { tenants, ...rest } = document;
  const own = tenant === undefined ? undefined : memberOf(tenants, tenant);
  return tenant === undefined || own === undefined ? rest : { ...rest, tenants: { [tenant]: own } };
}

/** INVARIANT: a working directory is never inherited: two tenants would meet in it. */
function replaceStructure(base: JsonObject, own: JsonObject): JsonObject {
  const kept = Object.entries(base).filter(([key]) => key !== 'cwd');
  const replaced = [...STRUCTURAL, 'cwd' as const].map((key) => [key, memberOf(own, key)] as const);
  return { ...objectFrom(kept), ...objectFrom(replaced) };
}

/** Without any `scopes` in the config it is unscoped here, and restricted by the tenant's block like every other. */
function ownServer(own: JsonObject, scopes: Json | undefined): JsonObject {
  return scopes === undefined ? objectFrom(Object.entries(own).filter(([key]) => key !== 'scope')) : own;
}

/** The later one's word, but the strongest level of all, of the network what all of them permit, and the smaller numbers. */
function uniteIsolation(written: readonly (Json | undefined)[]): JsonObject {
  const blocks = written.map(objectOf);
  const united: JsonObject = Object.assign({}, ...blocks);
  const level = strongestLevel(blocks.map((block) => levelOf(memberOf(block, 'required'))));
  const reaches = blocks.map((block) => memberOf(block, 'network')).filter((value) => value !== undefined);
  const least = (['openFiles', 'processes', 'memoryBytes'] as const).map((key) => {
    const numbers = blocks.map((block) => memberOf(block, key)).filter((value) => typeof value === 'number');
    return [key, numbers.length === 0 ? undefined : Math.min(...numbers)] as const;
  });
  const network = reaches.length === 0 ? undefined : reaches.map(readReach).reduce(narrowReach);
  return { ...united, ...objectFrom([...least, ['network', network]]), required: level };
}

function levelOf(value: Json | undefined): IsolationLevel | undefined {
  return ISOLATION_LEVELS.find((level) => level === value);
}
