// What a scope is once its notation is read: grants, denials, and the layers that must all allow. Types and defaults only;
// knows neither the config file nor who asks.
import type { JsonObject } from '../../wire/json.ts';

/**
 * What a rule names: a tool, a resource's URI, a prompt, a method that the *server* asks of the client, or a method of the client that no
 * revision of MCP defines.
 */
export type TargetKind = 'tool' | 'resource' | 'prompt' | 'request' | 'method';

/** Why arguments are not allowed. */
export interface Violation {
  /** The kind of constraint: `within`, `oneOf` … */
  readonly rule: string;
  /** JSON pointer of the argument; empty for all of them together. */
  readonly pointer: string;
  /** For a model: what is wrong, and what is allowed; no full stop. Inert, bounded. */
  readonly text: string;
}

/** Undefined: they hold. A throw denies (`guard_fault`). attacker-controlled: the arguments. */
export type ArgumentCheck = (args: JsonObject | undefined) => Violation | undefined;

export interface Grant {
  readonly effect: 'grant';
  /** Where it is written: `scopes.files.grants[2]`. */
  readonly rule: string;
  readonly kind: TargetKind;
  /** Anchored glob over names (policy/pattern.ts). */
  readonly pattern: string;
  /** Undefined: any arguments. */
  readonly checkArguments: ArgumentCheck | undefined;
  readonly reason: string | undefined;
  readonly owner: string | undefined;
  /** Milliseconds since the epoch; from then on it is no grant. Infinity for never. */
  readonly expiresAtMs: number;
  /** Each use (or the first) needs a person's word; none can be given yet, so it denies. */
  readonly approve: 'always' | 'once' | 'session' | undefined;
}

/** Wins over every grant, whatever the arguments. */
export interface DenyRule {
  readonly effect: 'deny';
  readonly rule: string;
  readonly kind: TargetKind;
  readonly pattern: string;
  readonly reason: string | undefined;
}

export type ScopeRule = Grant | DenyRule;

export interface Scope {
  readonly name: string;
  /** What is said to decide where nothing is granted: `scopes.files`. */
  readonly rule: string;
  readonly grants: readonly Grant[];
  readonly denies: readonly DenyRule[];
  /** As it was written; JSON, so that the lock can sign it and compile it again. */
  readonly source: JsonObject;
}

/**
 * Granted in every scope: which directories the client offers is what a server needs to keep to them. A denial of the same
 * name takes it away; an expired or narrower grant does not.
 */
export const DEFAULT_GRANT: Grant = {
  effect: 'grant',
  rule: 'default grant of roots/list',
  kind: 'request',
  pattern: 'roots/list',
  checkArguments: undefined,
  reason: undefined,
  owner: undefined,
  expiresAtMs: Number.POSITIVE_INFINITY,
  approve: undefined,
};
