// Keeps the guard small between a client and a server that are not: the heap for new objects grows under load, but not on.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * V8 doubles the space for new objects up to 2 × 16 MiB and keeps it. At 2 × 8 MiB messages still die young, and the peak
 * of 1 MB payloads is about 30 MiB lower (docs/performance.md).
 */
const ENOUGH_BYTES = 16 * 1024 * 1024;
/** Looking costs some µs: once in so many turns. A 1 MB message takes about sixteen. */
const LOOK_EVERY = 32;

/** @returns to be called after each turn */
export function createYoungHeapLimit(): () => void {
  let turns = 0;
  let isFrozen = false;
  return () => {
    turns += 1;
    if (isFrozen || turns % LOOK_EVERY !== 0) return;
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    if (young === undefined || young.space_size < ENOUGH_BYTES) return;
    isFrozen = true;
    setFlagsFromString('--semi-space-growth-factor=1');
  };
}
