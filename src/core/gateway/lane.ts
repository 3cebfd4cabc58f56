// One server behind the gateway as the gateway sees it: its state, what is open on it, what waits for it. Values and small
// questions only; what is done about them stands in lanes.ts.
import type { JsonObject } from '../../wire/json.ts';
import { objectAt } from '../../wire/json.ts';
import type { Line, RequestId, ResponseMessage } from '../../wire/message.ts';
import type { ListName } from '../interceptor.ts';
import type { LaneId } from './events.ts';
import type { Part } from './open-requests.ts';
import type { LaneSettings, ListKind } from './settings.ts';

export type LaneState =
  /** Not running, and started by the first request that needs it. */
  | 'idle'
  /** Running, and not greeted yet: what is meant for it waits here. */
  | 'starting'
  | 'up'
  /** Its server has ended; the lane's session brings it back and holds calls meanwhile. */
  | 'away'
  /** Ended by the gateway because nobody used it. */
  | 'stopping'
  /** Its session is over. Tried again at `retryAtMs`. */
  | 'down';

/** A line that waits for the lane to be up. */
export interface Waiting {
  readonly line: Line;
  /** Where it is a request: one that was taken back is not sent late. */
  readonly part: Part | undefined;
}

/** The first page of a list that came when nobody waited for it any more. */
export interface LateList {
  readonly line: Line<ResponseMessage>;
  /** The client has not seen it yet: the next asking is answered by it at once. */
  readonly isNew: boolean;
}

/** One entry of a list. attacker-controlled */
export interface ListEntry {
  /** Its server's own name for it, or its URI. */
  readonly name: string;
  /** As its server wrote it. */
  readonly text: string;
}

/** A server that has given up is tried again after this, doubled each time. */
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 600_000;
const MOST_WAITING = 2_000;
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
const MOST_LATE_BYTES = 16 * 1024 * 1024;
/** Tokens of tasks live longer than their requests. */
const MOST_TOKENS = 10_000;
const MOST_ELICITATIONS = 256;
/** In UTF-16 units. */
const LONGEST_ELICITATION = 1_024;

export class Lane {
  /** Another config may bring others. */
  settings: LaneSettings;
  readonly id: LaneId;
  state: LaneState = 'idle';
  /** A session of it has begun, and is not over. */
  hasSession = false;
  /** Started anew as soon as this session of it is over. */
  startsAtEnd = false;
  isFull = false;
  /** This session of it has been introduced to the client, or needs no introduction. */
  isGreeted = false;
  /** The client's own greeting is answered with what it offers: that it comes up is no other list. */
  isIntroduced = false;
  /** What its server says it can do; undefined: not known yet, so it is asked. */
  capabilities: JsonObject | undefined;
  /** The lists that its greeting would say more of, had its scope not hidden all of them then. */
  withheld: readonly ListName[] = [];
  /** By the id under which the lane answers. */
  readonly parts = new Map<RequestId, Part>();
  /** Progress tokens under which the lane may report. */
  readonly tokens = new Map<RequestId, Part>();
  /** The kinds of list that it was given up on and still owes. */
  readonly owes = new Set<ListKind>();
  /** Raised by another policy and by another process: what it answered before is judged by the policy of now. */
  generation = 0;
  /** Its list entries, as its session let them through last; kept for lanes that are stopped when idle. */
  readonly lists = new Map<ListKind, readonly ListEntry[]>();
  /** What stands in for a list that it does not give in time. */
  readonly late = new Map<ListKind, LateList>();
  /** Whether the client knows that there is something of it in a list, or was told so since; absent: it has heard nothing. */
  readonly shown = new Map<ListName, boolean>();
  /** Resources that the client wants to hear of, by URI, as it asked. */
  readonly subscriptions = new Map<string, Line>();
  /** What it has sent a person to a page for, and may say to be complete. */
  readonly elicitations = new Set<string>();
  /** What it has asked the client and has no answer to. */
  openQuestions = 0;
  /** It has announced a task: it may work although nothing is open. */
  hasTasks = false;
  waiting: Waiting[] = [];
  /** Monotonic ms. */
  lastUsedMs = 0;
  /** Monotonic ms at which what waits is refused. */
  waitsUntilMs = Number.POSITIVE_INFINITY;
  retryAtMs = Number.POSITIVE_INFINITY;
  /** It said no to the client's greeting: asking again would change nothing. */
  isRejected = false;
  /** It was waited for in vain: nobody waits again until it is up. */
  isLate = false;
  /** It was ended because nobody used it. */
  isStopped = false;
  /** It has ended too often. */
  isLooping = false;
  /** In a row. */
  failures = 0;
  /** Why it is down, for people. */
  why = '';

  constructor(settings: LaneSettings) {
    this.settings = settings;
    this.id = settings.lane;
    if (settings.refusal === undefined) return;
    this.state = 'down';
    this.why = settings.refusal.text;
  }

  /** A session of it begins. */
  begin(nowMs: number): void {
    this.state = 'starting';
    this.hasSession = true;
    this.isStopped = false;
    this.isGreeted = false;
    this.isIntroduced = false;
    this.hasTasks = false;
    this.isFull = false;
    this.capabilities = undefined;
    this.withheld = [];
    this.retryAtMs = Number.POSITIVE_INFINITY;
    this.lastUsedMs = nowMs;
    this.forgetOwed();
  }

  /** Another process, or another policy: what it would say now may be something else. */
  forgetOwed(): void {
    this.owes.clear();
    this.late.clear();
  }

  /** INVARIANT: what is kept is bounded. @returns whether there was room */
  keepLate(kind: ListKind, late: LateList): boolean {
    this.late.delete(kind);
    const bytes = [...this.late.values()].reduce((sum, { line }) => sum + line.bytes.length, late.line.bytes.length);
    if (bytes > MOST_LATE_BYTES) return false;
    this.late.set(kind, late);
    return true;
  }

  /** What is sent now reaches its session. A server that ended before it was greeted is greeted first when it is back. */
  get takesLines(): boolean {
    return this.state === 'up' || (this.state === 'away' && this.isGreeted);
  }

  /** Whether it may answer to this; a lane that has not said yet may. */
  offers(capability: string): boolean {
    return this.capabilities === undefined || objectAt(this.capabilities, capability) !== undefined;
  }

  /** Whether it still waits here, and was not sent. */
  isHolding(part: Part): boolean {
    return this.waiting.length > 0 && this.waiting.some((one) => one.part === part);
  }

  /** INVARIANT: what waits is bounded. False where there is no room. */
  hold(waiting: Waiting): boolean {
    this.waiting = this.waiting.filter((one) => this.isWanted(one));
    const bytes = this.waiting.reduce((sum, { line }) => sum + line.bytes.length, waiting.line.bytes.length);
    if (this.waiting.length >= MOST_WAITING || bytes > MOST_WAITING_BYTES) return false;
    this.waiting.push(waiting);
    return true;
  }

  /** What waits here, or such of it, waits no longer. */
  takeWaiting(isSuch: (one: Waiting) => boolean = () => true): readonly Waiting[] {
    const { waiting } = this;
    this.waiting = waiting.filter((one) => !isSuch(one));
    if (this.waiting.length === 0) this.waitsUntilMs = Number.POSITIVE_INFINITY;
    return waiting.filter(isSuch);
  }

  /** Nobody has taken it back meanwhile. */
  isWanted({ part }: Waiting): boolean {
    return part === undefined || this.parts.get(part.id) === part;
  }

  /** The oldest makes room. attacker-controlled */
  noteElicitation(id: string): void {
    if (id.length > LONGEST_ELICITATION) return;
    const oldest = this.elicitations.keys().next();
    if (this.elicitations.size >= MOST_ELICITATIONS && oldest.done !== true) this.elicitations.delete(oldest.value);
    this.elicitations.add(id);
  }

  /** The token of a task outlives its request; the oldest makes room. */
  boundTokens(): void {
    if (this.tokens.size <= MOST_TOKENS) return;
    const oldest = this.tokens.keys().next();
    if (oldest.done !== true) this.tokens.delete(oldest.value);
  }

  /** It has failed once more. */
  planRetry(nowMs: number): void {
    const { comesBack, refusal } = this.settings;
    const isOver = !comesBack || this.isRejected || refusal !== undefined;
    this.retryAtMs = isOver ? Number.POSITIVE_INFINITY : nowMs + this.retryDelayMs;
  }

  /** How long until it is tried again, by how often it has failed in a row. */
  get retryDelayMs(): number {
    return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.failures - 1));
  }

  /** Monotonic ms at which it wants to be looked at; Infinity for never. */
  get wakeAtMs(): number {
    const atMs = Math.min(this.waitsUntilMs, this.hasSession ? Number.POSITIVE_INFINITY : this.retryAtMs);
    return this.isIdle ? Math.min(atMs, this.lastUsedMs + this.settings.idleStopMs) : atMs;
  }

  /** It may be stopped: nobody listens to it, either. */
  get isIdle(): boolean {
    const mayStop = this.settings.idleStopMs !== Number.POSITIVE_INFINITY && this.subscriptions.size === 0;
    return mayStop && this.state === 'up' && this.isUnused;
  }

  /** Nothing is open on it and nothing is owed to the client by it. */
  get isUnused(): boolean {
    if (this.state !== 'up' && this.state !== 'away') return false;
    if (this.hasTasks || this.openQuestions > 0 || this.waiting.length > 0) return false;
    for (const part of this.parts.values()) if (part.isStanding !== true) return false;
    return true;
  }
}
