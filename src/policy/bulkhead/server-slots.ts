// The places of one server: which of its tools hold them, which calls wait, and who is next. Knows no verdict and no text.
import type { RequestView } from '../../core/interceptor.ts';
import { MOST_WAITING, type ServerBulkhead, type ToolBulkhead } from './bulkhead-settings.ts';

/** Why a call has no place: which cap is full. */
export type Cap = 'tool' | 'share' | 'server';

/** INVARIANT: exists only while the tool holds a place or waits for one: the names are attacker-controlled. */
export interface ToolSlots {
  readonly name: string;
  settings: ToolBulkhead;
  held: number;
  /** First come, first served. */
  readonly queue: Set<Ticket>;
}

/** A call that is held. */
export interface Ticket {
  readonly request: RequestView;
  readonly slots: ToolSlots;
  readonly order: number;
  /** Monotonic ms. */
  dueMs: number;
  /** Undefined: still in the queue. `go`: a place is already its own. */
  outcome: 'go' | 'refused' | undefined;
  /** What was full when it began to wait; when its time was over. */
  full: Cap;
}

export class ServerSlots {
  #settings: ServerBulkhead;
  readonly #toolSettings: (tool: string) => ToolBulkhead;
  readonly #tools = new Map<string, ToolSlots>();
  /** Those of `#tools` with a queue. */
  readonly #queued = new Set<ToolSlots>();
  #held = 0;
  #waiting = 0;
  #order = 0;

  constructor(settings: ServerBulkhead, toolSettings: (tool: string) => ToolBulkhead) {
    this.#settings = settings;
    this.#toolSettings = toolSettings;
  }

  get held(): number {
    return this.#held;
  }

  get maxInFlight(): number {
    return this.#settings.maxInFlight;
  }

  /** Names that are kept: none where nothing is in flight and nothing waits. */
  get keptNames(): number {
    return this.#tools.size + this.#queued.size;
  }

  /** Monotonic ms at which the next wait is over; Infinity for none. */
  get dueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { queue } of this.#queued) dueMs = Math.min(dueMs, firstOf(queue)?.dueMs ?? dueMs);
    return dueMs;
  }

  /**
   * Other settings hold from now on. What is held stays held, also where that is more than may be now; nobody waits longer than
   * who begins to wait now. To be followed by `advance`.
   */
  retune(settings: ServerBulkhead, nowMs: number): void {
    this.#settings = settings;
    for (const slots of this.#tools.values()) {
      slots.settings = this.#toolSettings(slots.name);
      for (const ticket of slots.queue) ticket.dueMs = Math.min(ticket.dueMs, nowMs + slots.settings.maxWaitMs);
    }
  }

  /** Takes a place at once. INVARIANT: not past a call of the same tool, since who waits has no place (`advance`). */
  take(tool: string): ToolSlots | undefined {
    const slots = this.#tools.get(tool) ?? this.#newSlots(tool);
    if (this.#fullFor(slots) !== undefined) return undefined;
    this.#tools.set(tool, slots);
    slots.held += 1;
    this.#held += 1;
    return slots;
  }

  /** @returns undefined where it may not wait */
  enqueue(request: RequestView, tool: string, nowMs: number): Ticket | undefined {
    const slots = this.#tools.get(tool) ?? this.#newSlots(tool);
    const { maxWaitMs } = slots.settings;
    // A tool that fills the queue leaves room in it for the others.
    if (maxWaitMs <= 0 || slots.queue.size >= MOST_WAITING - this.#waiting) return undefined;
    const full = this.#fullFor(slots) ?? 'tool';
    const ticket: Ticket = {
      request,
      slots,
      order: this.#order,
      dueMs: nowMs + maxWaitMs,
      outcome: undefined,
      full,
    };
    this.#order += 1;
    this.#waiting += 1;
    this.#tools.set(tool, slots);
    this.#queued.add(slots);
    slots.queue.add(ticket);
    return ticket;
  }

  /** What is full for a call of `tool`, and how many are in flight under that cap. */
  fullness(tool: string): { readonly full: Cap; readonly slots: ToolSlots } {
    const slots = this.#tools.get(tool) ?? this.#newSlots(tool);
    return { full: this.#fullFor(slots) ?? 'tool', slots };
  }

  /** A call that waits is not held any more. INVARIANT: a place that was already its own goes back. */
  drop(ticket: Ticket): void {
    if (ticket.outcome === undefined) this.#leave(ticket);
    else if (ticket.outcome === 'go') this.release(ticket.slots);
  }

  release(slots: ToolSlots): void {
    slots.held -= 1;
    this.#held -= 1;
    this.#forgetIdle(slots);
  }

  /** Ends the waits that are over, then gives the free places away. INVARIANT: follows each `release`. @returns whose outcome is now known, in order */
  advance(nowMs: number): readonly Ticket[] {
    if (this.#waiting === 0) return NONE;
    const known: Ticket[] = [];
    // A queue is in the order of its moments, since all calls of a tool may wait equally long.
    for (const slots of this.#queued) {
      for (const ticket of slots.queue) {
        if (ticket.dueMs > nowMs) break;
        ticket.full = this.#fullFor(slots) ?? ticket.full;
        this.#settle(ticket, 'refused', known);
      }
    }
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      next.slots.held += 1;
      this.#held += 1;
      this.#settle(next, 'go', known);
    }
    return known;
  }

  /** The call that has waited longest of those for whom there is a place. */
  #next(): Ticket | undefined {
    let next: Ticket | undefined;
    for (const slots of this.#queued) {
      if (this.#fullFor(slots) !== undefined) continue;
      const first = firstOf(slots.queue);
      if (first !== undefined && (next === undefined || first.order < next.order)) next = first;
    }
    return next;
  }

  #fullFor({ held, settings }: ToolSlots): Cap | undefined {
    const free = this.#settings.maxInFlight - this.#held;
    if (settings.ceiling !== undefined && held >= settings.ceiling) return 'tool';
    if (settings.maxInFlight !== undefined && held >= settings.maxInFlight) return 'tool';
    if (free <= 0) return 'server';
    return settings.maxInFlight === undefined && held >= free ? 'share' : undefined;
  }

  #settle(ticket: Ticket, outcome: 'go' | 'refused', known: Ticket[]): void {
    ticket.outcome = outcome;
    this.#leave(ticket);
    known.push(ticket);
  }

  #leave(ticket: Ticket): void {
    const { slots } = ticket;
    slots.queue.delete(ticket);
    this.#waiting -= 1;
    if (slots.queue.size === 0) this.#queued.delete(slots);
    this.#forgetIdle(slots);
  }

  #forgetIdle(slots: ToolSlots): void {
    if (slots.held === 0 && slots.queue.size === 0) this.#tools.delete(slots.name);
  }

  #newSlots(name: string): ToolSlots {
    return { name, settings: this.#toolSettings(name), held: 0, queue: new Set() };
  }
}

const NONE: readonly Ticket[] = [];

function firstOf(queue: Set<Ticket>): Ticket | undefined {
  return queue.values().next().value;
}
