// What the tests of a policy that changes under a session share: a config with scopes before a real server, and what a session shows of it.
import { fileURLToPath } from 'node:url';
import type { RawClient } from './client-raw.ts';
import { eventually, type Yard } from './guarded.ts';
import { LockStage, type Written } from './lock-stage.ts';

export const packaged = (name: string) =>
  fileURLToPath(new URL(`../../node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url));
/** What is promised, and what a busy machine takes on top. */
const SOON_MS = 5_000;

export const scopeOf = (written: Written) => (written.scopes as { one: { grants: object[]; deny: object[] } }).one; // what these tests write

/** The notices of the guard, not of the server, that the list of tools has changed. */
export const changes = ({ lines }: RawClient) =>
  lines.filter((line) => line.includes('tools/list_changed') && line.startsWith('{"jsonrpc"'));

export const configEvents = (stage: LockStage) => stage.events('config').map(({ stage: what }) => what);

/** What the guard told the client in its own name. */
export const said = ({ lines }: RawClient) =>
  lines.flatMap((line) => {
    // a line of a guard or server that is under test
    const message = JSON.parse(line) as {
      method?: string;
      params?: { logger?: string; level?: string; data?: string };
    };
    return message.method === 'notifications/message' && message.params?.logger === 'mcp-guard' ? [message.params] : [];
  });

export function everything(yard: Yard): LockStage {
  return new LockStage(yard, {
    version: 1,
    servers: { srv: { command: process.execPath, args: [packaged('server-everything')], scope: 'one' } },
    scopes: {
      one: { grants: [{ tool: 'echo' }, { tool: 'get-sum' }, { tool: 'trigger-long-running-operation' }], deny: [] },
    },
  });
}

export const until = (what: string, holds: () => boolean) => eventually(what, holds, SOON_MS);
