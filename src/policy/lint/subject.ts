// Grants, tools and servers as the rules ask for them: who uses a scope, what a grant matches, what can be called. Pure; finds
// nothing wrong. INVARIANT: what can be called is asked of the scope's own decision.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, listOf, memberOf } from '../../wire/json.ts';
import { compilePattern } from '../pattern.ts';
import { decideTarget } from '../scope/scope-decision.ts';
import type { Grant, Scope, TargetKind } from '../scope/scope-policy.ts';
import type { LintInput, LintServer, OfferedTool, Path } from './lint-input.ts';
import { isWild } from './pattern-relation.ts';

export interface GrantSite {
  readonly scope: Scope;
  readonly grant: Grant;
  /** As it is written. */
  readonly document: JsonObject;
  readonly path: Path;
  /** The servers that are kept to its scope. */
  readonly servers: readonly LintServer[];
}

export interface CallableTool {
  readonly server: LintServer;
  readonly tool: OfferedTool;
  /** Each use needs a person's word. */
  readonly isHeld: boolean;
}

export function listGrants({ scopes, servers }: LintInput): readonly GrantSite[] {
  return scopes.flatMap((scope) => {
    const users = servers.filter(({ scopeName }) => scopeName === scope.name);
    return scope.grants.map((grant, index): GrantSite => {
      const document = listOf(memberOf(scope.source, 'grants'))[index];
      const path = ['scopes', scope.name, 'grants', index];
      return { scope, grant, document: isJsonObject(document) ? document : {}, path, servers: users };
    });
  });
}

/** One finding for each server where there is one only; else it is about the scope. */
export function serverOf({ servers }: GrantSite): string | undefined {
  return servers.length === 1 ? servers[0]?.id : undefined;
}

/** The tools that a server offers and the pattern matches; none where it is not known what it offers. */
export function matchedTools({ offer, toolsByName }: LintServer, pattern: string): readonly OfferedTool[] {
  if (!isWild(pattern)) {
    const tool = toolsByName.get(pattern);
    return tool === undefined ? [] : [tool];
  }
  const { matches } = compilePattern(pattern);
  return offer?.tools.filter(({ name }) => matches(name)) ?? [];
}

/** Offered or, where that is not known, granted by name; and not denied by scope or ceiling. */
export function listCallable(server: LintServer, nowMs: number): readonly CallableTool[] {
  const { scope, offer } = server;
  const tools = offer?.tools ?? namesGranted(server).map((name): OfferedTool => ({ name }));
  if (scope === 'unscoped' || scope.mode === 'observe') return tools.map((tool) => ({ server, tool, isHeld: false }));
  return tools.flatMap((tool) => {
    const decision = decideTarget(scope.layers, 'tool', tool.name, nowMs);
    if (!decision.granted) return [];
    const isHeld = decision.byLayer.some((grants) => grants.every(({ approve }) => approve !== undefined));
    return [{ server, tool, isHeld }];
  });
}

function namesGranted({ scope }: LintServer): readonly string[] {
  if (scope === 'unscoped') return [];
  const grants = scope.layers[0].grants.filter(({ kind, pattern }) => kind === 'tool' && !isWild(pattern));
  return [...new Set(grants.map(({ pattern }) => pattern))];
}

/** Whether scope and ceilings of the server name it. */
export function isNamed({ scope }: LintServer, kind: TargetKind, name: string, nowMs: number): boolean {
  return scope === 'unscoped' || decideTarget(scope.layers, kind, name, nowMs).granted;
}

/** The constraints of a grant by pointer, as they are written. */
export function constraintsOf(document: JsonObject): readonly (readonly [pointer: string, constraint: JsonObject])[] {
  const args: Json | undefined = memberOf(document, 'args');
  if (!isJsonObject(args)) return [];
  return Object.entries(args).flatMap(([pointer, one]) => (isJsonObject(one) ? [[pointer, one] as const] : []));
}
