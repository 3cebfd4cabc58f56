// What one server's scope in a config lets a caller name, without arguments: enough to say what an approval makes possible.
// Pure. INVARIANT: decides nothing; the decision about a call is scope-decision's, over the compiled scope.
import type { Json, JsonObject } from '../../wire/json.ts';
import { listOf, memberOf, objectOf } from '../../wire/json.ts';
import { compilePattern, type Pattern } from '../pattern.ts';

export const KINDS = ['tool', 'resource', 'prompt', 'request', 'method'] as const;
export type Kind = (typeof KINDS)[number];

/** A grant or a deny as it is written. */
export interface Rule {
  readonly kind: Kind;
  readonly pattern: Pattern;
  /** Everything but the target: constraints, `expires`, `approve`, `reason`, `owner`. */
  readonly terms: JsonObject;
}

export interface ScopeView {
  /** `all`: unscoped. `none`: scopes exist and the server names none. */
  readonly kind: 'all' | 'none' | 'scope';
  readonly grants: readonly Rule[];
  readonly denies: readonly Rule[];
}

const ALL: ScopeView = { kind: 'all', grants: [], denies: [] };
const NONE: ScopeView = { kind: 'none', grants: [], denies: [] };

/** The scope of `server`; none where the config does not list it. A config without any scope leaves its servers unscoped, one with scopes denies those without. */
export function viewScope(config: JsonObject, server: string): ScopeView {
  const scopes = memberOf(config, 'scopes');
  const listed = memberOf(memberOf(config, 'servers'), server);
  if (listed === undefined) return NONE;
  const name = memberOf(listed, 'scope');
  if (typeof name !== 'string') return scopes === undefined ? ALL : NONE;
  return { kind: 'scope', ...readRules(scopes, [name]) };
}

/** The rules of all scopes of a role; undefined where the config has no such role. */
export function viewRole(config: JsonObject, role: string): Pick<ScopeView, 'grants' | 'denies'> | undefined {
  const entry = memberOf(memberOf(config, 'roles'), role);
  return entry === undefined ? undefined : readRules(memberOf(config, 'scopes'), listOf(memberOf(entry, 'scopes')));
}

/** What one entry of `scopes` grants and denies; undefined where there is none. */
export function viewRules(config: JsonObject, name: string): Pick<ScopeView, 'grants' | 'denies'> | undefined {
  const scopes = memberOf(config, 'scopes');
  return memberOf(scopes, name) === undefined ? undefined : readRules(scopes, [name]);
}

function readRules(scopes: Json | undefined, names: readonly Json[]): Pick<ScopeView, 'grants' | 'denies'> {
  const read = (key: string): readonly Rule[] =>
    names.flatMap((name) =>
      typeof name === 'string' ? listOf(memberOf(memberOf(scopes, name), key)).flatMap(readRule) : [],
    );
  return { grants: read('grants'), denies: read('deny') };
}

function readRule(value: Json): readonly Rule[] {
  return KINDS.flatMap((kind) => {
    const source = memberOf(value, kind);
    if (typeof source !== 'string') return [];
    const terms = Object.entries(objectOf(value)).filter(([key]) => key !== kind);
    return [{ kind, pattern: compilePattern(source), terms: Object.fromEntries(terms) }];
  });
}

/** The first grant that lets `name` be named; undefined where none does or a deny forbids it. `all`: unscoped. */
export function grantFor(view: ScopeView, kind: Kind, name: string): Rule | 'all' | undefined {
  if (view.kind === 'all') return 'all';
  if (view.denies.some((rule) => rule.kind === kind && rule.pattern.matches(name))) return undefined;
  const matching = view.grants.filter((rule) => rule.kind === kind && rule.pattern.matches(name));
  // who asked for it by name comes before who only swallowed it
  return matching.find(({ pattern }) => pattern.isExact) ?? matching[0];
}
