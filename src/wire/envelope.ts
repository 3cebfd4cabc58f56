// Reads a parsed line as one JSON-RPC message of MCP. Knows the protocol's objects; nothing of text, limits or policy.
import { type Fault, findKeyFault, type KnownKeys, showText } from './confusable.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import type { Message, RefusalCode, RequestId } from './message.ts';
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
  const found = params === undefined ? undefined : checkParams(params);
  if (found !== undefined) return found;
  if (method === 'tools/call') {
    const malformed = checkToolCall(params);
    if (malformed !== undefined) return malformed;
  }
  return id === undefined ? { kind: 'notification', method, params } : { kind: 'request', id, method, params };
}

function checkParams(params: JsonObject): Fault | undefined {
  let found = findKeyFault(params, keys.PARAMS_KEYS, '`params`');
  for (const key in params) {
    if (found !== undefined) return found;
    if (key === 'name' || key === 'uri') found = checkText(key, params[key]);
    else if (key === '_meta') found = checkTable(params[key], keys.META_KEYS, '`params._meta`');
    else if (key === 'task') found = checkTable(params[key], keys.TASK_KEYS, '`params.task`');
    else if (key === 'ref') found = checkReference(params[key]);
  }
  return found;
}

/** What `completion/complete` asks about: a prompt's name or a resource's URI. */
function checkReference(ref: Json | undefined): Fault | undefined {
  if (!isJsonObject(ref)) return undefined;
  return (
    findKeyFault(ref, keys.REFERENCE_KEYS, '`params.ref`') ?? checkOwnText(ref, 'name') ?? checkOwnText(ref, 'uri')
  );
}

function checkToolCall(params: JsonObject | undefined): Fault | undefined {
  if (params === undefined || typeof own(params, 'name') !== 'string') {
    return fault('bad_call', 'a `tools/call` must name its tool with a string');
  }
  const given = own(params, 'arguments');
  if (given !== undefined && !isJsonObject(given)) {
    return fault('bad_call', 'the `arguments` of a `tools/call` must be an object');
  }
  return undefined;
}

function readResult(id: RequestId, result: Json | undefined): Message | Fault {
  if (isJsonObject(result)) {
    const found =
      findKeyFault(result, keys.RESULT_KEYS, '`result`') ??
      checkTable(own(result, '_meta'), keys.META_KEYS, '`result._meta`') ??
      checkTable(own(result, 'task'), keys.TASK_KEYS, '`result.task`') ??
      checkLists(result);
    if (found !== undefined) return found;
  }
  return { kind: 'response', id, result, error: undefined };
}

function readError(id: RequestId, error: Json | undefined): Message | Fault {
  if (!isJsonObject(error)) return fault('bad_envelope', 'member `error` must be an object');
  const found = findKeyFault(error, keys.ERROR_KEYS, '`error`');
  if (found !== undefined) return found;
  // INVARIANT: a code means the same to the guard and to a client that turns texts into numbers: `"-32042"` asks for a URL to be opened
  if (!Number.isSafeInteger(own(error, 'code'))) return fault('bad_envelope', '`error.code` must be an integer');
  return { kind: 'response', id, result: undefined, error };
}

function checkLists(result: JsonObject): Fault | undefined {
  for (const list of keys.LIST_KEYS) {
    const entries = own(result, list);
    if (!Array.isArray(entries)) continue;
    for (const entry of entries) {
      if (!isJsonObject(entry)) continue;
      const found =
        findKeyFault(entry, keys.ENTRY_KEYS, `an entry of \`${list}\``) ??
        checkOwnText(entry, 'name') ??
        checkOwnText(entry, 'uri');
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function checkTable(table: Json | undefined, known: KnownKeys, place: string): Fault | undefined {
  return isJsonObject(table) ? findKeyFault(table, known, place) : undefined;
}

function checkOwnText(object: JsonObject, key: 'name' | 'uri'): Fault | undefined {
  return checkText(key, own(object, key));
}

/** Names and URIs decide what is called: no unit in them may be read in two ways. */
function checkText(key: 'name' | 'uri', value: Json | undefined): Fault | undefined {
  if (typeof value !== 'string' || !hasUnsafeUnit(value)) return undefined;
  return fault('unsafe_string', `${key} \`${showText(value)}\` is not safe text`);
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function refuseId(id: Json | undefined): Fault {
  if (typeof id === 'string' && id.length <= MAX_ID_LENGTH) return fault('unsafe_string', 'the `id` is not safe text');
  return fault('bad_envelope', `member \`id\` must be an integer or a string of at most ${MAX_ID_LENGTH} characters`);
}

function fault(code: RefusalCode, detail: string): Fault {
  return { kind: 'fault', code, detail };
}
