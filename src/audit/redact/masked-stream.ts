// Masks a stream of bytes: a secret that lies across two chunks is found all the same. Pure: chunks in, chunks out. What may still become
// a secret is held back, so a line appears when it is whole.
import type { Masker } from './masker.ts';

export interface MaskedStream {
  /** What can be shown now; empty where all of it may still become a secret. */
  push(chunk: Uint8Array): Uint8Array;
  /** The rest. */
  end(): Uint8Array;
}

const LF = 10;
/** More is not held for one place: `aaaa…` may be a secret over and over. What is cut there is masked up to its end. */
const MOST_HELD = 65_536;

/** INVARIANT: what comes out never depends on how the input was cut into chunks, but for when it comes. */
export function maskStream(masker: Masker): MaskedStream {
  let held = new Uint8Array(0);
  return {
    push: (chunk) => {
      const bytes = new Uint8Array(held.length + chunk.length);
      bytes.set(held);
      bytes.set(chunk, held.length);
      let safe = Math.max(bytes.lastIndexOf(LF) + 1, bytes.length - masker.longest + 1, 0);
      // A hit is shown whole or not yet: it may go on, or end in the next chunk.
      for (const { start, end } of masker.find(bytes)) {
        if (start < safe && end > safe) safe = bytes.length - start > MOST_HELD ? end : start;
      }
      held = bytes.slice(safe);
      return masker.maskBytes(bytes.subarray(0, safe));
    },
    end: () => {
      const rest = held;
      held = new Uint8Array(0);
      return masker.maskBytes(rest);
    },
  };
}
