// What `scope lint` looks at: the config as it is written and as it is compiled, and what is known of servers, of their use and
// of approvals. Types only; where they come from, and what is made of them, is others' to know.
import type { Json, JsonObject } from '../../wire/json.ts';
import type { ConstraintPorts } from '../constraint/constraint-document.ts';
import type { CommandOptions } from '../lock/lock-command.ts';
import type { LockRefusal } from '../lock/lock-refusal.ts';
import type { PinSet } from '../pins/pin-set.ts';
import type { ServerScope } from '../scope/scope.ts';
import type { ScopeLayer } from '../scope/scope-layer.ts';
import type { Scope } from '../scope/scope-policy.ts';
import type { ServerUse } from './tool-use.ts';

/** A place in the config document. */
export type Path = readonly (string | number)[];

/** One tool as its server describes it. attacker-controlled in every value. */
export interface OfferedTool {
  readonly name: string;
  readonly title?: Json | undefined;
  readonly description?: Json | undefined;
  readonly annotations?: Json | undefined;
  readonly inputSchema?: Json | undefined;
  /** The definition was too large to keep: only the name is known. */
  readonly isNameOnly?: boolean | undefined;
}

/** What a server was last seen to offer. attacker-controlled in every value. */
export interface Offer {
  readonly tools: readonly OfferedTool[];
  /** Undefined where it was not asked for them. */
  readonly prompts: readonly string[] | undefined;
  /** False where pages are missing: then what is not here may be there all the same. */
  readonly isComplete: boolean;
  /** Tools that it listed and that there was no room to keep; undefined: none. */
  readonly omitted?: number | undefined;
}

/** What a command line starts, as far as it can be told. */
export interface Launched {
  readonly kind: 'npm' | 'python' | 'image' | 'url';
  /** Package, image or URL as it is written. */
  readonly spec: string;
  /** Its place in `args`. */
  readonly index: number;
}

/** The definitions of a server before and now, as wholes. attacker-controlled in every value. */
export interface Definitions {
  readonly before: PinSet;
  readonly since: 'approved' | 'first_seen';
  readonly now: PinSet;
  /** False: whether its instructions are the same is not known. */
  readonly hasInstructions: boolean;
  /** No list of it ever came to its end. */
  readonly isPart?: true;
}

/** How many tools could be called, at a time. */
export interface SurfacePoint {
  readonly atMs: number;
  readonly tools: number;
}

export interface LintServer {
  readonly id: string;
  /** `servers.<id>` as it is written. */
  readonly document: JsonObject;
  /** Undefined where it names none. */
  readonly scopeName: string | undefined;
  /** The config's own scope and the ceilings. */
  readonly scope: ServerScope;
  readonly ceilings: readonly ScopeLayer[];
  readonly offer: Offer | undefined;
  /** Why it could not be asked anew, where it was to be. attacker-controlled where it quotes the server. */
  readonly notAsked: string | undefined;
  /** The tools of the offer by name; of several with one name the last. */
  readonly toolsByName: ReadonlyMap<string, OfferedTool>;
  /** Undefined where nothing of it is on record. */
  readonly use: ServerUse | undefined;
  readonly launched: Launched | undefined;
  /** Approved definitions; undefined where there is no lock. */
  readonly pins: PinSet | undefined;
  readonly definitions: Definitions | undefined;
  /** Why it is not started before somebody approves it as it stands; undefined where it is, or nothing is locked. */
  readonly waits?: string | undefined;
  /** Recorded changes of its scope, oldest first; empty where none are on record. */
  readonly surface: readonly SurfacePoint[];
}

export interface Suppression {
  readonly rule: string;
  /** Pattern over shown paths. */
  readonly at: string;
  /** Pattern over tools; undefined for any. */
  readonly tool: string | undefined;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export interface LintInput {
  /** The config as it is written. */
  readonly document: JsonObject;
  /** Every scope, used or not. */
  readonly scopes: readonly Scope[];
  /** False where the config says nothing of scopes. */
  readonly hasScopes: boolean;
  readonly servers: readonly LintServer[];
  /** The approved config; undefined where there is no lock. */
  readonly approved: JsonObject | undefined;
  /** Why the lock does not count; undefined where it does, or there is none. */
  readonly lockRefused?: Pick<LockRefusal, 'what' | 'mend' | 'isElsewhere' | 'isTakeable'> | undefined;
  /** Behind the commands that a finding names. */
  readonly commandOptions: CommandOptions;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly unusedDays: number;
  readonly severities: Readonly<Record<string, string>>;
  readonly suppressions: readonly Suppression[];
  /** To try constraints that name their values one by one. */
  readonly ports: ConstraintPorts;
  readonly showPath: (path: Path) => string;
}
