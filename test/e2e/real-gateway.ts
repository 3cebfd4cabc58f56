// Real servers behind one entry, under a config with a lock: what the tests of a gateway share whose config changes, or is looked at.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Yard } from './guarded.ts';
import { LockStage, type Session } from './lock-stage.ts';
import { packaged } from './reload-stage.ts';

/** An entry of the config. */
export const realServer = (name: string, ...args: string[]) => ({
  command: process.execPath,
  args: [packaged(name), ...args],
  scope: 'all',
});

/** Beside the first one, `srv`, which is there in each. */
export const realGateway = (yard: Yard, servers: Record<string, Record<string, unknown>>) =>
  new LockStage(yard, {
    version: 1,
    servers: { srv: realServer('server-everything'), ...servers },
    scopes: { all: { grants: [{ tool: '*' }, { prompt: '*' }, { resource: '*' }] } },
  });

/** For a server to work in. */
export function directoryIn(yard: Yard, name: string): string {
  const path = join(yard.home, name);
  mkdirSync(path);
  return path;
}

/** The whole answer to a call without arguments. */
export const answerTo = ({ client }: Session, name: string): Promise<string> =>
  client.request(`w${client.lines.length}`, 'tools/call', JSON.stringify({ name, arguments: {} }));
