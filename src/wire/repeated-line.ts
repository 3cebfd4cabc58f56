// Reads what a server sends, and knows an answer with a long list that it has read before, byte for byte but for the request's id:
// parsing ten thousand tools is most of what such an answer costs. Knows no policy. attacker-controlled: every line.
import type { Json } from './json.ts';
import type { Line, LineReading, ReadLimits, RequestId, ResponseMessage } from './message.ts';
import { readLine } from './read-line.ts';
import { readRequestId } from './request-id.ts';

/** Bytes. Below this reading again is as cheap. */
const SHORTEST = 16 * 1024;
/** Bytes of all lines that are kept, and how many they are: the oldest leave. What was read of a line takes some times its bytes. */
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_KEPT = 4;

const ID = '(-?(?:0|[1-9][0-9]{0,15})|"[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]{0,256}")';
/** The lists of the protocol alone: what a tool answers is not kept. The id stands in front of it, or at the end of the line. */
const HEAD = new RegExp(
  `^\\{(?:"jsonrpc":"2\\.0",)?(?:"id":${ID},)?(?:"jsonrpc":"2\\.0",)?"result":\\{"(?:tools|prompts|resources|resourceTemplates)":\\[`,
);
const TAIL = new RegExp(`,"id":${ID}\\}\\n$`);
const HEAD_BYTES = 384;
const TAIL_BYTES = 272;

/** Where the token of the id stands, in bytes. */
interface Gap {
  readonly start: number;
  readonly end: number;
  readonly token: string;
}

interface Kept {
  readonly line: Line<ResponseMessage>;
  readonly gap: Gap;
}

export class RepeatedLineReader {
  readonly #limits: ReadLimits;
  /** The newest first. */
  readonly #kept: Kept[] = [];

  /** @param limits of every line that is read here; whether a key may stand twice may change meanwhile */
  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  /**
   * As `readLine` of a server's line. INVARIANT: the `result` of two answers is the same object only where their bytes are the same but
   * for the id.
   */
  read(bytes: Buffer): LineReading {
    const gap = bytes.length < SHORTEST || bytes.length > MOST_BYTES ? undefined : findGap(bytes);
    if (gap === undefined) return readLine(bytes, 'upstream', this.#limits);
    const id = idOf(gap);
    const before =
      id === undefined ? undefined : this.#kept.find((one) => this.#mayPass(one) && isSame(one, bytes, gap));
    if (before !== undefined && id !== undefined) return { kind: 'message', line: new RepeatedLine(bytes, id, before) };
    const reading = readLine(bytes, 'upstream', this.#limits);
    if (reading.kind === 'message') this.#keep(reading.line, gap);
    return reading;
  }

  /** INVARIANT: what is refused when it is read is not known from before: `strict` may have been taken over since. */
  #mayPass({ line }: Kept): boolean {
    return line.sloppy === 0 || !this.#limits.strictPayload;
  }

  #keep(line: Line, gap: Gap): void {
    const { message } = line;
    if (message.kind !== 'response' || message.result === undefined) return;
    // `line.message` has just been narrowed; the line around it has not.
    this.#kept.unshift({ line: line as Line<ResponseMessage>, gap });
    let held = 0;
    const most = this.#kept.findIndex((one, index) => {
      held += one.line.bytes.length;
      return index >= MOST_KEPT || held > MOST_BYTES;
    });
    if (most !== -1) this.#kept.length = most;
  }
}

/** An answer that says what `before` said. Its text is made only where somebody cuts something out of it. */
class RepeatedLine implements Line<ResponseMessage> {
  readonly bytes: Buffer;
  readonly message: ResponseMessage;
  readonly sloppy: number;
  #text: string | undefined;

  constructor(bytes: Buffer, id: RequestId, { line }: Kept) {
    this.bytes = bytes;
    this.message = { kind: 'response', id, result: line.message.result, error: undefined };
    this.sloppy = line.sloppy;
  }

  get text(): string {
    this.#text ??= this.bytes.toString('utf8', 0, this.bytes.length - 1);
    return this.#text;
  }
}

function isSame({ line, gap: before }: Kept, bytes: Buffer, gap: Gap): boolean {
  const old = line.bytes;
  return (
    old.compare(bytes, 0, gap.start, 0, before.start) === 0 &&
    old.compare(bytes, gap.end, bytes.length, before.end, old.length) === 0
  );
}

/**
 * The usual two places: among the first members, or as the last. INVARIANT: in a line that is strict JSON this is the envelope's own id:
 * nothing but `jsonrpc` stands before the one, and what the last brace closes is the envelope.
 */
function findGap(bytes: Buffer): Gap | undefined {
  const head = HEAD.exec(bytes.toString('latin1', 0, HEAD_BYTES));
  if (head === null) return undefined;
  if (head[1] !== undefined) {
    const start = head[0].indexOf('"id":') + 5;
    return { start, end: start + head[1].length, token: head[1] };
  }
  const tail = TAIL.exec(bytes.toString('latin1', bytes.length - TAIL_BYTES));
  const token = tail?.[1];
  if (token === undefined) return undefined;
  const end = bytes.length - 2;
  return { start: end - token.length, end, token };
}

function idOf({ token }: Gap): RequestId | undefined {
  // What the pattern takes is JSON.
  const value = JSON.parse(token) as Json;
  return readRequestId(value, token);
}
