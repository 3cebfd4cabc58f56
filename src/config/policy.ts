// What a config means once it is compiled: frozen values with every default filled in. Types and defaults only; knows
// neither the file's notation nor who enforces what. Durations in ms, sizes in bytes.
import type { BreakerSettings } from '../policy/breaker/breaker-settings.ts';
import type { Scope } from '../policy/scope/scope-policy.ts';
import type { AuthPolicy, RolesPolicy } from './auth-policy.ts';
import type { EnvValue } from './env-value.ts';
import type { ForeignPlace } from './foreign-places.ts';
import type { GatewayPolicy } from './gateway-settings.ts';
import type { IsolationPolicy } from './isolation-policy.ts';
import type { LimitsPolicy } from './limits-policy.ts';
import type { AppliedRestriction, ServerAt } from './restriction.ts';

/** Milliseconds; Infinity for never. */
export interface DeadlinePolicy {
  readonly idleMs: number;
  readonly hardMs: number;
}

/** What is written of breakers and of calls in flight; a key that is absent is inherited. */
export type WrittenBreaker = Partial<BreakerSettings & { readonly maxInFlight: number; readonly maxWaitMs: number }>;

/** For each tool, and for the server as a whole. */
export interface BreakerPolicy {
  readonly tools: WrittenBreaker;
  readonly server: WrittenBreaker;
}

export interface ToolPolicy {
  /** Anchored glob: `*` any run of characters, `?` one. */
  readonly pattern: string;
  readonly idleMs: number | undefined;
  readonly hardMs: number | undefined;
  readonly breaker: WrittenBreaker | undefined;
}

/** Same meaning as `RestartSettings` of the session core. */
export interface RestartPolicy {
  readonly maxExits: number;
  readonly withinMs: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export interface ServerPolicy {
  readonly id: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute; undefined: where the guard was started. */
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, EnvValue>>;
  /** Names to pass from the guard's environment, beside the allow-list. */
  readonly passEnv: readonly string[];
  /** Undefined: `exit` for one server, `restart` for many. */
  readonly onExit: 'exit' | 'restart' | undefined;
  readonly restart: RestartPolicy;
  readonly deadline: DeadlinePolicy;
  /** With what the top level says. */
  readonly breaker: BreakerPolicy;
  readonly tools: readonly ToolPolicy[];
  /** What it may do; the empty scope where it names none and others are written. Undefined: the config has no scopes at all. */
  readonly scope: Scope | undefined;
  /** `observe`: what its scope denies is recorded and let pass. */
  readonly mode: 'enforce' | 'observe';
  /** How it stands behind a gateway. */
  readonly gateway: GatewayPolicy;
  /** Undefined: it runs as the guard does. Else it has a home of its tenant's, and nothing of the user's. */
  readonly isolation?: IsolationPolicy | undefined;
  /** What ceilings, a tenant's block and roles take away; `restrict-policy.ts` alone writes it. */
  readonly restrictedBy?: readonly AppliedRestriction[];
}

export interface AuditPolicy {
  readonly payload: 'full' | 'digest' | 'off';
  readonly maxBytes: number;
  readonly maxAgeDays: number;
  readonly onFailure: 'deny' | 'allow-and-count';
  readonly sync: 'group' | 'always';
  /** Bytes that the record of the tenant may take; what does not fit is not written, and `onFailure` decides. Absent: no bound. */
  readonly quotaBytes?: number | undefined;
  /** The quota as it was approved; retention goes by it, and by no edit. Absent: none was. */
  readonly approvedQuotaBytes?: number | undefined;
}

export type CanaryPolicy = 'alarm' | 'stop';

export interface Policy {
  /** Absolute path of the one file, and the SHA-256 of its bytes in hex. */
  readonly source: { readonly path: string; readonly digest: string };
  readonly servers: ReadonlyMap<string, ServerPolicy>;
  readonly unlisted: 'deny' | 'observe';
  /** What is taken away from a server that is not listed. Undefined: nothing. */
  readonly restrictionsOf?: (server: ServerAt) => readonly AppliedRestriction[];
  /** By name; undefined where nothing is written about scopes. */
  readonly scopes: ReadonlyMap<string, Scope> | undefined;
  /** Undefined: nobody is asked who they are. */
  readonly auth: AuthPolicy | undefined;
  /** Undefined: the config has none. */
  readonly roles: RolesPolicy | undefined;
  /** Of a server that is not listed. */
  readonly breaker: BreakerPolicy;
  /** What tenants and roles add is in the restrictions: limits-in-force.ts. */
  readonly limits: LimitsPolicy;
  /** Refuse ambiguities inside the opaque payloads of a server, too. */
  readonly strictPayload: boolean;
  readonly audit: AuditPolicy;
  /** A token is planted at the tenant, and any other tenant’s in its traffic raises an alarm, or ends the session, too. */
  readonly canary?: CanaryPolicy | undefined;
  /**
   * Of a tenant's view: the directories of all others, which nothing shows it. Read only where a sandbox is made.
   *
   * @throws GuardError isolation_unavailable: a block of another tenant cannot be read
   */
  readonly foreignPlaces?: () => readonly ForeignPlace[];
  /** For texts alone: what `isolation` of a server would show where the config's word held, and the command that approves it. */
  readonly unapproved?: { readonly placesOf: ReadonlyMap<string, readonly string[]>; readonly mend: string };
  /** `metaPaths`: keys into `_meta`, from the outside in. */
  readonly model: { readonly id: string | undefined; readonly metaPaths: readonly (readonly string[])[] };
  readonly shutdown: ShutdownPolicy;
  readonly maxLineBytes: number;
  readonly log: { readonly level: 'error' | 'warn' | 'info' | 'debug' | undefined; readonly file: string | undefined };
}

/** From the end of stdin: SIGTERM after the one, SIGKILL after the other. */
export interface ShutdownPolicy {
  readonly termAfterMs: number;
  readonly killAfterMs: number;
}

/** What holds without a config, and where a config is silent. */
export const DEFAULTS = {
  deadline: { idleMs: Number.POSITIVE_INFINITY, hardMs: 3_600_000 },
  restart: { maxExits: 8, withinMs: 60_000, firstDelayMs: 250, maxDelayMs: 10_000 },
  audit: { payload: 'full', maxBytes: 2 * 1_073_741_824, maxAgeDays: 30, onFailure: 'deny', sync: 'group' },
  shutdown: { termAfterMs: 1_200, killAfterMs: 1_800 },
  maxLineBytes: 64 * 1_048_576,
} as const satisfies {
  deadline: DeadlinePolicy;
  restart: RestartPolicy;
  audit: AuditPolicy;
  shutdown: ShutdownPolicy;
  maxLineBytes: number;
};
