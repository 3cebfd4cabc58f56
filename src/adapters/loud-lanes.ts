// Which servers of a gateway have said much of late: those are paused while the client is behind, and whoever has said little goes on.
// Counts bytes; knows no message.
import type { Clock } from '../ports/clock.ts';
import type { LaneClient } from './lane-client.ts';

/** What one server may have said of late before it is one of those that are paused. */
const SHARE_BYTES = 64 * 1024;
/** "Of late". */
const WINDOW_MS = 100;

export class LoudLanes {
  readonly #clock: Clock;
  readonly #said = new Map<LaneClient, number>();
  #isFull = false;
  #windowEndMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** INVARIANT: what waits for a client that is behind is bounded, whoever sends it: its share, and what one read brings. */
  said(lane: LaneClient, bytes: number): void {
    const sum = (this.#said.get(lane) ?? 0) + bytes;
    this.#said.set(lane, sum);
    if (this.#isFull && sum > SHARE_BYTES) lane.setFull(true);
  }

  /** The client takes nothing more for now. */
  onFull(): void {
    this.#isFull = true;
    for (const [lane, sum] of this.#said) if (sum > SHARE_BYTES) lane.setFull(true);
  }

  onRoom(): void {
    this.#isFull = false;
    for (const lane of this.#said.keys()) lane.setFull(false);
    this.#said.clear();
  }

  /** After each turn: what was said long ago does not count. */
  forget(): void {
    const { monoMs } = this.#clock.now();
    if (this.#isFull || monoMs < this.#windowEndMs) return;
    this.#windowEndMs = monoMs + WINDOW_MS;
    this.#said.clear();
  }
}
