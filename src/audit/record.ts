// One line of a segment → its parts, read strictly by place. Knows no chain and no file; says what it found, judges nothing.
import type { Json, JsonObject } from '../wire/json.ts';
import { isJsonObject } from '../wire/json.ts';
import { isCount } from '../wire/number-kinds.ts';

/** The parts of a line in the frame of `frameRecord`. attacker-controlled: a segment is a file that others may edit. */
export interface TrailRecord {
  readonly header: JsonObject;
  /** The exact text that the chain covers. */
  readonly headerText: string;
  readonly hash: string;
  readonly payloadText: string | undefined;
  readonly salt: string | undefined;
}

const START = '{"h":';
const AFTER_HEADER = ',"hash":"';
/** `","s":"<32>"}` as it ends a line that keeps a salt. */
const SALT_TAIL = /^,"s":"([0-9a-f]{32})"\}$/;
const SALT_TAIL_LENGTH = 40;
const HASH = /^[0-9a-f]{64}$/;

/** Undefined where the line is not in the frame. The header is parsed, but not yet known to be canonical. */
export function readRecord(line: string): TrailRecord | undefined {
  if (!line.startsWith(`${START}{`) || !line.endsWith('"}')) return undefined;
  // INVARIANT: no header holds this sequence: it has no key `hash`, and inside a string its quotes are escaped.
  const end = line.indexOf(`}${AFTER_HEADER}`) + 1;
  if (end === 0) return undefined;
  const headerText = line.slice(START.length, end);
  const hashAt = end + AFTER_HEADER.length;
  const hash = line.slice(hashAt, hashAt + 64);
  const rest = line.slice(hashAt + 64);
  const header = parseHeader(headerText);
  if (header === undefined || !HASH.test(hash) || !rest.startsWith('"')) return undefined;
  if (rest === '"}') return { header, headerText, hash, payloadText: undefined, salt: undefined };
  const salt = SALT_TAIL.exec(rest.slice(-SALT_TAIL_LENGTH))?.[1];
  const payload = rest.slice(1, -SALT_TAIL_LENGTH);
  if (salt === undefined || rest.length <= SALT_TAIL_LENGTH) return undefined;
  if (payload === '') return { header, headerText, hash, payloadText: undefined, salt };
  if (!payload.startsWith(',"p":') || payload.length === 5) return undefined;
  return { header, headerText, hash, payloadText: payload.slice(5), salt };
}

function parseHeader(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text); // untyped input enters here
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The non-negative integer at `key`, or undefined. */
export function countAt(object: JsonObject | undefined, key: string): number | undefined {
  const value = numberAt(object, key);
  return isCount(value) ? value : undefined;
}

export function numberAt(object: JsonObject | undefined, key: string): number | undefined {
  if (object === undefined || !Object.hasOwn(object, key)) return undefined;
  const value = object[key];
  return typeof value === 'number' ? value : undefined;
}

/** The commitment in a header: under `in` for an intent, under `out` for an outcome. */
export function commitmentOf(header: JsonObject): string | undefined {
  const value = header.type === 'intent' ? header.in : header.type === 'outcome' ? header.out : undefined;
  return typeof value === 'string' && HASH.test(value) ? value : undefined;
}
