// Reads one line, or refuses it: no other reader may see another message in it. Knows no policy and no I/O.
import { isAscii, isUtf8 } from 'node:buffer';
import { showText } from './confusable.ts';
import { findGuardedDuplicate } from './duplicates.ts';
import { readMessage } from './envelope.ts';
import type { Json } from './json.ts';
import { countKeys } from './key-count.ts';
import type { LineReading, ReadLimits, RefusalCode } from './message.ts';
import { peekEnvelope } from './oversize.ts';
import { scan, scanElements } from './scan.ts';
import { isSpace, type Span } from './string-literal.ts';

const LF = 0x0a;

/** Messages in one batch. */
export const MAX_BATCH = 10_000;

/**
 * Reads one line with the strictness of docs/threat-model.md ("two parsers, one line"). Never throws.
 *
 * @param bytes a line as the framer gives it: one LF at its end, none inside. attacker-controlled.
 * @param from who sent it: a client's line must be free of duplicates everywhere, a server's where the guard reads.
 * @param place `element`: the line is an element of a batch that was read before; an array in it is refused.
 */
export function readLine(
  bytes: Buffer,
  from: 'client' | 'upstream',
  limits: ReadLimits,
  place: 'line' | 'element' = 'line',
): LineReading {
  const line = bytes[bytes.length - 1] === LF ? bytes : Buffer.concat([bytes, Buffer.from([LF])]);
  const end = line.length - 1;
  if (isBlank(line)) return { kind: 'blank' };
  const ascii = isAscii(line);
  if (!ascii && !isUtf8(line))
    return unreadable(line.toString('utf8', 0, end), 'not_utf8', 'the line is not valid UTF-8');
  const text = line.toString(ascii ? 'latin1' : 'utf8', 0, end);
  // INVARIANT: one line in, one line out. Some readers end a line at a CR; a BOM inside a stream ends or shifts it.
  if (text.includes('\r') || text.includes('\n')) {
    return unreadable(text, 'raw_control', 'the line holds a CR or LF that does not end it');
  }
  if (text.charCodeAt(0) === 0xfeff) return unreadable(text.slice(1), 'raw_control', 'the line begins with a BOM');

  const scanned = scan(line);
  // Before parsing: it bounds the memory that the tree can take.
  if (scanned.containers > limits.maxKeys || scanned.colons > limits.maxKeys) {
    return refuse(line, 'too_many_keys', `the line has more than ${limits.maxKeys} keys, objects or arrays`);
  }
  const root = parse(text);
  if (root === undefined) return unreadable(text, 'not_json', 'the line is not JSON');
  if (Array.isArray(root)) return place === 'line' ? splitBatch(line) : refuseNested();
  if (scanned.depth > limits.maxDepth) {
    return refuse(line, 'too_deep', `the line nests deeper than ${limits.maxDepth} levels`);
  }
  const sloppy = scanned.colons - countKeys(root);
  if (sloppy !== 0) {
    if (from === 'client' || limits.strictPayload) return refuse(line, 'duplicate_key', 'an object names a key twice');
    const key = findGuardedDuplicate(text);
    if (key !== undefined) return refuse(line, 'duplicate_key', `an object names \`${showText(key)}\` twice`);
  }
  const id = scanned.members.id;
  const message = readMessage(root, id === undefined ? '' : sliceBytes(line, ascii ? text : undefined, id));
  if (message.kind === 'fault') return refuse(line, message.code, message.detail);
  return { kind: 'message', line: { bytes: line, text, message, sloppy } };
}

/** The text at a span of bytes; `ascii` is the whole text where a byte is a unit of it, which is faster. */
function sliceBytes(line: Buffer, ascii: string | undefined, { start, end }: Span): string {
  return ascii === undefined ? line.toString('utf8', start, end) : ascii.slice(start, end);
}

function isBlank(line: Buffer): boolean {
  let at = 0;
  while (at < line.length && isSpace(line[at])) at++;
  return at === line.length;
}

/** Undefined where the text is not JSON. `null` is a value. */
function parse(text: string): Json | undefined {
  try {
    // The one place where untyped input becomes a value: what JSON.parse gives is Json by definition.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Each element as a line of its own, to be read with `place: 'element'`. All of them share one buffer. */
function splitBatch(line: Buffer): LineReading {
  const spans = scanElements(line, MAX_BATCH);
  if (spans === undefined) {
    return refuse(line, 'too_long', `a batch must not hold more than ${MAX_BATCH} messages`);
  }
  if (spans.length === 0) return refuse(line, 'empty_batch', 'a batch must hold at least one message');
  const joined = Buffer.allocUnsafeSlow(spans.reduce((sum, span) => sum + span.end - span.start + 1, 0));
  const elements: Buffer[] = [];
  let to = 0;
  for (const { start, end } of spans) {
    const begin = to;
    to += line.copy(joined, to, start, end);
    joined[to++] = LF;
    elements.push(joined.subarray(begin, to));
  }
  return { kind: 'batch', elements };
}

function refuseNested(): LineReading {
  const detail = 'a batch must not hold another batch';
  return { kind: 'refused', refusal: { code: 'nested_batch', detail, id: undefined, shape: 'unknown' } };
}

/** A line that is JSON, or too much of it: the answer needs its id, where that is certain. */
function refuse(line: Buffer, code: RefusalCode, detail: string): LineReading {
  const { id, shape } = peekEnvelope(line);
  return { kind: 'refused', refusal: { code, detail, id, shape } };
}

/** A line that nobody should take an id from. `noise` where it does not even look like messages. Never parses. */
function unreadable(text: string, code: RefusalCode, detail: string): LineReading {
  const bare = text.trimStart();
  const looks = bare.startsWith('{') || (bare.startsWith('[') && bare.slice(1).trimStart().startsWith('{'));
  const refusal = { code, detail, id: undefined, shape: 'unknown' } as const;
  return { kind: looks && code !== 'not_json' ? 'refused' : 'noise', refusal };
}
