// The one probe of a fleet: asked for before the one of this machine. The contract only; knows no store.

export interface FleetProbe {
  readonly server: string;
  /** Which breakers are to be probed; undefined: the server's own. At least one. */
  readonly breakers: readonly (string | undefined)[];
  /** Of the opening that each of them was taken over from: it does not stand in the way of its own probe. Same order. */
  readonly marks: readonly (string | undefined)[];
  /** For so long nobody else in the fleet gets it. */
  readonly forMs: number;
}

/** INVARIANT: nothing here keeps a tool away for good: a store that is away leaves the machine to itself. */
export interface BreakerFleet {
  /**
   * All of them or none. `done` is called once, later, between two turns of the session: whether this guard may go on to the probe
   * of its machine. True, too, where the fleet cannot be asked.
   */
  claim(probe: FleetProbe, done: (mayProbe: boolean) => void): void;
  /** A probe of this guard has ended; a claim that it does not hold is left alone. Returns at once. */
  free(server: string, breaker: string | undefined): void;
}
