// JSON-RPC batches: takes one of the client apart, and gathers the answers into the one array that answers it. Knows nothing of policy
// or records.
import type { Line } from '../wire/message.ts';
import type { BatchElement, RefusedLine } from './events.ts';
import { isAnswerable } from './unread-answer.ts';

/** INVARIANT: `add` is called exactly once per request of the batch; the last call returns the line to send. */
export class BatchAnswer {
  readonly #parts: Buffer[] = [];
  #missing: number;

  constructor(expected: number) {
    this.#missing = expected;
  }

  /**
   * Takes one answer line (with its LF), or nothing for a request that was cancelled. Returns the whole answer with the
   * last of them, where there is anything to answer.
   */
  add(line: Buffer): Buffer | undefined {
    if (line.length > 0) this.#parts.push(line.subarray(0, line.length - 1));
    this.#missing -= 1;
    if (this.#missing > 0 || this.#parts.length === 0) return undefined;
    const pieces: Buffer[] = [];
    for (const part of this.#parts) pieces.push(pieces.length === 0 ? OPEN : COMMA, part);
    pieces.push(CLOSE);
    return Buffer.concat(pieces);
  }
}

/** INVARIANT: an array is never forwarded; each element goes its own way, and one array answers them. */
export function splitBatch(
  elements: readonly BatchElement[],
  onLine: (line: Line, batch: BatchAnswer | undefined) => void,
  onRefused: (refused: RefusedLine, batch: BatchAnswer | undefined) => void,
): void {
  const owed = elements.filter(({ reading }) => isAnswerable(reading)).length;
  const batch = owed === 0 ? undefined : new BatchAnswer(owed);
  for (const { reading, payload } of elements) {
    if (reading.kind === 'message') onLine(reading.line, reading.line.message.kind === 'request' ? batch : undefined);
    else if (reading.kind === 'refused' || reading.kind === 'noise')
      onRefused({ refusal: reading.refusal, bytes: payload.bytes.length - 1, payload }, batch);
  }
}

/** Stands for the answer of a request that gets none. */
export const NO_ANSWER_LINE = Buffer.alloc(0);

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']\n');
