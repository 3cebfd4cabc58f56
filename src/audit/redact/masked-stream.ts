// Masks a stream of bytes: a secret that lies across two chunks is found all the same. Pure: chunks in, chunks out. What may still become
// a secret is held back, so a line appears when it is whole.
import type { Masker } from './masker.ts';

export interface MaskedStream {
  /** What can be shown now; empty where all of it may still become a secret. */
  push(chunk: Uint8Array): Uint8Array;
  /** The rest. */
  end(): Uint8Array;
}

const [LF, CR] = [10, 13];
/** More is not held for one place: `aaaa…` may be a secret over and over. What is cut there is masked up to its end. */
const MOST_HELD = 65_536;

/** INVARIANT: what comes out never depends on how the input was cut into chunks, but for when it comes. */
export function maskStream(masker: Masker): MaskedStream {
  /** The end of what was shown: whether Base64 goes on in the next line is seen by what stands in front of the break. */
  let before = new Uint8Array(0);
  let held = new Uint8Array(0);
  const take = (chunk: Uint8Array, isLast: boolean): Uint8Array => {
    const bytes = concat(before, held, chunk);
    const from = before.length;
    const free = Math.max(afterLastBreak(masker, bytes, from), bytes.length - masker.longest + 1, from);
    let safe = isLast ? bytes.length : free;
    const hits = masker.find(bytes).filter(({ end }) => end > from);
    // A hit is shown whole or not yet: it may go on, or end in the next chunk.
    for (const { start, end } of hits) {
      if (start < safe && end > safe) safe = bytes.length - start > MOST_HELD ? end : Math.max(start, from);
    }
    held = bytes.slice(safe);
    before = bytes.slice(Math.max(0, safe - masker.context), safe);
    const shown = hits.filter(({ end }) => end <= safe);
    return masker.replace(
      bytes.subarray(from, safe),
      shown.map(({ name, start, end }) => ({ name, start: Math.max(start - from, 0), end: end - from })),
    );
  };
  return { push: (chunk) => take(chunk, false), end: () => take(new Uint8Array(0), true) };
}

/** Behind the last line break that no secret lies across. */
function afterLastBreak(masker: Masker, bytes: Uint8Array, from: number): number {
  for (let at = bytes.lastIndexOf(LF); at >= from; at = at === 0 ? -1 : bytes.lastIndexOf(LF, at - 1))
    if (!masker.mayGoOn(bytes, bytes[at - 1] === CR ? at - 1 : at)) return at + 1;
  return from;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
