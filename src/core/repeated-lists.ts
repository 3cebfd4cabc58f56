// Recognises the answer to a list that a server has given before, byte for byte but for the request's id, so that policies need
// not read ten thousand tools again. Decides nothing. attacker-controlled: every line.
import type { Line, RequestId, ResponseMessage } from '../wire/message.ts';
import type { UpstreamId } from './events.ts';

/** Below this reading again is as cheap; above, keeping the line costs more memory than reading it again costs time. */
const SHORTEST = 16 * 1024;
const LONGEST = 8 * 1024 * 1024;
/** Lines that are kept; the oldest leaves. */
const MOST_KEPT = 4;
const LISTS = new Set(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']);
/** ASCII, so that a character is a byte. */
const LEADS = ['{"jsonrpc":"2.0","id":', '{"id":'];
const TAIL = ',"id":';
const LF = 0x0a;

interface Kept {
  readonly upstream: UpstreamId;
  readonly method: string;
  readonly bytes: Buffer;
  readonly gap: Gap;
  readonly number: number;
}

/** Where the id of an answer stands, in bytes. */
interface Gap {
  readonly start: number;
  readonly end: number;
}

export class RepeatedLists {
  /** The newest first. */
  readonly #kept: Kept[] = [];
  #last = 0;

  /** @returns equal numbers: the same server gave the same result to the same method. Undefined where that is not known. */
  numberOf(upstream: UpstreamId, method: string, line: Line<ResponseMessage>): number | undefined {
    const { bytes } = line;
    if (bytes.length < SHORTEST || bytes.length > LONGEST || !LISTS.has(method)) return undefined;
    const gap = findId(bytes, line.message.id);
    if (gap === undefined) return undefined;
    for (const one of this.#kept) {
      if (one.upstream === upstream && one.method === method && isSame(one, bytes, gap)) return one.number;
    }
    this.#last += 1;
    this.#kept.unshift({ upstream, method, bytes, gap, number: this.#last });
    if (this.#kept.length > MOST_KEPT) this.#kept.pop();
    return this.#last;
  }
}

function isSame(before: Kept, bytes: Buffer, gap: Gap): boolean {
  const old = before.bytes;
  return (
    old.compare(bytes, 0, gap.start, 0, before.gap.start) === 0 &&
    old.compare(bytes, gap.end, bytes.length, before.gap.end, old.length) === 0
  );
}

/**
 * The usual two places: right behind `jsonrpc` at the front, or as the last member. INVARIANT: what is found is the envelope's own
 * id: the line is strict JSON, so what its last brace closes is the envelope.
 */
function findId(bytes: Buffer, id: RequestId): Gap | undefined {
  const text = JSON.stringify(id);
  for (const lead of LEADS) {
    const front = Buffer.from(`${lead}${text},`);
    if (bytes.subarray(0, front.length).equals(front)) return { start: lead.length, end: front.length - 1 };
  }
  const end = bytes.at(-1) === LF ? bytes.length - 1 : bytes.length;
  const back = Buffer.from(`${TAIL}${text}}`);
  const start = end - back.length;
  if (start < 0 || !bytes.subarray(start, end).equals(back)) return undefined;
  return { start: start + TAIL.length, end: end - 1 };
}
