// Where the tenants of config and lock differ: by tenant, and below it key by key, in one order whatever that of the two texts is. Pure;
// knows no words.
import type { Json } from '../../wire/json.ts';
import { isJsonObject, memberOf, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';

export type TenantChange =
  /** The config knows no tenants any more. */
  | { readonly kind: 'none' }
  /** `named`: its block names places, which stay closed to the other tenants until that is approved. */
  | { readonly kind: 'gone'; readonly tenant: string; readonly named: boolean }
  | { readonly kind: 'new'; readonly tenant: string }
  | {
      readonly kind: 'key';
      readonly tenant: string;
      /** Below its block: down to what is no object on either side, or stands on one side alone. */
      readonly path: readonly string[];
      readonly before: Json | undefined;
      readonly after: Json | undefined;
    };

/** @param before what is approved @param after what the config says */
export function diffTenants(before: Json | undefined, after: Json | undefined): readonly TenantChange[] {
  if (after === undefined) return before === undefined ? [] : [{ kind: 'none' }];
  return namesOf(before, after).flatMap((tenant): readonly TenantChange[] => {
    const [then, now] = [memberOf(before, tenant), memberOf(after, tenant)];
    if (now === undefined) return [{ kind: 'gone', tenant, named: namesPlaces(then) }];
    const keys = diffKeys(tenant, [], objectOf(then), now);
    return then === undefined ? [{ kind: 'new', tenant }, ...keys] : keys;
  });
}

function namesPlaces(block: Json | undefined): boolean {
  const servers = Object.values(objectOf(memberOf(block, 'servers')));
  const isFile = (value: Json | undefined): boolean => typeof value === 'string' && value.startsWith('file:');
  return (
    [block, ...servers].some((one) => hasAny(memberOf(one, 'isolation'), ['readable', 'writable'])) ||
    servers.some((one) => hasAny(one, ['cwd', 'args']) || Object.values(objectOf(memberOf(one, 'env'))).some(isFile))
  );
}

function hasAny(object: Json | undefined, keys: readonly string[]): boolean {
  return keys.some((key) => memberOf(object, key) !== undefined);
}

function diffKeys(
  tenant: string,
  path: readonly string[],
  before: Json | undefined,
  after: Json | undefined,
): readonly TenantChange[] {
  if (isSameJson(before, after)) return [];
  const isBelow = [before, after].every((side) => side === undefined || (isJsonObject(side) && hasKeys(side)));
  if (!isBelow && path.length > 0) return [{ kind: 'key', tenant, path, before, after }];
  return namesOf(before, after).flatMap((key) =>
    diffKeys(tenant, [...path, key], memberOf(before, key), memberOf(after, key)),
  );
}

function hasKeys(object: Json): boolean {
  return Object.keys(objectOf(object)).length > 0;
}

function namesOf(before: Json | undefined, after: Json | undefined): readonly string[] {
  return [...new Set([...Object.keys(objectOf(before)), ...Object.keys(objectOf(after))])].sort();
}
