// A real redis-server of a test's own: on a free port, in a directory of its own, killed and started again as a test likes. Asserts nothing.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Undefined where there is none. */
export function findRedisServer(): string | undefined {
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return name;
    } catch {
      // the next one
    }
  }
  return undefined;
}

export const NO_REDIS =
  'neither `redis-server` nor `valkey-server` is installed: limits in a redis (CONTRIBUTING says how)';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export class RedisServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'redis-'));
  readonly port: number;
  readonly #program: string;
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;

  /** @param words of its command line, after what every one gets */
  static async start(program: string, words: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(program, await freePort(), words);
    await server.start();
    return server;
  }

  private constructor(program: string, port: number, words: readonly string[]) {
    this.#program = program;
    this.port = port;
    this.#words = words;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves once it accepts connections. */
  async start(): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory, '--save', ''];
    const child = spawn(this.#program, [...own, ...this.#words], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      if (line.includes('Ready to accept connections')) break;
    }
    if (child.exitCode !== null) throw new Error(`redis-server ended:\n${said.join('\n')}`);
    child.stdout.resume();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** It answers nothing, and does later what it was asked meanwhile. */
  hang(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
