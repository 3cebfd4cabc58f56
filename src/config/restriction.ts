// What a voice beside the config may say: a ceiling, a tenant's block, the roles of a principal. Every key can only take away; an
// absent one says nothing. Types only; how it is carried out stands in restrict-policy.ts, who writes such a thing elsewhere.
import type { Limit } from '../policy/limits/limit.ts';
import type { PinRule } from '../policy/lock/pin-rules.ts';
import type { DenyRule, Scope } from '../policy/scope/scope-policy.ts';
import type { ServerPlace } from './compile-scope.ts';
import type { AuditPolicy, BreakerPolicy, CanaryPolicy, DeadlinePolicy, ToolPolicy } from './policy.ts';
import type { ConfigDocument } from './schema.ts';

export type LimitDocument = NonNullable<ConfigDocument['limits']>[number];

/** Weakest first. */
export const ISOLATION_LEVELS = ['L0', 'L1', 'L2', 'L3'] as const;
export type IsolationLevel = (typeof ISOLATION_LEVELS)[number];

/** A server by the name under which it is recorded: its id in the config, or what a bare run calls it. */
export interface ServerAt extends ServerPlace {
  readonly id: string;
}

/** Of one server. */
export interface ServerRestriction {
  /**
   * Each element is one voice that must allow, and several scopes in it add up (the roles of one principal): what any of them
   * grants is granted, what any denies is denied. `[[a], [b]]`: both must grant. `[[a, b]]`: one of the two.
   */
  readonly scopes?: readonly (readonly [Scope, ...Scope[]])[];
  /** Denied whatever is granted; grants nothing and takes nothing else away. */
  readonly denies?: readonly DenyRule[];
  /** The config's own `mode: observe` counts no longer. What is restricted here is enforced in any mode and during a pause. */
  readonly mode?: 'enforce';
  /** Milliseconds; the smaller number holds, for each tool. */
  readonly deadline?: Partial<DeadlinePolicy>;
  /** Each setting as written; the stricter holds (stricter-breaker.ts). Read a block with `readBreaker`. */
  readonly breaker?: BreakerPolicy;
  /** By pattern, as in a config: a key that is the very name decides alone *in this block*, and only takes away, too. */
  readonly tools?: readonly ToolPolicy[];
  /** The stricter mode, and what both ignore. Read a block with `readPinRule`. */
  readonly pins?: PinRule;
  /** The stronger level is required. */
  readonly isolation?: IsolationLevel;
  /** All apply, beside those of the config: one count for all servers that are told of them. */
  readonly limits?: readonly LimitDocument[];
  /** As `limits`, of this server alone or of tools of it. */
  readonly ownLimits?: readonly Limit[];
}

export interface Restriction {
  /** Who says so, for a person: `/etc/mcp-guard/ceiling.json`, `tenants.acme`, `roles.reader + roles.writer`. */
  readonly by: string;
  readonly unlisted?: 'deny';
  readonly strictPayload?: true;
  readonly maxLineBytes?: number;
  /** What keeps more, and fails closed. */
  readonly audit?: Partial<AuditPolicy>;
  /** The stronger holds. */
  readonly canary?: CanaryPolicy;
  /** Asked for each server of the config, and for one that it does not list. Undefined: nothing is said of any. */
  readonly ofServer?: (server: ServerAt) => ServerRestriction;
}

/** What a policy keeps of a restriction, so that whoever asks a policy gets what is left. */
export interface AppliedRestriction extends ServerRestriction {
  readonly by: string;
}
