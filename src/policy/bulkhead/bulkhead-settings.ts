// How many calls may be in flight at once, and how long another may wait: the defaults. Data; knows no config file.

/** Of one tool. */
export interface ToolBulkhead {
  /**
   * Calls of this tool in flight; Infinity for any number. Undefined: the tool gets a further place as long as it holds fewer
   * than its server has free, so that one tool alone gets half of them and k stuck ones leave about 1/(k+1) to the others.
   */
  readonly maxInFlight: number | undefined;
  /** No more than so many beside that: a ceiling takes nothing of the rule above away. */
  readonly ceiling?: number;
  /** Longest wait for a place, in ms; 0: refused at once. */
  readonly maxWaitMs: number;
}

/** Of a server as a whole. */
export interface ServerBulkhead {
  /** Calls of all its tools in flight; Infinity for any number. */
  readonly maxInFlight: number;
}

/** Half of the shortest time-out that hosts have (60 s): who waited in vain reads the reason, not a time-out of the host. */
export const DEFAULT_MAX_WAIT_MS = 30_000;

/** More than any host is known to send, so that a wrapped server answers as it would alone until something is stuck. */
export const DEFAULT_SERVER_IN_FLIGHT = 256;

/**
 * Calls that may wait for one server; shared among its tools by the same rule as the places. Twice as many as a session may have
 * open, so that a burst of one tool waits and is not refused; what is held is bounded by its bytes.
 */
export const MOST_WAITING = 20_000;

/** What a config may say, both ends included. */
export const BULKHEAD_RANGES = {
  /** As many requests as one session may have open. */
  maxInFlight: { min: 1, max: 10_000, integer: true },
  maxWaitMs: { min: 0, max: 600_000, integer: true },
} as const;
