// What Streamable HTTP asks of a server beyond the messages: local hosts only, mirrored headers, status codes. Knows no server.
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const MODERN = '2026-07-28';
const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Member of `params` that the header Mcp-Name mirrors, by method (2026-07-28, SEP-2243). */
const MIRRORED = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** Status of an error's answer in the modern era, by JSON-RPC code; 200 elsewhere. */
const STATUS = new Map([
  [-32601, 404],
  [-32020, 400],
  [-32021, 400],
  [-32022, 400],
]);

/** Guards against DNS rebinding: a browser on a foreign page names a foreign host. */
export function isLocal({ host = '', origin }) {
  if (!LOCAL.has(host.replace(/:\d+$/, ''))) return false;
  return origin === undefined || (URL.canParse(origin) && LOCAL.has(new URL(origin).hostname));
}

export function isModern(message, headers) {
  const version = headers['mcp-protocol-version'];
  if (message.params?._meta?.[VERSION] !== undefined || version === MODERN) return true;
  return (
    message.method !== 'initialize' && headers['mcp-session-id'] === undefined && headers['mcp-method'] !== undefined
  );
}

/** The header that does not mirror the body, or undefined. */
export function findMismatch({ method, params }, headers) {
  const claimed = params?._meta?.[VERSION];
  if (claimed !== undefined && headers['mcp-protocol-version'] !== claimed) return 'MCP-Protocol-Version';
  if (headers['mcp-method']?.trim() !== method) return 'Mcp-Method';
  const mirrored = MIRRORED.get(method);
  if (mirrored !== undefined && headers['mcp-name']?.trim() !== String(params?.[mirrored])) return 'Mcp-Name';
  return undefined;
}

/** A stdio server of SDK 2.4 looks at the version of its first request only; over HTTP each request stands alone. */
export function unsupportedVersion({ params }) {
  const requested = params?._meta?.[VERSION];
  return requested === undefined || requested === MODERN ? undefined : { requested, supported: [MODERN] };
}

export function statusOf(response, request) {
  const code = response.error?.code;
  const meta = request.params?._meta;
  const incomplete = meta?.[VERSION] === undefined || meta?.[CAPABILITIES] === undefined;
  if (code === -32602 && incomplete) return 400;
  return STATUS.get(code) ?? 200;
}

/** First line for a server that serves both eras: pins it modern, so that a request without `_meta` is refused as such. */
export const PRIMER = {
  jsonrpc: '2.0',
  id: 0,
  method: 'tools/list',
  params: {
    _meta: {
      [VERSION]: MODERN,
      [CAPABILITIES]: {},
      'io.modelcontextprotocol/clientInfo': { name: 'http-front', version: '1.0.0' },
    },
  },
};
