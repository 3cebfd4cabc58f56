// Writes to the guard's stderr without ever waiting for whoever should read it: what a reader does not take is dropped and
// counted. Desktop hosts often read none of it.
import type { Writable } from 'node:stream';

const MOST_WAITING_BYTES = 1024 * 1024;

export class ErrorOut {
  readonly #stream: Writable;
  #dropped = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  write(text: string | Buffer): void {
    if (this.#stream.destroyed || this.#stream.writableLength > MOST_WAITING_BYTES) {
      this.#dropped += text.length;
      return;
    }
    if (this.#dropped > 0) this.#stream.write(`mcp-guard: about ${this.#dropped} bytes of stderr were not shown\n`);
    this.#dropped = 0;
    this.#stream.write(text);
  }
}
