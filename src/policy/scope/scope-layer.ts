// One voice that must allow: a scope, or several that add up, made quick to ask. Decides nothing.
import { TargetIndex } from '../target-index.ts';
import { foldName, foldPattern } from './folded-name.ts';
import {
  DEFAULT_GRANT,
  type DenyRule,
  type Grant,
  type Scope,
  type ScopeRule,
  type TargetKind,
} from './scope-policy.ts';

const KINDS = ['tool', 'resource', 'prompt', 'request', 'method'] as const;

/** The lock is told apart: what only it refuses is configured and waits for an approval. */
export type LayerRole = 'scope' | 'ceiling' | 'lock';

export interface ScopeLayer {
  readonly role: LayerRole;
  /** Of a ceiling: who says so, for a person. */
  readonly by?: string;
  /** Of the lock: the command by which a person can approve what it refuses. */
  readonly mend?: string;
  /** Of the lock: which approval gave more, and when it ended. */
  readonly ended?: string;
  /** Of the lock: why all that it does not grant waits. */
  readonly waits?: string;
  /** Why nothing goes to the server, whatever a scope grants, where whoever asks is to know. */
  readonly closed?: string;
  /** Grants whatever it does not deny: of a kind that no denial names, nothing is looked at. */
  readonly isOpen: boolean;
  /** What is said to decide where nothing is granted. */
  readonly rule: string;
  /** Every grant, those that have expired included. */
  readonly grants: readonly Grant[];
  /** The kinds that any denial names, and those of which one denies everything. */
  readonly denies: ReadonlySet<TargetKind>;
  readonly deniesAll: ReadonlySet<TargetKind>;
  /** Every rule of that kind whose pattern matches the name, in the order in which they are written, denials last. */
  readonly find: (kind: TargetKind, name: string) => readonly ScopeRule[];
  /** A denial of a name that this one may be taken for (folded-name.ts). URIs have readings of their own. */
  readonly findAlike: (kind: TargetKind, name: string) => DenyRule | undefined;
}

/** INVARIANT: at least one. A server without a scope has no layers, and must be named so (`unscoped`), not given an empty list. */
export type Layers = readonly [ScopeLayer, ...ScopeLayer[]];

/**
 * Several scopes (the roles of one principal) are one layer: what any of them grants is granted, what any of them denies is
 * denied.
 */
export function buildLayer(role: LayerRole, scopes: readonly [Scope, ...Scope[]], by?: string): ScopeLayer {
  const grants = [...scopes.flatMap((scope) => scope.grants), DEFAULT_GRANT];
  const denies = scopes.flatMap((scope) => scope.denies);
  const rule = scopes.map((scope) => scope.rule).join(' + ');
  return { ...indexRules(grants, denies), role, rule, isOpen: false, ...(by === undefined ? {} : { by }) };
}

/** Denials alone: what they do not name is for the other layers to decide. */
export function buildOpenLayer(denies: readonly DenyRule[], by: string): ScopeLayer {
  const grants = KINDS.map((kind): Grant => ({ ...DEFAULT_GRANT, rule: by, kind, pattern: '*' }));
  return { ...indexRules(grants, denies), role: 'ceiling', rule: by, isOpen: true, by };
}

type Indexed = Pick<ScopeLayer, 'grants' | 'denies' | 'deniesAll' | 'find' | 'findAlike'>;

function indexRules(grants: readonly Grant[], denies: readonly DenyRule[]): Indexed {
  const rules: readonly ScopeRule[] = [...grants, ...denies];
  const indexOf = (kind: TargetKind): TargetIndex<ScopeRule> =>
    new TargetIndex(rules.filter((rule) => rule.kind === kind).map((rule) => ({ pattern: rule.pattern, value: rule })));
  const indexes = {
    tool: indexOf('tool'),
    resource: indexOf('resource'),
    prompt: indexOf('prompt'),
    request: indexOf('request'),
    method: indexOf('method'),
  };
  const alike = indexAlike(denies);
  return {
    grants,
    denies: new Set(denies.map(({ kind }) => kind)),
    deniesAll: new Set(denies.filter(({ pattern }) => /^\*+$/.test(pattern)).map(({ kind }) => kind)),
    find: (kind, name) => indexes[kind].find(name),
    findAlike: (kind, name) => alike.get(kind)?.find(foldName(name))[0],
  };
}

function indexAlike(denies: readonly DenyRule[]): ReadonlyMap<TargetKind, TargetIndex<DenyRule>> {
  const folded = denies.flatMap((value) => {
    const pattern = value.kind === 'resource' ? undefined : foldPattern(value.pattern);
    return pattern === undefined ? [] : [{ pattern, value }];
  });
  const kinds = new Set(folded.map(({ value }) => value.kind));
  return new Map(
    [...kinds].map((kind) => [kind, new TargetIndex(folded.filter(({ value }) => value.kind === kind))] as const),
  );
}
