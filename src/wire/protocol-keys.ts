// The names that MCP gives a meaning, all revisions together. Data only.
// Source: schema.json of 2024-11-05 … 2026-07-28, the tasks extension, and the `_meta` keys a model id can come from.
import { knowKeys } from './confusable.ts';

export const ENVELOPE_KEYS = knowKeys('jsonrpc', 'id', 'method', 'params', 'result', 'error');

export const ERROR_KEYS: readonly string[] = ['code', 'message', 'data'];

export const TASK_KEYS: readonly string[] = [
  ...['taskId', 'ttl', 'ttlMs', 'status', 'statusMessage', 'createdAt', 'lastUpdatedAt', 'pollInterval'],
  ...['pollIntervalMs', 'result', 'error', 'inputRequests', 'requestState', '_meta'],
];

export const META_KEYS: readonly string[] = [
  ...['progressToken', 'traceparent', 'tracestate', 'baggage', 'x-codex-turn-metadata', 'clientInfo'],
  ...['protocolVersion', 'clientInfo', 'clientCapabilities', 'logLevel', 'subscriptionId', 'serverInfo'].map(
    (name) => `io.modelcontextprotocol/${name}`,
  ),
  ...['related-task', 'model-immediate-response', 'aiInvocation'].map((name) => `io.modelcontextprotocol/${name}`),
];

export const PARAMS_KEYS: readonly string[] = [
  ...['_meta', 'name', 'arguments', 'task', 'inputResponses', 'requestState', 'uri', 'cursor', 'ref', 'argument'],
  ...['context', 'protocolVersion', 'capabilities', 'clientInfo', 'level', 'logger', 'data', 'requestId', 'reason'],
  ...['progressToken', 'progress', 'total', 'message', 'messages', 'modelPreferences', 'systemPrompt', 'temperature'],
  ...['includeContext', 'maxTokens', 'stopSequences', 'metadata', 'tools', 'toolChoice', 'requestedSchema', 'mode'],
  ...['url', 'elicitationId', 'notifications'],
  // A task's state comes as the params of its notification.
  ...['taskId', 'ttl', 'ttlMs', 'status', 'statusMessage', 'createdAt', 'lastUpdatedAt', 'pollInterval'],
  ...['pollIntervalMs', 'result', 'error', 'inputRequests', 'tasks'],
  'io.modelcontextprotocol/clientInfo',
];

export const RESULT_KEYS: readonly string[] = [
  ...['_meta', 'resultType', 'content', 'structuredContent', 'isError', 'inputRequests', 'requestState', 'task'],
  ...['tools', 'resources', 'resourceTemplates', 'prompts', 'roots', 'tasks', 'nextCursor', 'ttlMs', 'cacheScope'],
  ...['contents', 'messages', 'description', 'completion', 'protocolVersion', 'supportedVersions', 'capabilities'],
  ...['serverInfo', 'instructions', 'role', 'model', 'stopReason', 'action'],
  ...['taskId', 'ttl', 'status', 'statusMessage', 'createdAt', 'lastUpdatedAt', 'pollInterval', 'pollIntervalMs'],
  ...['result', 'error'],
];

/** Keys of one tool, resource, resource template or prompt in a list. */
export const ENTRY_KEYS: readonly string[] = [
  ...['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations', 'execution', 'icons', '_meta'],
  ...['uri', 'uriTemplate', 'mimeType', 'size', 'arguments'],
];

/** Members of a tool that are for programs: no approval is about them. */
export const UNPINNED_KEYS: ReadonlySet<string> = new Set(['icons', 'execution', '_meta']);

/** Methods that are requests: without an id they are refused, because lenient receivers run them all the same. */
export const REQUEST_METHODS: ReadonlySet<string> = new Set([
  ...['initialize', 'server/discover', 'ping', 'tools/list', 'tools/call', 'resources/list', 'resources/read'],
  ...['resources/templates/list', 'resources/subscribe', 'resources/unsubscribe', 'prompts/list', 'prompts/get'],
  ...['completion/complete', 'logging/setLevel', 'subscriptions/listen', 'roots/list', 'sampling/createMessage'],
  ...['elicitation/create', 'tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel', 'tasks/update'],
]);

/** The requests that are answered with what another request came to: 2025-11-25 as the result itself, 2026-07-28 as its `result`. */
export const TASK_PAYLOAD_METHODS: ReadonlySet<string> = new Set(['tasks/result', 'tasks/get']);

const LONGEST_METHOD = 1024;

const BARE_REQUESTS: ReadonlySet<string> = new Set(
  [...REQUEST_METHODS, 'tool/call', 'tools/execute', 'prompt/get', 'resource/read'].map(bareMethod),
);

/** Whether a lenient receiver may take it for one of them: ` Tools/Call`. For what has no id, and is no `notifications/…`. */
export function resemblesRequest(method: string): boolean {
  return method.length <= LONGEST_METHOD && BARE_REQUESTS.has(bareMethod(method));
}

function bareMethod(method: string): string {
  return method
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z]/g, '');
}
