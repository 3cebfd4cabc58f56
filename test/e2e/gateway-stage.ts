// Several servers behind one guard: a config of them, a raw client in front, and a look at the processes below.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRaw, type RawClient } from './client-raw.ts';
import { descendants, type Process, type Yard } from './guarded.ts';
import { type LockStage, Session } from './lock-stage.ts';
import type { Launch, Peer } from './stage.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));

/** An entry of the config for a fixture server or a peer. */
export function entryOf(server: readonly string[] | Peer, directory: string, more: object = {}): object {
  const [command, ...args] = 'command' in server ? server.command(directory) : server;
  const env = 'command' in server ? (server.env?.(directory) ?? {}) : {};
  return { command, args, env, passEnv: ['GUARD_TEST_YARD'], ...more };
}

/** Writes the config; what starts `mcp-guard run` without a command. */
export function gatewayLaunch(
  yard: Yard,
  servers: Readonly<Record<string, object>>,
  flags: readonly string[] = [],
  more: object = {},
): Launch {
  const config = join(yard.home, 'gateway.json');
  writeFileSync(config, JSON.stringify({ version: 1, servers, ...more }), { mode: 0o600 });
  return {
    command: process.execPath,
    args: [BIN, 'run', '--config', config, ...flags],
    env: yard.env(),
    directory: yard.home,
  };
}

export function startGateway(
  yard: Yard,
  servers: Readonly<Record<string, object>>,
  flags: readonly string[] = [],
): RawClient {
  return connectRaw(gatewayLaunch(yard, servers, flags));
}

/** A session of the one entry, under a config that may change meanwhile. */
export async function openGateway(stage: LockStage, flags: readonly string[] = []): Promise<Session> {
  const args = [BIN, 'run', '--config', stage.config, ...flags];
  const { yard } = stage;
  const session = new Session(connectRaw({ command: process.execPath, args, env: yard.env(), directory: yard.home }));
  await session.begin();
  return session;
}

/** The process of a server behind the guard, by something that stands in its command line. */
export function serverProcess(client: RawClient, part: string): Process | undefined {
  const found = descendants(client.pid).filter(
    ({ command }) => command.includes(part) && !command.includes('mcp-guard-supervisor'),
  );
  return found.at(-1);
}

/** Raw lines as messages. */
export function messagesOf(client: RawClient): Record<string, unknown>[] {
  return client.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
