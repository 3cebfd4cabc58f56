// Cuts a stream of bytes into lines. Knows LF, CR, one BOM and a limit; nothing of JSON.
import { type Oversize, OversizeScanner } from './oversize.ts';

export interface LineFramerOptions {
  /** Longest line that is kept, in bytes, without its LF. */
  readonly limitBytes: number;
  /**
   * One line with exactly one LF at its end and no CR before it. Blank lines come, too.
   *
   * INVARIANT: a line that lay whole in one chunk is a view of that chunk, LF included, so that lines which followed
   * each other still do in memory. Who keeps a line for long keeps its chunk.
   */
  onLine(bytes: Buffer): void;
  /** A line beyond the limit has ended. Its bytes are gone. */
  onOversize(over: Oversize): void;
}

const LF = 0x0a;
const CR = 0x0d;
const BOM: readonly number[] = [0xef, 0xbb, 0xbf];

/** Pieces below this size are copied together: a peer that drips bytes must not cost an object for each. */
const SMALL = 16 * 1024;
const BLOCK = 64 * 1024;

/** The given chunks become part of what is emitted: the caller must not write to them again. */
export class LineFramer {
  readonly #options: LineFramerOptions;
  /** Bytes of the BOM seen at the start of the stream; -1 once the start is over. */
  #bomSeen = 0;
  /** The line begun, as pieces in order; `#block` is filled from `#blockFrom` to `#blockTo` and comes last. */
  #pieces: Buffer[] = [];
  #block: Buffer | undefined;
  #blockFrom = 0;
  #blockTo = 0;
  #buffered = 0;
  #oversize: OversizeScanner | undefined;
  #ended = false;

  constructor(options: LineFramerOptions) {
    this.#options = options;
  }

  /** Bytes held of the line begun; never above the limit. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  push(chunk: Buffer): void {
    if (this.#ended) return;
    const bytes = this.#bomSeen === -1 ? chunk : this.#skipBom(chunk);
    let from = 0;
    for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, from)) {
      this.#endLine(bytes, from, lf);
      from = lf + 1;
    }
    if (from < bytes.length) this.#keep(bytes.subarray(from));
  }

  /** The stream is over: a line begun is complete. Idempotent. */
  end(): void {
    if (this.#ended) return;
    const begun = this.#bomSeen > 0 ? Buffer.from(BOM.slice(0, this.#bomSeen)) : Buffer.alloc(0);
    this.#bomSeen = -1;
    this.#ended = true;
    if (begun.length > 0) this.#keep(begun);
    if (this.#buffered > 0 || this.#oversize !== undefined) this.#endLine(Buffer.from([LF]), 0, 0);
  }

  /** The chunk without what belongs to the one BOM that a stream may begin with. */
  #skipBom(chunk: Buffer): Buffer {
    let at = 0;
    while (at < chunk.length && chunk[at] === BOM[this.#bomSeen]) {
      at++;
      this.#bomSeen++;
      if (this.#bomSeen === BOM.length) {
        this.#bomSeen = -1;
        return chunk.subarray(at);
      }
    }
    if (at === chunk.length) return chunk.subarray(at);
    // No BOM after all: what an earlier chunk began is part of the line.
    const begun = this.#bomSeen - at;
    this.#bomSeen = -1;
    return begun === 0 ? chunk : Buffer.concat([Buffer.from(BOM.slice(0, begun)), chunk]);
  }

  #endLine(chunk: Buffer, from: number, lf: number): void {
    const length = this.#buffered + lf - from;
    if (this.#oversize !== undefined || length > this.#options.limitBytes) {
      this.#scan(chunk.subarray(from, lf));
      const over = this.#oversize?.finish();
      this.#oversize = undefined;
      if (over !== undefined) this.#options.onOversize(over);
      return;
    }
    const line = this.#buffered === 0 ? chunk.subarray(from, lf + 1) : this.#join(chunk.subarray(from, lf + 1));
    this.#options.onLine(stripCr(line));
  }

  #keep(piece: Buffer): void {
    // INVARIANT: the limit holds before anything is kept.
    if (this.#oversize !== undefined || this.#buffered + piece.length > this.#options.limitBytes) {
      this.#scan(piece);
      return;
    }
    this.#buffered += piece.length;
    if (piece.length >= SMALL) {
      this.#closeBlock();
      this.#pieces.push(piece);
      return;
    }
    let at = 0;
    while (at < piece.length) {
      if (this.#block === undefined || this.#blockTo === this.#block.length) {
        this.#closeBlock();
        this.#block = Buffer.allocUnsafeSlow(BLOCK);
        this.#blockFrom = 0;
        this.#blockTo = 0;
      }
      const copied = piece.copy(this.#block, this.#blockTo, at);
      this.#blockTo += copied;
      at += copied;
    }
  }

  /** Puts what the block holds of this line behind the other pieces. The rest of the block stays in use. */
  #closeBlock(): void {
    if (this.#block === undefined || this.#blockFrom === this.#blockTo) return;
    this.#pieces.push(this.#block.subarray(this.#blockFrom, this.#blockTo));
    this.#blockFrom = this.#blockTo;
  }

  /** The line begun and its end as one buffer; forgets it. */
  #join(tail: Buffer): Buffer {
    this.#closeBlock();
    const line = Buffer.concat([...this.#pieces, tail], this.#buffered + tail.length);
    this.#forget();
    return line;
  }

  /** Reads on without keeping; what was kept is read first, then dropped. */
  #scan(piece: Buffer): void {
    if (this.#oversize === undefined) {
      const scanner = new OversizeScanner();
      this.#oversize = scanner;
      this.#closeBlock();
      for (const kept of this.#pieces) scanner.push(kept);
      this.#forget();
    }
    this.#oversize.push(piece);
  }

  #forget(): void {
    this.#pieces = [];
    this.#buffered = 0;
    // Joined lines are copies, so the block can be filled again from its beginning.
    this.#blockFrom = 0;
    this.#blockTo = 0;
  }
}

/** The line without the one CR that may stand before its LF: a copy then, because the chunk is not ours to change. */
function stripCr(line: Buffer): Buffer {
  const end = line.length - 1;
  if (line[end - 1] !== CR) return line;
  const stripped = Buffer.allocUnsafe(end);
  line.copy(stripped, 0, 0, end);
  stripped[end - 1] = LF;
  return stripped;
}
