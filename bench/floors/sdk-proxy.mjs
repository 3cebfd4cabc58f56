// Not a floor but the obvious way: the official SDK's client on one side, its server on the other, calls handed across.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const [command, ...args] = process.argv.slice(process.argv.indexOf('--') + 1);
const identity = { name: 'sdk-proxy', version: '1.0.0' };
const upstream = new Client(identity);
const front = new Server(identity, { capabilities: { tools: {} } });

await upstream.connect(new StdioClientTransport({ command, args, stderr: 'inherit' }));
front.setRequestHandler(ListToolsRequestSchema, ({ params }) => upstream.listTools(params));
front.setRequestHandler(CallToolRequestSchema, ({ params }) => upstream.callTool(params));
upstream.onclose = () => process.exit(0);
process.stdin.once('end', () => upstream.close());
await front.connect(new StdioServerTransport());
