// Gathers the answers to one JSON-RPC batch into the one array that answers it. Knows nothing of policy or records.

/** INVARIANT: `add` is called exactly once per request of the batch; the last call returns the line to send. */
export class BatchAnswer {
  readonly #parts: Buffer[] = [];
  readonly #expected: number;

  constructor(expected: number) {
    this.#expected = expected;
  }

  /** Takes one answer line (with its LF); returns the whole answer with the last of them. */
  add(line: Buffer): Buffer | undefined {
    this.#parts.push(line.subarray(0, line.length - 1));
    if (this.#parts.length < this.#expected) return undefined;
    const pieces: Buffer[] = [];
    for (const part of this.#parts) pieces.push(pieces.length === 0 ? OPEN : COMMA, part);
    pieces.push(CLOSE);
    return Buffer.concat(pieces);
  }
}

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']\n');
