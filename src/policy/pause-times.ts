// Whether a server is paused, asked again and again: what a clock that somebody sets back does to a pause. Pure; knows no file.
import type { Instant } from '../ports/clock.ts';
import { type Pause, type PausedServer, type Pauses, pauseAt } from './pause.ts';
import type { SteadyTime } from './steady-time.ts';

/** INVARIANT: a pause that has ended once stays ended, and none is longer than the time that passes, whoever sets the clock. */
export class PauseTimes {
  readonly #timeOf: SteadyTime;
  /** By server: the last pause that was over, or was ended by a person. */
  readonly #over = new Map<string, Pause>();
  readonly #held = new Map<string, Pause>();

  constructor(timeOf: SteadyTime) {
    this.#timeOf = timeOf;
  }

  pauseAt(pauses: Pauses, server: PausedServer, now: Instant): Pause | undefined {
    const key = JSON.stringify([server.config, server.server]);
    const held = this.#held.get(key);
    // by the wall clock it has begun, and by the time that passed it has not ended
    const begun = pauseAt(pauses, server, now.wallMs);
    const found = begun !== undefined && pauseAt(pauses, server, this.#timeOf(now)) === begun ? begun : undefined;
    const over = this.#over.get(key);
    const pause = found !== undefined && over !== undefined && isSame(found, over) ? undefined : found;
    if (held !== undefined && (pause === undefined || !isSame(pause, held))) this.#over.set(key, held);
    if (pause === undefined) this.#held.delete(key);
    else this.#held.set(key, pause);
    return pause;
  }
}

function isSame(one: Pause, other: Pause): boolean {
  return one.sinceMs === other.sinceMs && one.untilMs === other.untilMs;
}
