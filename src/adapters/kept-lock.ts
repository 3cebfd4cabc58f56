// The text of the last lock that this machine accepted, beside its digest: for a person who repairs one, to see what it changes. Knows no
// lock and no signature. INVARIANT: nothing in force is decided by it, and a text that is not the one that was seen is none.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../error-text.ts';
import { readPrivateFile, replaceFile } from './durable-file.ts';

/** As large as a lock may be. */
const MAX_BYTES = 33_554_432;

export type KeptText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'lost'; readonly why: string };

/**
 * Durable where it can be. Never throws: without it everything is shown as new.
 *
 * @param memory path of what is remembered of that lock (`lockMemoryPath`) @param digest SHA-256, hex, of its text
 */
export function keepLockText(memory: string, digest: string, text: () => string): void {
  const path = keptPath(memory, digest);
  try {
    if (fs.existsSync(path)) return;
    const written = text();
    // another guard may have accepted a newer one meanwhile
    if (crypto.hash('sha256', written) !== digest) return;
    replaceFile(path, written, 'drop');
    for (const name of fs.readdirSync(dirname(path)))
      if (name.startsWith(prefixOf(memory)) && name !== basename(path))
        fs.rmSync(join(dirname(path), name), { force: true });
  } catch {
    // the disk is full, or read-only: the lock holds all the same
  }
}

/** Never throws. attacker-controlled: another process may have written it, so the digest decides. */
export function readKeptLock(memory: string, digest: string): KeptText {
  try {
    const bytes = readPrivateFile(keptPath(memory, digest), MAX_BYTES);
    if (bytes === undefined) return { kind: 'lost', why: 'it was not kept' };
    if (crypto.hash('sha256', bytes) !== digest)
      return { kind: 'lost', why: 'what was kept of it is not what was accepted' };
    return { kind: 'text', text: bytes.toString('utf8') };
  } catch (error) {
    return { kind: 'lost', why: `what was kept of it cannot be read: ${messageOf(error)}` };
  }
}

/** By its digest: what is there is that one, or nothing. */
function keptPath(memory: string, digest: string): string {
  return join(dirname(memory), `${prefixOf(memory)}${digest.slice(0, 32)}.text`);
}

function prefixOf(memory: string): string {
  return `${basename(memory, '.json')}-`;
}
