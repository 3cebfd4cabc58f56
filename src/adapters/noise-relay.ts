// Shows what a server writes where no message belongs: its stderr, and stdout lines that are no JSON. Line by line, with
// the server's name, inert on a terminal, and bounded: a flood is cut and counted. Knows no protocol.
import type { Readable } from 'node:stream';
import { maskStream } from '../audit/redact/masked-stream.ts';
import type { Masker } from '../audit/redact/masker.ts';
import { showInert } from '../wire/inert-text.ts';
import type { Timers } from './shutdown-ladder.ts';

const LONGEST_LINE = 2000;
const BURST_LINES = 200;
const LINES_PER_SECOND = 50;
/** Of a server that has said more than is shown, one chunk is read in so long: it waits for its pipe, and the guard does other things. */
const FLOOD_REST_MS = 20;

export interface NoiseOptions {
  writeError(text: string): void;
  /** What may not be shown. */
  readonly masker?: Masker | undefined;
  /** Nothing may be shown any more. */
  readonly isMuted?: () => boolean;
  /** Monotonic ms. */
  now(): number;
  readonly timers: Timers;
}

export class NoiseRelay {
  readonly #options: NoiseOptions;
  #allowance = BURST_LINES;
  #lastMs: number;
  #swallowed = 0;

  constructor(options: NoiseOptions) {
    this.#options = options;
    this.#lastMs = options.now();
  }

  /** INVARIANT: masked before it is cut: half a secret is not found. */
  show(server: string, text: Buffer): void {
    const { masker } = this.#options;
    this.#showMasked(server, masker === undefined ? text : Buffer.from(masker.maskBytes(text)));
  }

  #showMasked(server: string, text: Buffer): void {
    if (this.#options.isMuted?.() === true) return;
    if (!this.#mayShow()) {
      this.#swallowed += 1;
      return;
    }
    if (this.#swallowed > 0) this.#options.writeError(`[${server}] … ${this.#swallowed} lines not shown\n`);
    this.#swallowed = 0;
    const shown = showInert(
      text
        .subarray(0, LONGEST_LINE)
        .toString('utf8')
        .replace(/\r?\n$/, ''),
    );
    this.#options.writeError(`[${server}] ${shown}${text.length > LONGEST_LINE ? ' …' : ''}\n`);
  }

  /** Reads a piped stderr to its end; what has no newline for too long is shown in pieces. */
  relay(server: string, stderr: Readable): void {
    let held: Buffer[] = [];
    let size = 0;
    const flush = () => {
      if (size > 0) this.#showMasked(server, Buffer.concat(held));
      held = [];
      size = 0;
    };
    const { masker } = this.#options;
    const masked = masker === undefined ? undefined : maskStream(masker);
    const take = (chunk: Buffer) => {
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        held.push(chunk.subarray(from, end));
        size += end - from;
        flush();
        from = end + 1;
      }
      if (from < chunk.length) {
        held.push(chunk.subarray(from));
        size += chunk.length - from;
      }
      if (size > LONGEST_LINE) flush();
    };
    const end = () => {
      if (masked !== undefined) take(Buffer.from(masked.end()));
      flush();
    };
    stderr.on('data', (chunk: Buffer) => {
      const before = this.#swallowed;
      take(masked === undefined ? chunk : Buffer.from(masked.push(chunk)));
      if (this.#swallowed <= before) return;
      stderr.pause();
      this.#options.timers.after(FLOOD_REST_MS, () => stderr.resume());
    });
    stderr.once('end', end);
    stderr.on('error', end);
  }

  #mayShow(): boolean {
    const now = this.#options.now();
    this.#allowance = Math.min(BURST_LINES, this.#allowance + ((now - this.#lastMs) / 1000) * LINES_PER_SECOND);
    this.#lastMs = now;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }
}
