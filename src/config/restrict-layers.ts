// The voices of restrictions about one server as layers that must allow, and the isolation that they require. Pure; decides nothing.
import { buildLayer, buildOpenLayer, type ScopeLayer } from '../policy/scope/scope-layer.ts';
import type { Policy, ServerPolicy } from './policy.ts';
import { type AppliedRestriction, ISOLATION_LEVELS, type IsolationLevel, type ServerAt } from './restriction.ts';

/** Each of them must allow, whatever the mode of the server is. */
export function restrictionLayers(applied: readonly AppliedRestriction[]): readonly ScopeLayer[] {
  return applied.flatMap(({ by, scopes = [], denies = [] }) => [
    ...scopes.map((one) => buildLayer('ceiling', one, by)),
    ...(denies.length === 0 ? [] : [buildOpenLayer(denies, by)]),
  ]);
}

/** What is taken away from a server, whether it is listed or not. @param policy undefined: nothing */
export function restrictionsOn(
  policy: Pick<Policy, 'restrictionsOf'> | undefined,
  entry: ServerPolicy | undefined,
  server: ServerAt,
): readonly AppliedRestriction[] {
  return entry === undefined ? (policy?.restrictionsOf?.(server) ?? []) : (entry.restrictedBy ?? []);
}

/** The strongest level that is required, and who requires it. */
export function requiredIsolation(applied: readonly AppliedRestriction[]): {
  readonly level: IsolationLevel;
  readonly by: string;
} {
  let strongest: { readonly level: IsolationLevel; readonly by: string } = { level: 'L0', by: 'default' };
  for (const { isolation, by } of applied) {
    if (isolation !== undefined && ISOLATION_LEVELS.indexOf(isolation) > ISOLATION_LEVELS.indexOf(strongest.level)) {
      strongest = { level: isolation, by };
    }
  }
  return strongest;
}
