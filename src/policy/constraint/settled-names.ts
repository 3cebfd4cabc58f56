// Texts that were looked at and lead nowhere near the guard's own files, for as long as the directories that they count from
// are unchanged. Saves looking again, and decides nothing. Knows no rule and no file system.

/** A name is forgotten with all others once there are this many. */
const MOST_NAMES = 4096;
/**
 * Calls this close together look at the directories once. The server opens what it was given later than that anyway: a link that is
 * swapped in between is the same race, and cannot be closed from here.
 */
export const SAME_MOMENT_MS = 1;

export interface SettledNames {
  /** To be called before the names of a call: forgets all where a directory has changed since. @param monoMs of now */
  begin(monoMs: number): void;
  has(name: string): boolean;
  /** The name leads nowhere near, as the directories stand. */
  add(name: string): void;
}

/**
 * @param directories absolute
 * @param stateOf what the directory is and when an entry of it last changed, as a text; undefined where that cannot be known, or
 *   where it changed so lately that another change need not show
 */
export function createSettledNames(
  directories: readonly string[],
  stateOf: (directory: string) => string | undefined,
): SettledNames {
  const known = new Set<string>();
  let state: readonly (string | undefined)[] = [];
  let lookedMs = Number.NEGATIVE_INFINITY;
  return {
    begin(monoMs) {
      if (monoMs - lookedMs < SAME_MOMENT_MS) return;
      lookedMs = monoMs;
      let same = state.length === directories.length;
      const next: (string | undefined)[] = [];
      for (const [index, directory] of directories.entries()) {
        const one = stateOf(directory);
        // INVARIANT: what is unknown equals nothing, itself included.
        if (one === undefined || one !== state[index]) same = false;
        next.push(one);
      }
      if (same) return;
      state = next;
      known.clear();
    },
    has: (name) => known.has(name),
    add(name) {
      if (known.size >= MOST_NAMES) known.clear();
      known.add(name);
    },
  };
}
