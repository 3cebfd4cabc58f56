// From the scopes of a config to scopes that can be asked. Knows the notation; who asks, and when, is policy/scope's to know.
import type { ConstraintPorts } from '../policy/constraint/constraint-document.ts';
import { checkArguments, compileConstraints } from '../policy/constraint/constraint-set.ts';
import type { ArgumentCheck, DenyRule, Grant, Scope, TargetKind } from '../policy/scope/scope-policy.ts';
import { explainProblem } from './check-constraints.ts';
import { readExpiry, TARGET_KINDS } from './check-scopes.ts';
import type { Diagnostic } from './diagnostics.ts';
import { showPath } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';
import type { ConfigDocument } from './schema.ts';
import type { ScopeDocument } from './schema-scope.ts';

type GrantDocument = NonNullable<ScopeDocument['grants']>[number];

type Report = (diagnostic: Diagnostic) => void;

/**
 * @param cwd absolute; undefined: where the guard was started @param home undefined: that of the user
 * @param args of the server's command: relative paths may count from what they name
 */
export type PortsFor = (
  cwd: string | undefined,
  home?: string | undefined,
  args?: readonly string[],
) => ConstraintPorts;

/** Absolute; undefined where the config does not say. */
export interface ServerPlace {
  readonly cwd: string | undefined;
  readonly home: string | undefined;
  /** Of its command. */
  readonly args: readonly string[];
}

export interface CompiledScopes {
  /** Every scope by its name; undefined where the config has no `scopes` at all. */
  readonly all: ReadonlyMap<string, Scope> | undefined;
  /**
   * Undefined: unscoped, which only a config without any `scopes` can mean.
   *
   * @param place where the server works, and what its command names: relative paths count from there, `~` stands for its home
   */
  readonly ofServer: (id: string, scope: string | undefined, place: ServerPlace) => Scope | undefined;
}

/**
 * @param portsFor undefined: constraints are not compiled, and a grant that has any throws when it is asked
 * @param at how they are named in rules
 */
export function compileScopes(
  config: Pick<ConfigDocument, 'scopes'>,
  portsFor: PortsFor | undefined,
  report: Report,
  at: JsonPath = ['scopes'],
): CompiledScopes {
  if (config.scopes === undefined) return { all: undefined, ofServer: () => undefined };
  const documents = new Map(Object.entries(config.scopes));
  const all = new Map<string, Scope>();
  for (const [name, document] of documents) {
    all.set(name, compileScope(name, document, portsFor?.(undefined), report, [...at, name]));
  }
  return {
    all,
    ofServer: (id, name, { cwd, home, args }) => {
      if (name === undefined) return { ...EMPTY_SCOPE, rule: showPath([...at.slice(0, -1), 'servers', id, 'scope']) };
      const document = documents.get(name);
      // INVARIANT: check-scopes.ts has reported a name that stands for nothing, so that no policy is built of it
      if (document === undefined) throw new Error(`there is no scope \`${name}\``);
      const isHere = cwd === undefined && home === undefined && args.length === 0;
      const isShared = isHere || portsFor === undefined || !hasConstraints(document);
      // what is wrong with it has been said above
      const own = isShared
        ? undefined
        : compileScope(name, document, portsFor(cwd, home, args), () => {}, [...at, name]);
      return own ?? all.get(name);
    },
  };
}

/** A server that names no scope where scopes are in use. */
const EMPTY_SCOPE: Scope = { name: '', rule: '', grants: [], denies: [], source: {} };

/**
 * One scope, also from a lock's snapshot (`where` says so in every rule).
 *
 * @param ports undefined: see `compileScopes`
 */
export function compileScope(
  name: string,
  document: ScopeDocument,
  ports: ConstraintPorts | undefined,
  report: Report,
  where: JsonPath = ['scopes', name],
): Scope {
  const grants = (document.grants ?? []).map((grant, index): Grant => {
    const path = [...where, 'grants', index];
    return {
      effect: 'grant',
      rule: showPath(path),
      ...targetOf(grant, path),
      checkArguments: checkOf(grant, showPath(path), ports, report),
      reason: grant.reason,
      owner: grant.owner,
      expiresAtMs: expiryOf(grant.expires, path),
      approve: grant.approve,
    };
  });
  const denies = (document.deny ?? []).map((rule, index): DenyRule => {
    const path = [...where, 'deny', index];
    return { effect: 'deny', rule: showPath(path), ...targetOf(rule, path), reason: rule.reason };
  });
  return { name, rule: showPath(where), grants, denies, source: document };
}

function targetOf(
  rule: Readonly<Partial<Record<TargetKind, string | undefined>>>,
  path: JsonPath,
): { readonly kind: TargetKind; readonly pattern: string } {
  const targets = TARGET_KINDS.flatMap((kind) => {
    const pattern = rule[kind];
    return pattern === undefined ? [] : [{ kind, pattern }];
  });
  const [target] = targets;
  // INVARIANT: check-scopes.ts has reported a rule without a target, or with several
  if (target === undefined || targets.length > 1) throw new Error(`${showPath(path)} must have one target`);
  return target;
}

function expiryOf(expires: string | undefined, path: JsonPath): number {
  if (expires === undefined) return Number.POSITIVE_INFINITY;
  const expiresAtMs = readExpiry(expires);
  // INVARIANT: check-scopes.ts has reported it
  if (expiresAtMs === undefined) throw new Error(`${showPath(path)} expires at no time`);
  return expiresAtMs;
}

function checkOf(
  grant: GrantDocument,
  where: string,
  ports: ConstraintPorts | undefined,
  report: Report,
): ArgumentCheck | undefined {
  const { args, additional } = grant;
  if (!isConstrained(grant)) return undefined;
  if (ports === undefined) return () => refuseToGuess(where);
  const compiled = compileConstraints({ args, additional }, where, ports);
  if (compiled.ok) return (given) => checkArguments(compiled.set, given);
  for (const problem of compiled.problems) report(explainProblem(problem));
  return () => refuseToGuess(where);
}

/** `additional: true` alone says what holds anyway. */
function isConstrained({ args, additional }: GrantDocument): boolean {
  return args !== undefined || additional === false;
}

function hasConstraints({ grants }: ScopeDocument): boolean {
  return grants?.some(isConstrained) ?? false;
}

function refuseToGuess(where: string): never {
  throw new Error(`the constraints of ${where} were not compiled`);
}
