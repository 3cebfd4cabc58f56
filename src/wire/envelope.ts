// Reads a parsed line as one JSON-RPC message of MCP. Knows the protocol's objects; nothing of text, limits or policy.
import { type Fault, findKeyFault, type KnownKeys, showText } from './confusable.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import type { Message, RefusalCode, RequestId } from './message.ts';
import * as keys from './protocol-keys.ts';
import { hasUnsafeUnit, MAX_ID_LENGTH, readRequestId } from './request-id.ts';

/**
 * The message that `root` is, or why it is none. `idToken` is the raw text of its top-level `id`.
 *
 * INVARIANT: `root` has no duplicate keys where this reads.
 */
export function readMessage(root: Json, idToken: string | undefined): Message | Fault {
  if (!isJsonObject(root)) return fault('bad_envelope', 'a message must be a JSON object');
  const keyFault = findKeyFault(root, keys.ENVELOPE_KEYS, 'the envelope');
  if (keyFault !== undefined) return keyFault;
  if (!Object.hasOwn(root, 'jsonrpc') || root.jsonrpc !== '2.0') {
    return fault('bad_envelope', 'member `jsonrpc` must be "2.0"');
  }
  let id: RequestId | undefined;
  if (Object.hasOwn(root, 'id')) {
    id = readRequestId(root.id, idToken ?? '');
    if (id === undefined) return refuseId(root.id);
  }
  const method = Object.hasOwn(root, 'method') ? root.method : undefined;
  const hasResult = Object.hasOwn(root, 'result');
  const hasError = Object.hasOwn(root, 'error');
  if (method !== undefined) {
    if (hasResult || hasError) return fault('bad_envelope', 'a message is a request or a response, not both');
    return readCall(id, method, Object.hasOwn(root, 'params') ? root.params : undefined);
  }
  if (hasResult === hasError) {
    return fault('bad_envelope', 'a message has exactly one of the members `method`, `result` and `error`');
  }
  if (id === undefined) return fault('bad_envelope', 'a response must carry the `id` of its request');
  return hasResult ? readResult(id, root.result) : readError(id, root.error);
}

function readCall(id: RequestId | undefined, method: Json, params: Json | undefined): Message | Fault {
  if (typeof method !== 'string') return fault('bad_envelope', 'member `method` must be a string');
  const known = keys.REQUEST_METHODS.has(method);
  if (!known && hasUnsafeUnit(method)) return fault('unsafe_string', `method \`${showText(method)}\` is not safe text`);
  if (known && id === undefined) {
    return fault('bad_envelope', `\`${method}\` is a request: it must carry an \`id\``);
  }
  if (params !== undefined) {
    if (!isJsonObject(params)) return fault('bad_envelope', 'member `params` must be an object');
    const found =
      findKeyFault(params, keys.PARAMS_KEYS, '`params`') ??
      checkMember(params, '_meta', keys.META_KEYS, '`params._meta`') ??
      checkMember(params, 'task', keys.TASK_KEYS, '`params.task`') ??
      checkText(params, 'name') ??
      checkText(params, 'uri');
    if (found !== undefined) return found;
  }
  if (method === 'tools/call') {
    const found = checkToolCall(params);
    if (found !== undefined) return found;
  }
  return id === undefined ? { kind: 'notification', method, params } : { kind: 'request', id, method, params };
}

function checkToolCall(params: JsonObject | undefined): Fault | undefined {
  if (params === undefined || !Object.hasOwn(params, 'name') || typeof params.name !== 'string') {
    return fault('bad_call', 'a `tools/call` must name its tool with a string');
  }
  if (Object.hasOwn(params, 'arguments') && !isJsonObject(params.arguments)) {
    return fault('bad_call', 'the `arguments` of a `tools/call` must be an object');
  }
  return undefined;
}

function readResult(id: RequestId, result: Json | undefined): Message | Fault {
  if (isJsonObject(result)) {
    const found =
      findKeyFault(result, keys.RESULT_KEYS, '`result`') ??
      checkMember(result, '_meta', keys.META_KEYS, '`result._meta`') ??
      checkMember(result, 'task', keys.TASK_KEYS, '`result.task`') ??
      checkLists(result);
    if (found !== undefined) return found;
  }
  return { kind: 'response', id, result, error: undefined };
}

function readError(id: RequestId, error: Json | undefined): Message | Fault {
  if (!isJsonObject(error)) return fault('bad_envelope', 'member `error` must be an object');
  return findKeyFault(error, keys.ERROR_KEYS, '`error`') ?? { kind: 'response', id, result: undefined, error };
}

function checkLists(result: JsonObject): Fault | undefined {
  for (const list of keys.LIST_KEYS) {
    const entries = Object.hasOwn(result, list) ? result[list] : undefined;
    if (!Array.isArray(entries)) continue;
    for (const entry of entries) {
      if (!isJsonObject(entry)) continue;
      const found =
        findKeyFault(entry, keys.ENTRY_KEYS, `an entry of \`${list}\``) ??
        checkText(entry, 'name') ??
        checkText(entry, 'uri');
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function checkMember(object: JsonObject, key: string, known: KnownKeys, place: string): Fault | undefined {
  const member = Object.hasOwn(object, key) ? object[key] : undefined;
  return isJsonObject(member) ? findKeyFault(member, known, place) : undefined;
}

/** Names and URIs decide what is called: no unit in them may be read in two ways. */
function checkText(object: JsonObject, key: 'name' | 'uri'): Fault | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  if (typeof value !== 'string' || !hasUnsafeUnit(value)) return undefined;
  return fault('unsafe_string', `${key} \`${showText(value)}\` is not safe text`);
}

function refuseId(id: Json | undefined): Fault {
  if (typeof id === 'string' && id.length <= MAX_ID_LENGTH) return fault('unsafe_string', 'the `id` is not safe text');
  return fault('bad_envelope', `member \`id\` must be an integer or a string of at most ${MAX_ID_LENGTH} characters`);
}

function fault(code: RefusalCode, detail: string): Fault {
  return { kind: 'fault', code, detail };
}
