// The server behind every target: stdio MCP without a library, so that a wrapper in front is what a figure shows.
// Must not know whether a wrapper is there.
//
//   node bench/echo-server.mjs [--tools N]      N tools in its list (default 10), of which `echo` is the one that works
//
// `echo` takes { text } → the text · { text, measure: true } → only its length · { make: bytes, nonce } → that much text.
// All lines of one chunk are answered with one write; while stdout is full, nothing is read.
import { createLineSplitter } from './lines.mjs';
import { createPayloadSource } from './payload.mjs';

const toolCount = Number(process.argv[process.argv.indexOf('--tools') + 1]) || 10;
// Both are made by the first request that needs them, so that they are no part of a start.
let source = { size: 0, make: undefined };
let listResult;

const inputSchema = {
  type: 'object',
  properties: {
    text: { type: 'string', description: 'what to send back' },
    measure: { type: 'boolean', description: 'send back only the length of the text' },
    make: { type: 'integer', description: 'send back this many bytes of made-up text' },
    nonce: { type: 'integer', description: 'which of the made-up texts' },
  },
};

function listTools() {
  const tools = Array.from({ length: toolCount }, (_, i) => ({
    name: i === 0 ? 'echo' : `tool_${i}`,
    description: `Number ${i} of the tools: sends a text back, its length, or a made-up text of the size asked for.`,
    inputSchema,
  }));
  return JSON.stringify({ tools });
}

function callEcho({ text = '', measure = false, make = 0, nonce = 0 }) {
  if (make > 0) {
    if (source.size !== make) source = { size: make, make: createPayloadSource(make) };
    return `{"content":[{"type":"text","text":"${source.make(nonce).escaped}"}]}`;
  }
  const answer = measure ? `"${text.length}"` : JSON.stringify(text);
  return `{"content":[{"type":"text","text":${answer}}]}`;
}

function initialize(params) {
  const protocolVersion = params?.protocolVersion ?? '2025-11-25';
  return JSON.stringify({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'bench-echo', version: '1.0.0' },
  });
}

/** The answer line to a request line; nothing for a notification. */
function answer(line) {
  const message = JSON.parse(line);
  if (message.id === undefined || message.method === undefined) return '';
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)}`;
  if (message.method === 'tools/call') return `${head},"result":${callEcho(message.params.arguments ?? {})}}\n`;
  if (message.method === 'tools/list') {
    listResult ??= listTools();
    return `${head},"result":${listResult}}\n`;
  }
  if (message.method === 'initialize') return `${head},"result":${initialize(message.params)}}\n`;
  if (message.method === 'ping') return `${head},"result":{}}\n`;
  return `${head},"error":{"code":-32601,"message":"Method not found"}}\n`;
}

let answers = '';
const feed = createLineSplitter((bytes, from, to) => {
  if (to > from) answers += answer(bytes.toString('utf8', from, to));
});
process.stdin.on('data', (chunk) => {
  feed(chunk);
  if (answers === '') return;
  const batch = answers;
  answers = '';
  if (process.stdout.write(batch)) return;
  process.stdin.pause();
  process.stdout.once('drain', () => process.stdin.resume());
});
process.stdin.on('end', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));
