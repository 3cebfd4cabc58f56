// Tasks that the client has made for servers, by the client's id: whose each is. Pure and bounded, each server by itself: one that causes
// tasks without end makes the guard forget none of another.
import type { LaneId } from './events.ts';

/** Of one server: its eldest makes room. */
const MOST_TASKS = 1_024;
/** In UTF-16 units. */
const LONGEST_ID = 1_024;

export class ClientTasks {
  readonly #owners = new Map<string, LaneId>();
  /** The ids of each, eldest first. INVARIANT: the keys of `#owners`, by their values. */
  readonly #byLane = new Map<LaneId, Set<string>>();

  note(taskId: string, lane: LaneId): void {
    if (taskId.length > LONGEST_ID) return;
    this.#drop(taskId);
    const own = this.#byLane.get(lane) ?? new Set<string>();
    const eldest = own.values().next();
    if (own.size >= MOST_TASKS && eldest.done !== true) this.#drop(eldest.value);
    own.add(taskId);
    this.#byLane.set(lane, own);
    this.#owners.set(taskId, lane);
  }

  ownerOf(taskId: string): LaneId | undefined {
    return this.#owners.get(taskId);
  }

  #drop(taskId: string): void {
    const owner = this.#owners.get(taskId);
    if (owner === undefined) return;
    this.#owners.delete(taskId);
    this.#byLane.get(owner)?.delete(taskId);
  }
}
