// Two machines, as far as a guard can tell: a state directory and a config each, one redis with a password. On each a server `srv` that does
// what the machine's file says. Asserts nothing of breakers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RedisServer } from '../adapters/limits/redis-server.ts';
import { connectRaw, type RawClient } from './client-raw.ts';
import { Yard } from './guarded.ts';
import { readTrail } from './trail.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
export type Machine = 'one' | 'other';
const MACHINES: readonly Machine[] = ['one', 'other'];
/** How long a breaker stays open before it is tried. */
export const OPEN_MS = 2_500;

export class FleetStage {
  readonly yard = new Yard();
  readonly secret = 'a-password-of-a-redis';
  readonly redis: RedisServer;
  #id = 0;

  /** @param more servers of each machine, beside `srv` */
  static async open(program: string, more: object = {}): Promise<FleetStage> {
    const stage = new FleetStage(await RedisServer.start(program, ['--requirepass', 'a-password-of-a-redis']));
    for (const machine of MACHINES) stage.#lay(machine, more);
    return stage;
  }

  private constructor(redis: RedisServer) {
    this.redis = redis;
    writeFileSync(this.#at('url'), `redis://:${this.secret}@127.0.0.1:${redis.port}\n`, { mode: 0o600 });
  }

  #at(...names: readonly string[]): string {
    return join(this.yard.home, ...names);
  }

  #lay(machine: Machine, more: object): void {
    mkdirSync(this.stateOf(machine), { recursive: true, mode: 0o700 });
    const [command, ...args] = Yard.server('told-by-file', this.#at(machine, 'mode'));
    const written = {
      version: 1,
      servers: { srv: { command, args, scope: 'all' }, ...more },
      scopes: { all: { grants: [{ tool: '*' }] } },
      breaker: { share: 'fleet', openMs: OPEN_MS, jitter: 0 },
      limitStore: { kind: 'redis', url: `file:${this.#at('url')}` },
    };
    writeFileSync(this.configOf(machine), JSON.stringify(written), { mode: 0o600 });
    this.tell(machine, 'ok');
  }

  configOf(machine: Machine): string {
    return this.#at(machine, 'config.json');
  }

  stateOf(machine: Machine): string {
    return this.#at(machine, 'state');
  }

  /** What `srv` of this machine does from now on. */
  tell(machine: Machine, mode: 'ok' | 'fail'): void {
    writeFileSync(this.#at(machine, 'mode'), mode);
  }

  async connect(machine: Machine, flags: readonly string[]): Promise<RawClient> {
    const env = { ...this.yard.env(), MCP_GUARD_STATE_DIR: this.stateOf(machine) };
    const args = [BIN, 'run', '--config', this.configOf(machine), ...flags];
    const client = connectRaw({ command: process.execPath, args, env, directory: this.yard.home });
    await client.initialize();
    return client;
  }

  async call(client: RawClient, tool: string): Promise<'refused' | 'failed' | 'answered'> {
    this.#id += 1;
    const params = JSON.stringify({ name: tool, arguments: { text: 'x' } });
    const answer = await client.request(`call-${this.#id}`, 'tools/call', params);
    return answer.includes('breaker_open') ? 'refused' : answer.includes('"error"') ? 'failed' : 'answered';
  }

  /** Rules by which breakers of this machine moved, as they stand on record. */
  movesOf(machine: Machine): readonly string[] {
    const trail = JSON.stringify(readTrail(this.stateOf(machine)));
    return [...trail.matchAll(/"(fleet_open|fleet_close|fault_row|fault_rate)"/g)].map(([, rule = '']) => rule);
  }

  /** @returns what is still alive */
  async close(): Promise<readonly string[]> {
    await this.redis.remove();
    return this.yard.close();
  }
}
