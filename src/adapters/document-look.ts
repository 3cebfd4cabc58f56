// A small document that other processes change, as the disk shows it, looked at now and then. Writes nothing, loads no lowdb.
// TRUST: the document lies in the state directory, private to this user.
import * as fs from 'node:fs';
import { messageOf } from '../error-text.ts';
import { type DocumentSpec, readDocument } from './document-file.ts';
import { codeOf } from './state-paths.ts';

/** What a person orders is seen within this, by the monotonic clock. */
const LOOK_EVERY_MS = 200;

export class DocumentLook<T extends { readonly version: number }> {
  readonly #spec: DocumentSpec<T>;
  readonly #load: typeof loadDocument<T>;
  #data: T | undefined;
  #signature = '';
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** @param load what is made of it each time that it has changed; never throws */
  constructor(spec: DocumentSpec<T>, load = loadDocument<T>) {
    this.#spec = spec;
    this.#load = load;
  }

  /** Undefined: there is one, and it cannot be read; `say` of the spec is told why. Never throws. @param monoMs monotonic clock */
  read(monoMs: number): T | undefined {
    if (monoMs - this.#lookedAtMs < LOOK_EVERY_MS) return this.#data;
    this.#lookedAtMs = monoMs;
    // Before reading: what is replaced meanwhile is read again next time. The document is only ever replaced, so its inode tells.
    const signature = signFile(this.#spec.path);
    if (signature === this.#signature) return this.#data;
    this.#signature = signature;
    this.#data = this.#load(this.#spec);
    return this.#data;
  }
}

/** As the disk holds it now; what is empty where there is none. Undefined: it cannot be read. Never throws. */
export function loadDocument<T extends { readonly version: number }>(spec: DocumentSpec<T>): T | undefined {
  try {
    const reading = readDocument(spec, spec.path);
    if (reading.kind === 'good') return reading.data;
    if (reading.kind === 'absent') return spec.empty;
    spec.say(`\`${spec.path}\` ${reading.why}`);
  } catch (error) {
    spec.say(messageOf(error));
  }
  return undefined;
}

function signFile(path: string): string {
  try {
    const stat = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? 'none' : `${stat.ino}:${stat.mtimeNs}:${stat.ctimeNs}:${stat.size}`;
  } catch (error) {
    return String(codeOf(error));
  }
}
