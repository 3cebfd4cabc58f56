// A client on SDK v1 with every capability, and the steps a scenario is made of. Knows nothing of the guard.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Launch } from './stage.ts';

/** What came of each step, in order: comparable between two runs. */
export type Outcome = [step: string, result: unknown][];

export interface ClientV1 {
  readonly client: Client;
  readonly outcome: Outcome;
  /** Settles when the server has asked for the roots for the first time. */
  readonly rootsAsked: Promise<void>;
  /** Runs one step and notes its result, or its error. */
  step(name: string, run: () => Promise<unknown>): Promise<void>;
  call(name: string, args?: Record<string, unknown>, options?: RequestOptions): Promise<void>;
}

function asError(error: unknown): unknown {
  // The SDK's errors carry `code` and `data`; nothing else is read from them.
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
  return { thrown: { code, message, data } };
}

const CAPABILITIES = {
  sampling: { tools: {} },
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
};

/** Connects, plays `scenario`, closes; resolves to the outcome of every step. */
export async function playV1(launch: Launch, scenario: (peer: ClientV1) => Promise<void>): Promise<Outcome> {
  const client = new Client({ name: 'client-v1', version: '1.0.0' }, { capabilities: CAPABILITIES });
  const outcome: Outcome = [];
  let noteRoots = () => {};
  const rootsAsked = new Promise<void>((resolve) => {
    noteRoots = resolve;
  });
  client.setRequestHandler(CreateMessageRequestSchema, async () => ({
    role: 'assistant' as const,
    model: 'model-of-the-test',
    content: { type: 'text' as const, text: 'sampled' },
    stopReason: 'endTurn',
  }));
  client.setRequestHandler(ElicitRequestSchema, async () => ({
    action: 'accept' as const,
    content: { name: 'Ada', check: true, interpretation: 'technical' },
  }));
  client.setRequestHandler(ListRootsRequestSchema, async () => {
    noteRoots();
    return { roots: [{ uri: `file://${launch.directory}`, name: 'own' }] };
  });
  client.setNotificationHandler(LoggingMessageNotificationSchema, () => {});

  const step: ClientV1['step'] = async (name, run) => {
    outcome.push([name, await run().catch(asError)]);
  };
  const call: ClientV1['call'] = (name, args = {}, options = undefined) =>
    step(name, () => client.callTool({ name, arguments: args }, undefined, options));

  const { command, args, env } = launch;
  // The SDK's own transport does not satisfy its interface under exactOptionalPropertyTypes.
  const transport = new StdioClientTransport({ command, args, env, stderr: 'ignore' }) as Transport;
  await client.connect(transport);
  outcome.push(['server', [client.getServerVersion(), client.getServerCapabilities(), client.getInstructions()]]);
  try {
    await scenario({ client, outcome, rootsAsked, step, call });
  } finally {
    await client.close();
  }
  return outcome;
}
