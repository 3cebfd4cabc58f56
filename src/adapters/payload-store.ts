// What becomes of a payload: into the record, into a file of its own, or only its commitment. Knows no chain, no segment file.
import { join } from 'node:path';
import type { Digest } from '../audit/chain.ts';
import { externalText } from '../audit/check-payload.ts';
import type { StoredPayload } from '../audit/encode.ts';
import type { AuditEntry, Payload } from '../audit/entry.ts';
import type { Masker } from '../audit/redact/masker.ts';
import type { TrailFiles } from './trail-files.ts';

/** Above this many bytes a payload gets a file of its own. */
const INLINE_BYTES = 65_536;

export type PayloadPolicy = 'full' | 'digest' | 'off';

export interface PayloadStoreOptions {
  readonly files: TrailFiles;
  readonly digest: Digest;
  readonly nextSalt: () => string;
  readonly policy: PayloadPolicy;
  /** The state directory, and what leads from there to the payloads of one segment; the last part is the segment. */
  readonly root: string;
  readonly parts: readonly string[];
  /** What no record may hold. Absent: there is nothing of the kind. */
  readonly masker?: Masker | undefined;
}

/** A payload's own file: written, not yet synced. The descriptor is the receiver's to sync and close. */
export interface KeptFile {
  readonly path: string;
  readonly fd: number;
  readonly bytes: number;
}

export interface PayloadStore {
  /**
   * Decides, and writes the file where there is one: it is whole when this returns. Throws where it cannot be written,
   * and leaves nothing then.
   */
  keep(entry: AuditEntry, written: (file: KeptFile) => void): StoredPayload | undefined;
}

export function createPayloadStore(options: PayloadStoreOptions): PayloadStore {
  const { files, digest, nextSalt, policy, masker } = options;
  let directory: string | undefined;

  function writeFile(name: string, bytes: Uint8Array, written: (file: KeptFile) => void): void {
    directory ??= files.makeDir(options.root, options.parts);
    const path = join(directory, name);
    const fd = files.create(path);
    try {
      const taken = files.write(fd, bytes);
      if (taken !== bytes.length)
        throw new Error(`only ${taken} of ${bytes.length} bytes of a payload were written: the disk is full`);
    } catch (error) {
      quietly(() => files.close(fd));
      quietly(() => files.remove(path));
      throw error;
    }
    written({ path, fd, bytes: bytes.length });
  }

  return {
    keep: (entry, written) => {
      const given = entry.type === 'event' ? undefined : entry.payload;
      if (given === undefined) return undefined;
      if (policy === 'off') return { form: 'off', digest: undefined, json: undefined, salt: undefined };
      // INVARIANT: before the commitment: the chain is over what is kept, and nobody can test a guess of a secret against it.
      const payload = masker === undefined ? given : maskPayload(given, masker);
      const salt = nextSalt();
      const isLarge = sizeOf(payload.bytes) > INLINE_BYTES;
      const isMasked = payload !== given;
      const form = policy === 'digest' ? 'digest' : isLarge ? 'file' : textForm(entry, payload, isMasked);
      const bytes = form === 'line' ? undefined : withoutEnd(payload.bytes);
      const committed = digest.salted(salt, bytes ?? payload.text);
      if (form === 'file' && bytes !== undefined) writeFile(committed, bytes, written);
      const json = form === 'line' ? payload.text : form === 'text' ? JSON.stringify(payload.text) : undefined;
      return { form, digest: committed, json: form === 'file' ? externalText(committed) : json, salt };
    },
  };
}

/** The commitment is to the line without its LF, whether or not it came with one. */
function withoutEnd(bytes: Buffer): Buffer {
  return bytes.subarray(0, sizeOf(bytes));
}

function sizeOf(bytes: Buffer): number {
  return bytes[bytes.length - 1] === 10 ? bytes.length - 1 : bytes.length;
}

/**
 * TRUST: a line that was let pass has been read as one JSON object, so its text can stand in the record as it is. A line
 * that was refused has not: it stands there as a string, or, where its bytes are no UTF-8, in a file.
 */
function textForm(entry: AuditEntry, payload: Payload, isMasked: boolean): 'line' | 'text' | 'file' {
  const { text } = payload;
  const wasRead =
    (entry.type === 'intent'
      ? entry.decision !== 'deny'
      : entry.type === 'outcome' && entry.settlement !== 'refused') &&
    (!isMasked || isJson(text));
  // INVARIANT: no raw LF ever gets into a record, whatever the caller believes: it would end it.
  if (wasRead && text.startsWith('{') && text.endsWith('}') && !text.includes('\n')) return 'line';
  return Buffer.from(text).equals(withoutEnd(payload.bytes)) ? 'text' : 'file';
}

/** The same where nothing was masked. */
function maskPayload(given: Payload, masker: Masker): Payload {
  const masked = masker.maskBytes(given.bytes);
  if (masked === given.bytes) return given;
  const bytes = Buffer.from(masked.buffer, masked.byteOffset, masked.length);
  const text = bytes.toString('utf8');
  return { bytes, text: text.endsWith('\n') ? text.slice(0, -1) : text };
}

/** A secret may begin in the middle of an escape: what is left of that is no JSON. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // The error that led here is the one to tell.
  }
}
