// Which segment leaves next when there is too much: of the server and the session that hold most. Knows no file.

export interface Evictable {
  readonly bytes: number;
  /** As the segment's `open` names them; empty where that cannot be read, which makes one group of all such. */
  readonly server: string;
  readonly session: string;
}

interface Holding<T> {
  bytes: number;
  readonly segments: T[];
}

export interface EvictionOrder<T> {
  /** The next one, which then holds nothing any more; undefined once there is none. */
  next(): T | undefined;
}

/**
 * INVARIANT: what a server writes pushes out its own records before those of any server that holds less, and what a session
 * writes those of its server's smaller sessions last. Nobody erases what others did, nor what it did before, by a flood.
 * @param segments oldest first; so they leave within a session
 */
export function orderEviction<T extends Evictable>(segments: readonly T[]): EvictionOrder<T> {
  const servers = new Map<string, Map<string, Holding<T>>>();
  for (const segment of segments) {
    const sessions = servers.get(segment.server) ?? new Map<string, Holding<T>>();
    const holding = sessions.get(segment.session) ?? { bytes: 0, segments: [] };
    holding.bytes += segment.bytes;
    holding.segments.push(segment);
    servers.set(segment.server, sessions.set(segment.session, holding));
  }
  return {
    next: () => {
      const sessions = largest(servers.values(), (held) => sum(held.values()));
      const holding = sessions && largest(sessions.values(), ({ bytes }) => bytes);
      const segment = holding?.segments.shift();
      if (holding !== undefined && segment !== undefined) holding.bytes -= segment.bytes;
      return segment;
    },
  };
}

function sum(holdings: Iterable<Holding<unknown>>): number {
  let bytes = 0;
  for (const holding of holdings) bytes += holding.bytes;
  return bytes;
}

/** The first of several that are equal: the one whose records are the oldest. */
function largest<V>(values: Iterable<V>, sizeOf: (value: V) => number): V | undefined {
  let found: V | undefined;
  let size = 0;
  for (const value of values) {
    const own = sizeOf(value);
    if (own > size) [found, size] = [value, own];
  }
  return found;
}
