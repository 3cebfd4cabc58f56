// What a guard of this machine is doing, for whoever asks from outside (`mcp-guard status`): the record and who feeds it. Types
// only; knows neither where the record lies nor how it is shown.

/** One server, as the guard in front of it sees it. Texts are attacker-controlled: bounded here, made inert where they are shown. */
export interface ServerStanding {
  readonly name: string;
  /** Of the running process; null while there is none. */
  readonly pid: number | null;
  readonly state: 'starting' | 'up' | 'down';
  /** Behind a gateway, where that says more than the state. */
  readonly word?: ServerWord | undefined;
  /** Why it stands like that, where it is not for an error of its process: what it refused the greeting with, what it lacks, what is kept out of use. */
  readonly why?: string | undefined;
  /** How far it is kept from the rest of the machine, as it was started: `none`, `L0` to `L3`. */
  readonly isolation: Isolation;
  /** How the client speaks to it. */
  readonly era: Era;
  /** Wall clock, ms: since when it is up, or down; null before its first start. */
  readonly sinceMs: number | null;
  /** How often it was started again in this session. */
  readonly restarts: number;
  /** Tool calls that are not settled. */
  readonly inFlight: number;
  readonly lastError: { readonly atMs: number; readonly text: string } | null;
  /** One or two words: `closed`, `2 tools open`, `isolated`. */
  readonly breaker: string;
  /** One or two words: `-` where there are none. */
  readonly limit: string;
}

/** `unknown`: it has not been started, or the guard is of a version that did not say. */
export type Isolation = 'none' | 'L0' | 'L1' | 'L2' | 'L3' | 'unknown';

export const SERVER_WORDS = [
  /** It was waited for in vain, and its tools are missing until it is up. */
  'late',
  /** It has ended, and is started again. */
  'restarting',
  /** It has ended too often, or cannot be started: tried again after a while. */
  'crash loop',
  'down',
  /** It did not accept the greeting of the client. */
  'rejected',
  /** Stopped because nobody used it; the next call brings it back. */
  'idle',
  /** Started by the first request that needs it. */
  'on demand',
  /** Never started: nobody has approved it, or what it needs is not there. */
  'unapproved',
  'no start',
  /** It has left the config, and may still work on what it was asked. */
  'left',
] as const;

/** As wide as a process id may be. */
export type ServerWord = (typeof SERVER_WORDS)[number];

export type WordStanding = Pick<ServerStanding, 'word' | 'why'>;

export type Era = 'unknown' | 'legacy' | 'modern';

/** What came of the last reload. `token`: of the person who asked for it; null where a file had changed. */
export interface ReloadAnswer {
  readonly token: string | null;
  readonly outcome: 'taken_over' | 'unchanged' | 'kept';
  /** Why the old policy was kept; else what of the one in force is refused or waits by now, or empty. */
  readonly why: string;
  /** Wall clock, ms. Of one that was kept: since when it is, for this reason. */
  readonly atMs: number;
}

export interface PolicyStanding {
  /** Absolute path; null in a bare run. */
  readonly config: string | null;
  /** SHA-256 of the config in force, hex; null in a bare run. */
  readonly digest: string | null;
  /** Wall clock, ms. */
  readonly sinceMs: number;
  readonly reload: ReloadAnswer | null;
  /** What of it is refused or waits by now, a sentence each; undefined: the guard is of a version that did not say. */
  readonly waits?: readonly string[] | undefined;
}

export interface GuardRecord {
  readonly version: 1;
  /** The version of the guard. */
  readonly guard: string;
  readonly session: string;
  readonly tenant: string;
  /** `local:ada` */
  readonly principal: string;
  /** `name/version` as the client calls itself; null before it has. attacker-controlled. */
  readonly client: string | null;
  /** Wall clock, ms. */
  readonly startedMs: number;
  readonly policy: PolicyStanding;
  readonly servers: readonly ServerStanding[];
}

/** What only the running session can say of one server. Each is asked when a record is written, never on the way of a call. */
export interface LiveServer {
  inFlight(): number;
  era(): Era;
  breaker(): string;
  limit(): string;
  /** Why it is not of full use, for a person, or empty. */
  why(): string;
}

/** The way into the record. INVARIANT: none of these throws, waits or holds a call. */
export interface GuardStatus {
  /** Once a server, as soon as there is somebody to ask. A name that is watched again is asked anew. */
  watch(server: string, live: LiveServer): void;
  /** It stands in the record from now on, though nobody may ever be asked about it. */
  list(server: string): void;
  /** Another policy is in force, or was refused. */
  policyIs(policy: PolicyStanding): void;
  /** Takes the record away. Settles once it is gone; nothing is written afterwards. */
  end(): Promise<void>;
}
