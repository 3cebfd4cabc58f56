// Who is behind a request: the model that asked (and who says so), the client's name, the keys that find the same call
// elsewhere. Everything here is claimed by the client and unverified: for the record only, never for policy.
// Source: protocol notes, "where a model id can come from": MCP itself carries none, so nothing is invented.
import type { ModelSource } from '../audit/entry.ts';
import type { JsonObject } from '../wire/json.ts';
import { objectAt, stringAt } from '../wire/json.ts';

export const PROTOCOL_VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';
const CLIENT_INFO_KEY = 'io.modelcontextprotocol/clientInfo';
const LONGEST = 256;

export const UNKNOWN_MODEL: ModelSource = { id: null, source: 'unknown' };

export interface ModelHints {
  /** From `--model`, `MCP_GUARD_MODEL` or the config. */
  readonly operator: string | undefined;
  /** Paths into `_meta` from the config: `["com.example/turn", "model"]`. */
  readonly metaPaths: readonly (readonly string[])[];
}

/** @param lastSampled the `model` of the last sampling result of this session: a guess, and recorded as one */
export function attributeModel(
  meta: JsonObject | undefined,
  hints: ModelHints,
  lastSampled: string | undefined,
): ModelSource {
  if (meta !== undefined) {
    const codex = stringAt(objectAt(meta, 'x-codex-turn-metadata'), 'model');
    if (codex !== undefined) return { id: cut(codex), source: 'codex_turn_metadata' };
    const draft = objectAt(meta, 'io.modelcontextprotocol/aiInvocation');
    const invoked = stringAt(draft, 'model') ?? stringAt(objectAt(draft, 'model'), 'id');
    if (invoked !== undefined) return { id: cut(invoked), source: 'ai_invocation' };
    for (const path of hints.metaPaths) {
      const found = follow(meta, path);
      if (found !== undefined) return { id: cut(found), source: 'configured_meta' };
    }
    const baggage = stringAt(meta, 'baggage');
    const carried = baggage === undefined ? undefined : fromBaggage(baggage);
    if (carried !== undefined) return { id: cut(carried), source: 'baggage' };
  }
  if (hints.operator !== undefined) return { id: cut(hints.operator), source: 'operator' };
  if (lastSampled !== undefined) return { id: cut(lastSampled), source: 'inferred' };
  return UNKNOWN_MODEL;
}

function follow(meta: JsonObject, path: readonly string[]): string | undefined {
  let at: JsonObject | undefined = meta;
  for (const key of path.slice(0, -1)) at = objectAt(at, key);
  const last = path.at(-1);
  return last === undefined ? undefined : stringAt(at, last);
}

/** W3C baggage: `key=value;property,key=value`, values percent-encoded. */
function fromBaggage(baggage: string): string | undefined {
  for (const member of baggage.slice(0, 8192).split(',')) {
    const pair = member.split(';', 1)[0] ?? '';
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim() !== 'gen_ai.request.model') continue;
    const value = pair.slice(equals + 1).trim();
    try {
      return decodeURIComponent(value);
    } catch {
      return value;
    }
  }
  return undefined;
}

const CORRELATION_KEYS: readonly (readonly [name: string, path: readonly string[]])[] = [
  ['traceparent', ['traceparent']],
  ['claudecode/toolUseId', ['claudecode/toolUseId']],
  ['vscode.conversationId', ['vscode.conversationId']],
  ['vscode.requestId', ['vscode.requestId']],
  ['threadId', ['threadId']],
  ['ai.opencode/sessionID', ['ai.opencode/sessionID']],
  ['codex.threadId', ['x-codex-turn-metadata', 'thread_id']],
  ['codex.turnId', ['x-codex-turn-metadata', 'turn_id']],
];

/** The known correlation keys that `_meta` has, or undefined where it has none. Values are cut to 256 characters. */
export function readCorrelation(meta: JsonObject | undefined): Record<string, string> | undefined {
  if (meta === undefined) return undefined;
  let found: Record<string, string> | undefined;
  for (const [name, path] of CORRELATION_KEYS) {
    const value = follow(meta, path);
    if (value === undefined) continue;
    found ??= {};
    found[name] = cut(value);
  }
  return found;
}

/** `name/version` as the client calls itself, from `clientInfo` (initialize) or the 2026-07-28 `_meta` key. */
export function readClientName(holder: JsonObject | undefined): string | undefined {
  const info = objectAt(holder, 'clientInfo') ?? objectAt(holder, CLIENT_INFO_KEY);
  const name = stringAt(info, 'name');
  if (name === undefined) return undefined;
  const version = stringAt(info, 'version');
  return cut(version === undefined ? name : `${name}/${version}`);
}

/** The revision that a request of 2026-07-28 and later carries; undefined for a legacy request. */
export function readRevision(meta: JsonObject | undefined): string | undefined {
  return stringAt(meta, PROTOCOL_VERSION_KEY);
}

function cut(text: string): string {
  return text.length > LONGEST ? text.slice(0, LONGEST) : text;
}
