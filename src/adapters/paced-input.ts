// What one server says, chunk by chunk, when it may be read: not while the client is behind, and no faster than its brake allows.
// Loses nothing and keeps the order; holds at most one chunk. Knows no line.
import type { Readable } from 'node:stream';
import type { ReadBrake } from './read-brake.ts';
import type { Timers } from './shutdown-ladder.ts';

/** Of a server that is being slowed down: a fraction of a millisecond's work. */
const PIECE_BYTES = 8 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

export interface PacedInputOptions {
  readonly timers: Timers;
  /** Undefined: read as fast as it comes. */
  readonly brake: ReadBrake | undefined;
  /** All that is read in one go. */
  onChunk(chunk: Buffer): void;
}

export class PacedInput {
  readonly #stream: Readable;
  readonly #options: PacedInputOptions;
  #rest: Buffer = NOTHING;
  #isHeld = false;
  #isBraked = false;
  #isGoing = false;
  /** Nothing is held back any more. */
  #isLast = false;

  constructor(stream: Readable, options: PacedInputOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.on('data', (chunk: Buffer) => {
      // One more may come of a stream that has just been paused.
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#go();
    });
  }

  /** The client takes nothing more for now. */
  pause(): void {
    this.#isHeld = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#isHeld = false;
    this.#go();
  }

  /** The server has ended: what it said is read to the end. */
  readToEnd(): void {
    this.#isLast = true;
    this.#go();
    this.#stream.resume();
  }

  #go(): void {
    // Whoever takes a chunk may let it go on: the loop below does.
    if (this.#isGoing) return;
    this.#isGoing = true;
    while (this.#rest.length > 0 && this.#isOpen) this.#takePiece();
    this.#isGoing = false;
    if (this.#isOpen) this.#stream.resume();
    else this.#stream.pause();
  }

  #takePiece(): void {
    const { brake, onChunk } = this.#options;
    const piece = brake?.isHot === true && !this.#isLast ? this.#rest.subarray(0, PIECE_BYTES) : this.#rest;
    this.#rest = piece.length === this.#rest.length ? NOTHING : this.#rest.subarray(piece.length);
    onChunk(piece);
    this.#brakeFor(brake?.waitMs() ?? 0);
  }

  get #isOpen(): boolean {
    return this.#isLast || !(this.#isHeld || this.#isBraked);
  }

  #brakeFor(ms: number): void {
    if (ms === 0 || this.#isBraked || this.#isLast) return;
    this.#isBraked = true;
    this.#options.timers.after(ms, () => {
      this.#isBraked = false;
      this.#go();
    });
  }
}
