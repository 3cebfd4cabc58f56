// What policies see where a server's own secret stands in a name or a definition: the name with the secret masked. They keep names on disk
// and show them to people; what is sent stays as it was written. Pure; knows no secret and no store.
import type { Interceptor, RequestView, Resumption } from '../core/interceptor.ts';
import { isJsonObject, type Json, type JsonObject, objectAt } from '../wire/json.ts';
import { TASK_PAYLOAD_METHODS } from '../wire/protocol-keys.ts';

export type Mask = (text: string) => string;

export interface MaskedNames {
  readonly mask: Mask;
  /** One that is asked, and told, of masked names and lists only. The same where nothing of a server is secret. */
  wrap(inner: Interceptor): Interceptor;
  /** The request as the session knows it. */
  original(request: RequestView): RequestView;
}

/** What servers say of themselves, and policies keep. */
const DESCRIBING = new Set([
  'initialize',
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

/** A list may come as what a task came to. */
function isDescribing(method: string, result: JsonObject): boolean {
  if (DESCRIBING.has(method)) return true;
  if (!TASK_PAYLOAD_METHODS.has(method)) return false;
  return [result, objectAt(result, 'result')].some((one) => one !== undefined && Object.hasOwn(one, 'tools'));
}

export function createMaskedNames(mask: Mask | undefined): MaskedNames {
  if (mask === undefined) return { mask: (text) => text, wrap: (inner) => inner, original: (request) => request };
  const views = new WeakMap<RequestView, RequestView>();
  const originals = new WeakMap<RequestView, RequestView>();
  const results = new WeakMap<JsonObject, JsonObject>();
  const viewOf = (request: RequestView): RequestView => {
    const known = views.get(request);
    if (known !== undefined) return known;
    const view = maskedView(request, mask);
    views.set(request, view);
    if (view !== request) originals.set(view, request);
    return view;
  };
  const original = (request: RequestView): RequestView => originals.get(request) ?? request;
  const resultOf = (result: JsonObject): JsonObject => {
    const masked = results.get(result) ?? maskResult(result, mask);
    results.set(result, masked);
    return masked;
  };
  const wrap = (inner: Interceptor): Interceptor =>
    new Proxy(inner, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...given: readonly unknown[]): unknown => {
          const args = given.map((one, index) => (index === 0 && isRequest(one) ? viewOf(one) : one));
          const [request, result] = args;
          if (
            key === 'onResponse' &&
            isRequest(request) &&
            isJsonObject(result as Json) &&
            isDescribing(request.method, result as JsonObject)
          )
            args[1] = resultOf(result as JsonObject); // as the contract of `onResponse` says
          const answer: unknown = Reflect.apply(value, target, args);
          if (key !== 'takeReady') return answer;
          const ready = answer as readonly Resumption[]; // as the contract of `takeReady` says
          return ready.map((one) => ({ ...one, request: original(one.request) }));
        };
      },
    });
  return { mask, wrap, original };
}

/**
 * A copy in which every text, names of members too, is masked; the same value where there is nothing to mask. A cursor stays: it is
 * compared and sent back, and nobody keeps it.
 */
export function maskResult(result: JsonObject, mask: Mask): JsonObject {
  const text = JSON.stringify(result);
  if (mask(text) === text) return result;
  const { nextCursor, ...rest } = result;
  const masked = maskObject(rest, mask);
  return nextCursor === undefined ? masked : { ...masked, nextCursor };
}

function maskDeep(value: Json, mask: Mask): Json {
  if (typeof value === 'string') return mask(value);
  if (typeof value === 'number') return mask(String(value)) === String(value) ? value : mask(String(value));
  if (Array.isArray(value)) return value.map((one: Json) => maskDeep(one, mask));
  return isJsonObject(value) ? maskObject(value, mask) : value;
}

function maskObject(value: JsonObject, mask: Mask): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [mask(key), maskDeep(one ?? null, mask)]));
}

/** Everything but the name of the tool is looked up where it stands: `params` goes when the request is sent. */
function maskedView(request: RequestView, mask: Mask): RequestView {
  const { tool } = request;
  const masked = tool === undefined ? undefined : mask(tool);
  if (masked === tool) return request;
  const view: RequestView = Object.create(request, { tool: { value: masked, enumerable: true } });
  return view;
}

function isRequest(value: unknown): value is RequestView {
  return typeof value === 'object' && value !== null && 'asked' in value && 'upstream' in value && 'method' in value;
}
