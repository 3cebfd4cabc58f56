// What a tenant's block takes away from the config: its scopes, limits, breakers and audit settings, as restrictions. Pure; its
// structural keys are tenant-view.ts's.
import { readPinRule } from '../policy/lock/pin-rules.ts';
import type { Scope } from '../policy/scope/scope-policy.ts';
import { readBreaker } from './compile-breaker.ts';
import { readServerLimits } from './compile-limits.ts';
import { type CompiledScopes, compileScopes, type PortsFor } from './compile-scope.ts';
import type { Diagnostic } from './diagnostics.ts';
import type { ToolPolicy } from './policy.ts';
import type { Restriction, ServerAt, ServerRestriction } from './restriction.ts';
import type { ConfigDocument, ServerDocument } from './schema.ts';

type TenantDocument = NonNullable<ConfigDocument['tenants']>[string];

/**
 * The tenant's own word and, server by server, that of its `servers`. Only what is written is in them.
 *
 * @param by how a person finds it: `tenants.acme` @param portsFor undefined: a grant with constraints denies when it is asked
 */
export function readTenantRestrictions(
  config: ConfigDocument,
  tenant: string,
  portsFor: PortsFor | undefined,
  report: (diagnostic: Diagnostic) => void,
): readonly Restriction[] {
  const block = own(config.tenants, tenant);
  if (block === undefined) return [];
  const by = `tenants.${tenant}`;
  const ours = compileScopes({ scopes: block.scopes }, portsFor, report, ['tenants', tenant, 'scopes']);
  // what is wrong with these is said where they stand
  const shared = compileScopes(config, portsFor, () => {});
  const named = (name: string, server: ServerAt): Scope | undefined =>
    (own(block.scopes, name) === undefined ? shared : ours).ofServer(server.id, name, server);
  return [
    {
      by,
      ...(block.canary === undefined || block.canary === false
        ? {}
        : { canary: block.canary === 'stop' ? ('stop' as const) : ('alarm' as const) }),
      ...(block.audit === undefined ? {} : { audit: readAudit(block.audit) }),
      ofServer: (server) => ({
        ...scopesOf(config, block, server, ours),
        ...(block.breaker === undefined ? {} : { breaker: readBreaker(block.breaker) }),
        ...(block.limits === undefined ? {} : { limits: block.limits }),
      }),
    },
    { by: `${by}.servers`, ofServer: (server) => restrictServer(config, tenant, block, server, named) },
  ];
}

/** The tenant's scope of the same name as the server's; nothing at all where only the tenant has scopes and the server names none. */
function scopesOf(
  config: ConfigDocument,
  block: TenantDocument,
  server: ServerAt,
  ours: CompiledScopes,
): Pick<ServerRestriction, 'scopes'> {
  const base = own(config.servers, server.id);
  const name = base?.scope;
  if (name !== undefined && own(block.scopes, name) !== undefined) return layer(ours.ofServer(server.id, name, server));
  const isNamed = name !== undefined || own(block.servers, server.id)?.scope !== undefined;
  return block.scopes === undefined || isNamed ? {} : layer(ours.ofServer(server.id, undefined, server));
}

function restrictServer(
  config: ConfigDocument,
  tenant: string,
  block: TenantDocument,
  server: ServerAt,
  named: (name: string, server: ServerAt) => Scope | undefined,
): ServerRestriction {
  const written = own(block.servers, server.id);
  if (written === undefined) return {};
  const scope = written.scope === undefined ? {} : layer(named(written.scope, server));
  // A server that only the tenant has is compiled from this very entry: what it says applies already.
  if (own(config.servers, server.id) === undefined) return scope;
  const ownLimits = readServerLimits(
    server.id,
    written,
    ['tenants', tenant, 'servers', server.id],
    `tenants.${tenant}`,
  );
  return {
    ...scope,
    ...(written.mode === 'enforce' ? { mode: written.mode } : {}),
    ...(written.deadline === undefined ? {} : { deadline: withoutAbsent(written.deadline) }),
    ...(written.breaker === undefined ? {} : { breaker: readBreaker(written.breaker) }),
    ...(written.tools === undefined ? {} : { tools: readTools(written.tools) }),
    ...(written.pins === undefined ? {} : { pins: readPinRule(written.pins) }),
    ...(ownLimits.length === 0 ? {} : { ownLimits }),
  };
}

/** What somebody wrote under a name, and nothing that every object has: a scope may be called `constructor`. */
function own<Value>(table: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

function readAudit({ payload, maxBytes, maxAgeDays, onFailure, sync, quota }: NonNullable<TenantDocument['audit']>) {
  return {
    ...(payload === undefined ? {} : { payload }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(sync === undefined ? {} : { sync }),
    ...(quota === undefined ? {} : { quotaBytes: quota.maxBytes }),
  };
}

function layer(scope: Scope | undefined): Pick<ServerRestriction, 'scopes'> {
  return scope === undefined ? {} : { scopes: [[scope]] };
}

function readTools(tools: NonNullable<ServerDocument['tools']>): readonly ToolPolicy[] {
  return Object.entries(tools).map(([pattern, tool]) => ({
    pattern,
    idleMs: tool.deadline?.idleMs,
    hardMs: tool.deadline?.hardMs,
    breaker: tool.breaker === undefined ? undefined : readBreaker(tool.breaker).tools,
  }));
}

function withoutAbsent({ idleMs, hardMs }: NonNullable<ServerDocument['deadline']>) {
  return { ...(idleMs === undefined ? {} : { idleMs }), ...(hardMs === undefined ? {} : { hardMs }) };
}
