// The lock as a document: what was approved (a config, tool definitions), by whom, why, until when, and a signature over all of
// it. Format, strict reading and the one way to write it; knows no file, and checks no signature (lock-judgement.ts does).
//
// INVARIANT: one lock has one text. A text that is not byte for byte what `showLock` writes is no lock: so no edit passes that
// a reader would overlook (white space, a key that stands twice, another notation of a number).

import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';
import { sortedJson, sortJson } from '../../wire/sorted-json.ts';
import type { PinSet } from '../pins/pin-set.ts';
import { readPinSet, writePinSet } from '../pins/pin-set.ts';

/** One approval, newest last. */
export interface Approval {
  /** Counts up with each approval of this lock, from 1; of two branches both keep theirs. */
  readonly number: number;
  /** ISO 8601, UTC, ms: `2026-07-28T09:00:00.000Z`. */
  readonly at: string;
  /** The user who was asked, as the system names them; with `--key` the name of the key. Informative: the key is the authority. */
  readonly who: string;
  readonly why: string;
  /** The end of what it widened, ISO 8601; null: none. */
  readonly until: string | null;
  /** SHA-256, hex, of the canonical text of what was approved: `{policy, pins}`. */
  readonly digest: string;
  /** The key that signed it: `ed25519:<base64>`. */
  readonly key: string;
}

export interface LockBody {
  /** Drawn at the first approval and kept by all that follow, 32 hex digits: another lock, however well signed, does not have it. */
  readonly id: string;
  /** File name of the config that it belongs to. */
  readonly config: string;
  readonly approvals: readonly Approval[];
  /** The approved config as a document. */
  readonly policy: JsonObject;
  /** Where the newest approval ends by itself: what holds afterwards, and does not end. */
  readonly base: JsonObject | null;
  /** Approved definitions, by server. */
  readonly pins: ReadonlyMap<string, PinSet>;
}

export interface SignedLock {
  readonly body: LockBody;
  readonly signature: { readonly key: string; readonly value: string };
}

export type LockParsing =
  | { readonly kind: 'parsed'; readonly lock: SignedLock }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'malformed'; readonly why: string };

export const LOCK_VERSION = 1;
/** Separates these signatures from all others by the same key. */
const DOMAIN = 'mcp-guard lock v1\n';
const FORMAT = 'mcp-guard-lock';
/** Older approvals leave; their number and the audit trail remain. */
export const MOST_APPROVALS = 200;
const KEY = /^ed25519:[A-Za-z0-9+/]{43}=$/;
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The number of the newest approval. */
export function numberOf(body: LockBody): number {
  return body.approvals.at(-1)?.number ?? 0;
}

/** What the signature is over. */
export function signingText(body: LockBody): string {
  return `${DOMAIN}${sortedJson(bodyJson(body))}`;
}

/** What an approval's `digest` is over. */
export function approvedText(policy: JsonObject, pins: LockBody['pins']): string {
  return sortedJson({ pins: pinsJson(pins), policy });
}

/** The text of the file. @throws SyntaxError where a number in it is beyond what JSON can say (`1e999` in a definition) */
export function showLock({ body, signature }: SignedLock): string {
  // sorted through its canonical text, so that a diff of two locks shows only what differs
  const { version, ...rest } = bodyJson(body);
  const { key, value } = signature;
  return `${JSON.stringify(sortJson({ ...rest, signature: { key, value }, version }), undefined, 2)}\n`;
}

/** Two branches were approved, each by itself, and a merge put both texts into the file. */
export const CONFLICT = 'holds the marks of a merge conflict';

const WINDOWS =
  'has the line ends of Windows: with `*.lock.json -text` in `.gitattributes` a new checkout leaves it as it is';

function isConflict(text: string): boolean {
  return /^<{7} /m.test(text) && /^>{7} /m.test(text);
}

/** Never throws. attacker-controlled: `text`. */
export function parseLock(text: string): LockParsing {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'malformed', why: isConflict(text) ? CONFLICT : 'is not JSON' };
  }
  if (!isJsonObject(value) || value.format !== FORMAT) return { kind: 'malformed', why: 'is no lock' };
  const { version } = value;
  if (typeof version === 'number' && version > LOCK_VERSION) return { kind: 'newer', version };
  const lock = version === LOCK_VERSION ? readLock(value) : undefined;
  if (lock === undefined) return { kind: 'malformed', why: 'does not have its format' };
  let shown: string;
  try {
    shown = showLock(lock);
  } catch {
    // nested too deep, or a number that JSON cannot say
    return { kind: 'malformed', why: 'has no text of its own' };
  }
  if (shown === text) return { kind: 'parsed', lock };
  const isWindows = shown === text.replaceAll('\r\n', '\n');
  return { kind: 'malformed', why: isWindows ? WINDOWS : 'was edited or reformatted' };
}

function readLock(value: JsonObject): SignedLock | undefined {
  const { id, config, approvals, policy, base, pins, signature } = value;
  if (!isLineId(id)) return undefined;
  const list = Array.isArray(approvals) ? approvals.map(readApproval) : [];
  const known = list.filter((one) => one !== undefined);
  if (typeof config !== 'string' || known.length === 0 || known.length !== list.length) return undefined;
  if (known.length > MOST_APPROVALS || !isCounting(known)) return undefined;
  if (!isJsonObject(policy) || (base !== null && !isJsonObject(base))) return undefined;
  // INVARIANT: what ends has something that holds afterwards, and nothing else has
  if ((known.at(-1)?.until === null) !== (base === null)) return undefined;
  if (!isJsonObject(pins) || !isJsonObject(signature)) return undefined;
  const sets: [string, PinSet][] = [];
  for (const [server, set] of Object.entries(pins)) {
    const read = set === undefined ? undefined : readPinSet(set);
    if (read === undefined) return undefined;
    sets.push([server, read]);
  }
  const { key, value: signed } = signature;
  if (typeof key !== 'string' || !KEY.test(key) || typeof signed !== 'string' || !SIGNATURE.test(signed))
    return undefined;
  const body = { id, config, approvals: known, policy, base, pins: new Map(sets) };
  return { body, signature: { key, value: signed } };
}

export function isLineId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

/** Undefined where it is none. */
export function readApproval(value: Json): Approval | undefined {
  if (!isJsonObject(value)) return undefined;
  const { number, at, who, why, until, digest, key } = value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) return undefined;
  if (!isTime(at) || (until !== null && !isTime(until))) return undefined;
  if (typeof who !== 'string' || typeof why !== 'string') return undefined;
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
  return typeof key === 'string' && KEY.test(key) ? { number, at, who, why, until, digest, key } : undefined;
}

function isTime(value: Json | undefined): value is string {
  return typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));
}

/**
 * The newest has a number of its own, above all others. Below it two branches may have used one, and one may be missing: that of a lock which
 * could not be trusted.
 */
function isCounting(approvals: readonly Approval[]): boolean {
  const newest = approvals.length - 1;
  return approvals.every(({ number }, index) => {
    const before = approvals[index - 1]?.number ?? 0;
    return index === newest ? number > before : number >= before;
  });
}

/** Members in the order of the canonical text, which is then the quick one to write. */
function bodyJson({ id, config, approvals, policy, base, pins }: LockBody): JsonObject {
  const listed = approvals.map(({ at, digest, key, number, until, who, why }): JsonObject => {
    return { at, digest, key, number, until, who, why };
  });
  return { approvals: listed, base, config, format: FORMAT, id, pins: pinsJson(pins), policy, version: LOCK_VERSION };
}

function pinsJson(pins: LockBody['pins']): JsonObject {
  return Object.fromEntries([...pins].map(([server, set]) => [server, writePinSet(set)]));
}
