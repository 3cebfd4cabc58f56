// A client that looks at nothing but the answers it waits for: a flood goes by unread, and costs it little. For what is timed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Launch } from './stage.ts';

/** Enough of either end of a line to find an id in. */
const END_BYTES = 60;
const ID = /"id":"(m\d+)"/;

export class Asker {
  readonly #child;
  readonly #waiting = new Map<string, () => void>();
  #head = '';
  #tail = '';
  #asked = 0;
  readonly exited: Promise<unknown>;

  constructor({ command, args, env }: Launch) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
    this.exited = once(this.#child, 'exit');
    this.#child.stdin.on('error', () => {}); // An ending, told by the exit.
    this.#child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  say(message: object): void {
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** @returns ms until it was answered */
  async ask(method: string, params: object): Promise<number> {
    this.#asked += 1;
    const id = `m${this.#asked}`;
    const answered = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    const start = performance.now();
    this.say({ id, method, params });
    await answered;
    return performance.now() - start;
  }

  async greet(): Promise<void> {
    await this.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {} });
    this.say({ method: 'notifications/initialized' });
    await this.ask('tools/list', {});
  }

  /** At once: at the end of its input the guard would wait for the answers that are owed. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.exited;
  }

  /** Never holds more of a line than its ends. */
  #take(chunk: Buffer): void {
    let from = 0;
    for (let lf = chunk.indexOf(10); ; lf = chunk.indexOf(10, from)) {
      const piece = chunk.subarray(from, lf === -1 ? chunk.length : lf);
      if (this.#head.length < END_BYTES) this.#head += piece.toString('latin1', 0, END_BYTES);
      const end = piece.toString('latin1', Math.max(0, piece.length - END_BYTES));
      this.#tail = (this.#tail + end).slice(-END_BYTES);
      if (lf === -1) return;
      this.#settle();
      from = lf + 1;
    }
  }

  #settle(): void {
    const id = (ID.exec(this.#head.slice(0, END_BYTES)) ?? ID.exec(this.#tail))?.[1];
    this.#head = '';
    this.#tail = '';
    if (id === undefined) return;
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }
}
