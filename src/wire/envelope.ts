// Reads a parsed line as one JSON-RPC message of MCP. Knows the protocol's objects; nothing of text, limits or policy.
import { type Fault, findKeyFault, showText } from './confusable.ts';
import { isJsonObject, type Json, type JsonObject, memberOf } from './json.ts';
import type { Message, RefusalCode, RequestId } from './message.ts';
import { findObjectFault } from './object-check.ts';
import { ERROR, PARAMS, RESULT } from './policed-objects.ts';
import * as keys from './protocol-keys.ts';
import { hasUnsafeUnit, MAX_ID_LENGTH, readRequestId } from './request-id.ts';

/**
 * The message that `root` is, or why it is none. `idToken` is the raw text of its top-level `id`, empty where
 * there is none.
 *
 * INVARIANT: `root` has no duplicate keys where this reads.
 */
export function readMessage(root: Json, idToken: string): Message | Fault {
  if (!isJsonObject(root)) return fault('bad_envelope', 'a message must be a JSON object');
  // One walk over the keys instead of look-ups by name: this runs for every line. JSON has no undefined, so undefined is absent.
  let jsonrpc: Json | undefined;
  let rawId: Json | undefined;
  let method: Json | undefined;
  let params: Json | undefined;
  let result: Json | undefined;
  let error: Json | undefined;
  let strange = false;
  for (const key in root) {
    if (key === 'jsonrpc') jsonrpc = root[key];
    else if (key === 'id') rawId = root[key];
    else if (key === 'method') method = root[key];
    else if (key === 'params') params = root[key];
    else if (key === 'result') result = root[key];
    else if (key === 'error') error = root[key];
    else strange = true;
  }
  if (strange) {
    const found = findKeyFault(root, keys.ENVELOPE_KEYS, 'the envelope');
    if (found !== undefined) return found;
  }
  if (jsonrpc !== '2.0') return fault('bad_envelope', 'member `jsonrpc` must be "2.0"');
  const id = rawId === undefined ? undefined : readRequestId(rawId, idToken);
  if (rawId !== undefined && id === undefined) return refuseId(rawId);
  if (method !== undefined) {
    if (result !== undefined || error !== undefined) {
      return fault('bad_envelope', 'a message is a request or a response, not both');
    }
    return readCall(id, method, params);
  }
  if ((result === undefined) === (error === undefined)) {
    return fault('bad_envelope', 'a message has exactly one of the members `method`, `result` and `error`');
  }
  if (id === undefined) return fault('bad_envelope', 'a response must carry the `id` of its request');
  return error === undefined ? readResult(id, result) : readError(id, error);
}

function readCall(id: RequestId | undefined, method: Json, params: Json | undefined): Message | Fault {
  if (typeof method !== 'string') return fault('bad_envelope', 'member `method` must be a string');
  const known = keys.REQUEST_METHODS.has(method);
  if (!known && hasUnsafeUnit(method)) return fault('unsafe_string', `method \`${showText(method)}\` is not safe text`);
  if (known && id === undefined) {
    return fault('bad_envelope', `\`${method}\` is a request: it must carry an \`id\``);
  }
  if (id === undefined && !method.startsWith('notifications/') && keys.resemblesRequest(method)) {
    return fault('bad_envelope', `\`${showText(method)}\` reads as a request: it must carry an \`id\``);
  }
  if (params !== undefined && !isJsonObject(params)) return fault('bad_envelope', 'member `params` must be an object');
  const found = params === undefined ? undefined : findObjectFault(params, PARAMS);
  if (found !== undefined) return found;
  if (method === 'tools/call') {
    const malformed = checkToolCall(params);
    if (malformed !== undefined) return malformed;
  }
  return id === undefined ? { kind: 'notification', method, params } : { kind: 'request', id, method, params };
}

function checkToolCall(params: JsonObject | undefined): Fault | undefined {
  if (params === undefined || typeof memberOf(params, 'name') !== 'string') {
    return fault('bad_call', 'a `tools/call` must name its tool with a string');
  }
  const given = memberOf(params, 'arguments');
  if (given !== undefined && !isJsonObject(given)) {
    return fault('bad_call', 'the `arguments` of a `tools/call` must be an object');
  }
  return undefined;
}

function readResult(id: RequestId, result: Json | undefined): Message | Fault {
  const found = isJsonObject(result) ? findObjectFault(result, RESULT) : undefined;
  if (found !== undefined) return found;
  return { kind: 'response', id, result, error: undefined };
}

function readError(id: RequestId, error: Json | undefined): Message | Fault {
  if (!isJsonObject(error)) return fault('bad_envelope', 'member `error` must be an object');
  const found = findObjectFault(error, ERROR);
  if (found !== undefined) return found;
  // INVARIANT: a code means the same to the guard and to a client that turns texts into numbers: `"-32042"` asks for a URL to be opened
  if (!Number.isSafeInteger(memberOf(error, 'code'))) return fault('bad_envelope', '`error.code` must be an integer');
  return { kind: 'response', id, result: undefined, error };
}

function refuseId(id: Json | undefined): Fault {
  if (typeof id === 'string' && id.length <= MAX_ID_LENGTH) return fault('unsafe_string', 'the `id` is not safe text');
  return fault('bad_envelope', `member \`id\` must be an integer or a string of at most ${MAX_ID_LENGTH} characters`);
}

function fault(code: RefusalCode, detail: string): Fault {
  return { kind: 'fault', code, detail };
}
