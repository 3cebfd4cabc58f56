// Lines that the guard itself writes: answers to a request, and notifications. Knows no policy and decides nothing.
// Source: the MCP specification, "Error Handling" and "Error Codes"; JSON-RPC 2.0, section 5.
import type { RequestId } from './message.ts';

/** Under this key the guard says, in `_meta` or `error.data`, what it decided; machine-readable. */
const DECISION_KEY = 'mcp-guard/decision';

export interface Decision {
  /** Stable word (docs/errors.md). */
  readonly reason: string;
  readonly rule?: string | undefined;
  /** `<segment>:<seq>`: `mcp-guard audit show` explains it. */
  readonly record?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** Under this key of `_meta` a notification of 2026-07-28 says which stream it belongs to. */
export const SUBSCRIPTION_KEY = 'io.modelcontextprotocol/subscriptionId';

export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
/** The guard's own code, outside JSON-RPC's reserved range: a task-augmented call was refused. */
export const CALL_REFUSED = -31001;

function line(body: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0",${body}}\n`);
}

/** @param result JSON, put there as it is */
export function resultLine(id: RequestId, result: string): Buffer {
  return line(`"id":${JSON.stringify(id)},"result":${result}`);
}

/** @param params JSON, put there as it is; undefined: none */
export function notificationLine(method: string, params?: string): Buffer {
  return line(`"method":${JSON.stringify(method)}${params === undefined ? '' : `,"params":${params}`}`);
}

/** A tool result with `isError: true`: the model reads the text. `modern` adds the `resultType` that 2026-07-28 asks for. */
export function toolErrorLine(id: RequestId, text: string, decision: Decision, modern: boolean): Buffer {
  const content = `"content":[{"type":"text","text":${JSON.stringify(text)}}],"isError":true`;
  const meta = `"_meta":{${JSON.stringify(DECISION_KEY)}:${JSON.stringify(decision)}}`;
  return line(`"id":${JSON.stringify(id)},"result":{${content},${meta}${modern ? ',"resultType":"complete"' : ''}}`);
}

export function errorLine(id: RequestId, code: number, message: string, decision?: Decision): Buffer {
  const detail = decision === undefined ? '' : `,"data":${JSON.stringify({ [DECISION_KEY]: decision })}`;
  return line(`"id":${JSON.stringify(id)},"error":{"code":${code},"message":${JSON.stringify(message)}${detail}}`);
}

/** `notifications/cancelled`, from the guard to the side that still works on `requestId`. */
export function cancelledLine(requestId: RequestId, reason: string): Buffer {
  return notificationLine('notifications/cancelled', JSON.stringify({ requestId, reason }));
}

export function pingLine(id: RequestId): Buffer {
  return line(`"id":${JSON.stringify(id)},"method":"ping"`);
}

export function listChangedLine(list: 'tools' | 'prompts' | 'resources'): Buffer {
  return notificationLine(`notifications/${list}/list_changed`);
}

/** `notifications/message`, in the guard's own name. */
export function logMessageLine(level: string, logger: string, text: string): Buffer {
  return notificationLine('notifications/message', JSON.stringify({ level, logger, data: text }));
}

/** The answer that ends an open `subscriptions/listen` in good order (2026-07-28, patterns/subscriptions). */
export function subscriptionEndLine(id: RequestId): Buffer {
  return resultLine(id, JSON.stringify({ resultType: 'complete', _meta: { [SUBSCRIPTION_KEY]: id } }));
}
