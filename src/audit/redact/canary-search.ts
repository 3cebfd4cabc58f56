// Finds tokens of other tenants in bytes. Pure. Every token of a machine begins alike, so that what is searched in each line is one text, however
// many tenants there are; only where that stands are the tokens themselves looked for.
import { createMasker, type Masker } from './masker.ts';

export interface Canary {
  /** What all tokens of this machine begin with. */
  readonly prefix: string;
  /** Tokens that are not this tenant's own, asked for only where the prefix was found. */
  foreign(): readonly string[];
}

export interface CanarySearch {
  /** A token of somebody else that stands in `bytes` whole, as it is or in a usual encoding; undefined where there is none. */
  find(bytes: Uint8Array): string | undefined;
  /** The same over chunks: a token that lies across two of them is found with the second. */
  openStream(): (chunk: Uint8Array) => string | undefined;
}

export function createCanarySearch({ prefix, foreign }: Canary): CanarySearch {
  const quick = createMasker([{ name: 'prefix', value: prefix }]);
  let known = '';
  let tokens: Masker | undefined;
  const find = (bytes: Uint8Array): string | undefined => {
    if (quick === undefined || quick.find(bytes).length === 0) return undefined;
    const now = foreign();
    if (now.join() !== known) tokens = createMasker(now.map((token) => ({ name: token, value: token })));
    known = now.join();
    return tokens?.find(bytes)[0]?.name;
  };
  return {
    find,
    openStream: () => {
      let held = new Uint8Array(0);
      return (chunk) => {
        const bytes = new Uint8Array(held.length + chunk.length);
        bytes.set(held);
        bytes.set(chunk, held.length);
        const found = find(bytes);
        // what was found is not found again
        held = found === undefined ? bytes.slice(Math.max(0, bytes.length - MOST_CUT)) : new Uint8Array(0);
        return found;
      };
    },
  };
}

/** Longer than any form of a token: six bytes for each of its characters. */
const MOST_CUT = 512;
