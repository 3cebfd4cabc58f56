// A client on SDK v2 in one of its modes of negotiation, and the steps a scenario is made of. Knows nothing of the guard.
import { Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Outcome } from './client-v1.ts';
import type { Launch } from './stage.ts';

/** `legacy` shakes hands, `auto` asks a sibling process first, `pin` speaks 2026-07-28 or not at all. */
export type Mode = 'legacy' | 'auto' | 'pin';

export interface ClientV2 {
  readonly client: Client;
  readonly outcome: Outcome;
  step(name: string, run: () => Promise<unknown>): Promise<void>;
  call(name: string, args?: Record<string, unknown>): Promise<void>;
  /** Settles at the next change of the list of tools that the server tells. */
  toolsChanged(): Promise<void>;
}

const NEGOTIATION: Record<Mode, NonNullable<ClientOptions['versionNegotiation']>> = {
  legacy: { mode: 'legacy' },
  auto: { mode: 'auto' },
  pin: { mode: { pin: '2026-07-28' } },
};

function asError(error: unknown): unknown {
  // The SDK's errors carry `code` and `data`; nothing else is read from them.
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
  return { thrown: { code, message, data } };
}

/** Connects in `mode`, plays `scenario`, closes; resolves to the outcome of every step. */
export async function playV2(
  launch: Launch,
  mode: Mode,
  scenario: (peer: ClientV2) => Promise<void>,
): Promise<Outcome> {
  const waiting: (() => void)[] = [];
  const settleWaiting = () => {
    for (const settle of waiting.splice(0)) settle();
  };
  const client = new Client(
    { name: 'client-v2', version: '1.0.0' },
    {
      versionNegotiation: NEGOTIATION[mode],
      capabilities: { elicitation: { form: {} }, sampling: {}, roots: { listChanged: true } },
      listChanged: { tools: { onChanged: settleWaiting, autoRefresh: false } },
    },
  );
  client.setRequestHandler('elicitation/create', async () => ({
    action: 'accept' as const,
    content: { name: 'Ada', ok: true, color: 'blue', context: 'a test', username: 'ada', email: 'ada@example.org' },
  }));
  client.setRequestHandler('sampling/createMessage', async () => ({
    role: 'assistant' as const,
    model: 'model-of-the-test',
    content: { type: 'text' as const, text: 'Paris' },
    stopReason: 'endTurn',
  }));
  client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///own', name: 'own' }] }));

  const outcome: Outcome = [];
  const step: ClientV2['step'] = async (name, run) => {
    outcome.push([name, await run().catch(asError)]);
  };
  const call: ClientV2['call'] = (name, args = {}) => step(name, () => client.callTool({ name, arguments: args }));
  const toolsChanged = () => new Promise<void>((resolve) => waiting.push(resolve));

  const { command, args, env } = launch;
  await client.connect(new StdioClientTransport({ command, args, env, stderr: 'ignore' }));
  outcome.push(['server', [client.getServerVersion(), client.getNegotiatedProtocolVersion()]]);
  try {
    await scenario({ client, outcome, step, call, toolsChanged });
  } finally {
    await client.close();
  }
  return outcome;
}
