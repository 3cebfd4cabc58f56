// What an approval of one server alone makes of what holds: nothing else of the config comes along. Pure; asks nobody.
import { listPinSubjects } from '../config/pin-key.ts';
import { GuardError } from '../guard-error.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { memberOf, objectFrom, objectOf } from '../wire/json.ts';
import { suggestName } from './breaker-target.ts';

/**
 * What holds, with this server as the config has it, in the blocks of its tenants, too, and the scope that it names.
 * @param tenant only its block; undefined: every one @throws GuardError usage: there is no such server, or it cannot be approved alone
 */
export function withServer(
  approved: JsonObject,
  config: JsonObject,
  id: string,
  tenant: string | undefined,
): JsonObject {
  const [ours, theirs] = [config, approved].map((document) => objectOf(memberOf(document, 'servers')));
  const entry = memberOf(ours, id);
  const tenants = withTenants(memberOf(approved, 'tenants'), memberOf(config, 'tenants'), id, tenant);
  const isTenants = listPinSubjects(config).some(({ server }) => server === id);
  if (entry === undefined && memberOf(theirs, id) === undefined && !isTenants) {
    throw new GuardError('usage', `the config has no server \`${id}\``, {
      hint: suggestName(id, Object.keys(ours ?? {})),
    });
  }
  const [wanted, held] = [memberOf(config, 'scopes'), memberOf(approved, 'scopes')];
  const isAlone = Object.keys(theirs ?? {}).every((other) => other === id);
  // whether there are scopes at all decides about every server
  if ((wanted === undefined) !== (held === undefined) && !isAlone) {
    throw new GuardError(
      'usage',
      `\`${id}\` cannot be approved alone: whether there are \`scopes\` at all is about every server`,
      {
        hint: 'leave out `--server`',
      },
    );
  }
  const name = memberOf(entry, 'scope');
  const scopes =
    wanted === undefined
      ? undefined
      : objectFrom([
          ...Object.entries(objectOf(held)).filter(([other]) => other !== name),
          ...(typeof name === 'string' ? [[name, memberOf(wanted, name)] as const] : []),
        ]);
  return objectFrom([
    ...Object.entries(approved).filter(([key]) => !['servers', 'scopes', 'tenants'].includes(key)),
    ['tenants', tenants],
    ['servers', objectFrom([...Object.entries(theirs ?? {}).filter(([other]) => other !== id), [id, entry]])],
    ['scopes', scopes],
  ]);
}

/** Of the tenants that both have; one that is new waits for an approval of the whole. */
function withTenants(
  held: Json | undefined,
  wanted: Json | undefined,
  id: string,
  only: string | undefined,
): Json | undefined {
  if (held === undefined) return undefined;
  return objectFrom(
    Object.entries(objectOf(held)).map(([tenant, block]) => {
      const fresh = memberOf(wanted, tenant);
      if (fresh === undefined || (only !== undefined && only !== tenant)) return [tenant, block];
      const [ours, theirs] = [fresh, block].map((one) => objectOf(memberOf(one, 'servers')));
      const server = memberOf(ours, id);
      if (server === undefined && memberOf(theirs, id) === undefined) return [tenant, block];
      const others = Object.entries(theirs ?? {}).filter(([other]) => other !== id);
      return [tenant, { ...objectOf(block), servers: objectFrom([...others, [id, server]]) }];
    }),
  );
}
