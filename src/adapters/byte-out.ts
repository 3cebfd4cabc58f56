// One outgoing byte stream: gathers what a turn sends and hands it over in one write, and says when the reader is behind.
// Copies nothing that lies together in memory. Knows no message.
import type { Writable } from 'node:stream';

const JOIN_BELOW_BYTES = 64 * 1024;

export interface ByteOutOptions {
  /** Above this many bytes waiting for the reader, `onFull` is called once, and `onRoom` when they are gone. */
  readonly fullAtBytes: number;
  onFull(): void;
  onRoom(): void;
  /** The reader is gone: EPIPE, or any other error. Called once; later bytes are thrown away. */
  onBroken(): void;
}

export class ByteOut {
  readonly #stream: Writable;
  readonly #options: ByteOutOptions;
  #pending: Buffer[] = [];
  #full = false;
  #broken = false;

  constructor(stream: Writable, options: ByteOutOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.on('error', () => this.#break());
    stream.on('close', () => this.#break());
    stream.on('drain', () => {
      if (!this.#full) return;
      this.#full = false;
      options.onRoom();
    });
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** More waits for the reader than it should. */
  get full(): boolean {
    return this.#full;
  }

  /** Takes bytes for this turn. Nothing leaves before `flush`. */
  add(bytes: Buffer): void {
    const last = this.#pending.at(-1);
    const joined = last === undefined ? undefined : joinAdjacent(last, bytes);
    if (joined === undefined) this.#pending.push(bytes);
    else this.#pending[this.#pending.length - 1] = joined;
  }

  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    if (this.#broken) return;
    const [only] = pending;
    if (pending.length === 1 && only !== undefined) this.#stream.write(only);
    else this.#writeMany(pending);
    // INVARIANT: full only where the stream owes a `drain`; below its own mark it never says that there is room again.
    if (!this.#full && this.#stream.writableNeedDrain && this.#stream.writableLength > this.#options.fullAtBytes) {
      this.#full = true;
      this.#options.onFull();
    }
  }

  /** Sends what is left and ends the stream. */
  end(): void {
    this.flush();
    if (!this.#broken) this.#stream.end();
  }

  /** Resolves once everything written has been taken by the reader, or the reader is gone. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#broken || this.#stream.writableLength === 0) resolve();
      else {
        this.#stream.write('', () => resolve());
        this.#stream.once('close', () => resolve());
      }
    });
  }

  #writeMany(pending: readonly Buffer[]): void {
    let size = 0;
    for (const part of pending) size += part.length;
    if (size <= JOIN_BELOW_BYTES) {
      this.#stream.write(Buffer.concat(pending, size));
      return;
    }
    this.#stream.cork();
    for (const part of pending) this.#stream.write(part);
    this.#stream.uncork();
  }

  #break(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#pending = [];
    this.#options.onBroken();
  }
}

/** One view over both, where the second lies right behind the first in memory. */
function joinAdjacent(first: Buffer, second: Buffer): Buffer | undefined {
  if (first.buffer !== second.buffer || first.byteOffset + first.length !== second.byteOffset) return undefined;
  return Buffer.from(first.buffer, first.byteOffset, first.length + second.length);
}
