// Reads the id and the shape of a line that nobody keeps or trusts, piece by piece, in bounded memory. Knows no limits and no policy.
import { EnvelopeHead } from './envelope-head.ts';
import type { Refusal, RequestId } from './message.ts';
import { decodeLiteral, findStringEndInBytes, isSpace } from './string-literal.ts';

/** What is known of a line that was dropped. */
export interface Oversize {
  readonly id: RequestId | undefined;
  readonly shape: Refusal['shape'];
  /** Length of the line without its LF. */
  readonly bytes: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const CR = 0x0d;

/** Raw bytes of a key: more than any spelling of a protocol key without padding. */
const MAX_KEY = 128;
/** Raw bytes of an id: 256 units, each escaped, and two quotes. */
const MAX_TOKEN = 256 * 6 + 2;
/** Levels whose brackets are matched; deeper ones are only counted. */
const MAX_MATCHED = 4096;

type Phase = 'start' | 'key' | 'colon' | 'value' | 'scalar' | 'after' | 'end';

/**
 * Feed the line without its LF, in any pieces, then ask `finish`.
 *
 * The id is given only where the line has the form of one JSON object with exactly one member that could be read as
 * `id`, and its token is legal. Whatever does not fit is doubt, and doubt gives no id. Payload scalars are not checked.
 */
export class OversizeScanner {
  #bytes = 0;
  #doubt = false;
  #endsWithCr = false;
  #depth = 0;
  #phase: Phase = 'start';
  #mayClose = false;
  #inString = false;
  #escaped = false;
  readonly #brackets = new Uint8Array(MAX_MATCHED);
  readonly #held = Buffer.alloc(MAX_TOKEN);
  #heldLength = 0;
  #holding: 'key' | 'id' | undefined;
  #overran = false;
  #key = '';
  readonly #head = new EnvelopeHead();

  push(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#doubt || piece.length === 0) return;
    // TRUST: a CR before the LF belongs to the line end; anywhere else some readers split the line there.
    const cr = piece.indexOf(CR);
    if (this.#endsWithCr || (cr !== -1 && cr !== piece.length - 1)) {
      this.#doubt = true;
      return;
    }
    this.#endsWithCr = cr !== -1;
    for (let at = 0; at < piece.length && !this.#doubt; ) {
      if (this.#inString) {
        at = this.#readString(piece, at);
        continue;
      }
      const byte = piece[at];
      if (byte !== undefined) this.#readToken(byte);
      at++;
    }
  }

  finish(): Oversize {
    if (this.#doubt || this.#phase !== 'end') return { id: undefined, shape: 'unknown', bytes: this.#bytes };
    return { id: this.#head.id, shape: this.#head.shape, bytes: this.#bytes };
  }

  /** Reads on to the end of the open string or of the piece; gives where to go on. */
  #readString(piece: Buffer, from: number): number {
    let start = from;
    if (this.#escaped) {
      this.#escaped = false;
      start++;
    }
    const close = start < piece.length ? findStringEndInBytes(piece, start - 1) : piece.length;
    if (close < piece.length) {
      this.#hold(piece, from, close);
      this.#inString = false;
      this.#endString();
      return close + 1;
    }
    let before = piece.length;
    while (before > start && piece[before - 1] === BACKSLASH) before--;
    this.#escaped = ((piece.length - before) & 1) === 1;
    this.#hold(piece, from, piece.length);
    return piece.length;
  }

  #readToken(byte: number): void {
    if (this.#depth > 1) {
      if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#open(byte);
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#close(byte);
      return;
    }
    if (this.#phase === 'scalar') {
      if (!isSpace(byte) && byte !== COMMA && byte !== CLOSE_OBJECT) {
        if (byte === QUOTE || byte === COLON || byte === OPEN_OBJECT || byte === OPEN_ARRAY || byte === CLOSE_ARRAY) {
          this.#doubt = true;
        }
        this.#holdByte(byte);
        return;
      }
      this.#endId();
      this.#phase = 'after';
    }
    if (isSpace(byte)) return;
    if (this.#phase === 'start' && byte === OPEN_OBJECT) {
      this.#open(byte);
      this.#expectKey(true);
    } else if (this.#phase === 'key' && byte === QUOTE) {
      this.#inString = true;
      this.#startHolding('key');
    } else if (this.#phase === 'colon' && byte === COLON) {
      this.#phase = 'value';
    } else if (this.#phase === 'value') {
      this.#startValue(byte);
    } else if (this.#phase === 'after' && byte === COMMA) {
      this.#expectKey(false);
    } else if (byte === CLOSE_OBJECT && (this.#phase === 'after' || (this.#phase === 'key' && this.#mayClose))) {
      this.#depth = 0;
      this.#phase = 'end';
    } else {
      this.#doubt = true;
    }
  }

  #expectKey(mayClose: boolean): void {
    this.#phase = 'key';
    this.#mayClose = mayClose;
  }

  #startValue(byte: number): void {
    if (this.#key === 'id') this.#startHolding('id');
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#holding = undefined;
      this.#phase = 'after';
      this.#open(byte);
    } else if (byte === QUOTE) {
      this.#holdByte(byte);
      this.#inString = true;
    } else if (byte === COMMA || byte === COLON || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      this.#doubt = true;
    } else {
      this.#phase = 'scalar';
      this.#holdByte(byte);
    }
  }

  #endString(): void {
    if (this.#depth > 1) return;
    if (this.#phase === 'key') {
      const key = this.#overran ? undefined : decodeLiteral(this.#takeHeld());
      // A key too long to be held may still fold to a protocol key.
      if (key === undefined) this.#doubt = true;
      else this.#head.addKey(key);
      this.#key = key ?? '';
      this.#phase = 'colon';
      return;
    }
    this.#holdByte(QUOTE);
    this.#endId();
    this.#phase = 'after';
  }

  #endId(): void {
    if (this.#holding !== 'id') return;
    const overran = this.#overran;
    const token = this.#takeHeld();
    this.#head.setIdToken(overran ? '' : token);
  }

  #open(byte: number): void {
    if (this.#depth < MAX_MATCHED) this.#brackets[this.#depth] = byte;
    this.#depth++;
  }

  #close(byte: number): void {
    this.#depth--;
    // Both pairs of brackets stand two apart in ASCII.
    if (this.#depth < MAX_MATCHED && this.#brackets[this.#depth] !== byte - 2) this.#doubt = true;
  }

  #startHolding(what: 'key' | 'id'): void {
    this.#holding = what;
    this.#heldLength = 0;
    this.#overran = false;
  }

  #hold(piece: Buffer, from: number, to: number): void {
    if (this.#holding === undefined || this.#depth > 1) return;
    const room = (this.#holding === 'key' ? MAX_KEY : MAX_TOKEN) - this.#heldLength;
    if (to - from > room) this.#overran = true;
    else this.#heldLength += piece.copy(this.#held, this.#heldLength, from, to);
  }

  #holdByte(byte: number): void {
    if (this.#holding === undefined) return;
    if (this.#heldLength >= MAX_TOKEN) this.#overran = true;
    else this.#held[this.#heldLength++] = byte;
  }

  #takeHeld(): string {
    const text = this.#held.toString('utf8', 0, this.#heldLength);
    this.#holding = undefined;
    return text;
  }
}

/** The same for a whole line at hand, for answering what is refused. A LF at its end does not count. */
export function peekEnvelope(line: Buffer): Oversize {
  const scanner = new OversizeScanner();
  scanner.push(line.at(-1) === 0x0a ? line.subarray(0, line.length - 1) : line);
  return scanner.finish();
}
