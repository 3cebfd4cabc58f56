// The hash chain of one segment and the frame of one record. Knows no record type, no file; hashing comes in.

/** SHA-256 over the UTF-8 of `text` (a string) or over the bytes, as 64 lower-case hex digits. */
export interface Digest {
  text(text: string): string;
  /** SHA-256(salt as hex text || payload bytes). */
  salted(saltHex: string, payload: string | Uint8Array): string;
}

/** Where a chain stands: `seq` records were written, the last one's hash is `head`. */
export interface ChainHead {
  readonly segment: string;
  readonly seq: number;
  readonly head: string;
}

/** What the header of the next record carries of the chain. */
export interface ChainLink {
  readonly seq: number;
  readonly prev: string;
}

/** INVARIANT: the first `prev` depends on the segment, so that no record can be moved into another segment. */
export function startChain(segment: string, digest: Digest): ChainHead {
  return { segment, seq: 0, head: digest.text(`mcp-guard audit v1\n${segment}`) };
}

/** hash = SHA-256(prev as hex text || header bytes). */
export function hashRecord(prev: string, header: string, digest: Digest): string {
  return digest.text(prev + header);
}

/**
 * One line with its LF. `payload` is JSON text without a raw LF (the caller's duty); it goes with a salt or not at all.
 * INVARIANT: header first and salt last, at fixed places, so that no payload can pass for either.
 */
export function frameRecord(
  header: string,
  hash: string,
  payload: string | undefined,
  salt: string | undefined,
): string {
  if (salt === undefined) return `{"h":${header},"hash":"${hash}"}\n`;
  if (payload === undefined) return `{"h":${header},"hash":"${hash}","s":"${salt}"}\n`;
  return `{"h":${header},"hash":"${hash}","p":${payload},"s":"${salt}"}\n`;
}
