// A JSON-RPC client over the stdio of a process it starts: no library, no more parsing than needed, so that it costs
// the same little in front of every target. Must not know which target it has before it.
import { spawn } from 'node:child_process';
import { createLineSplitter } from './lines.mjs';
import { endAll, isAlive, listTree } from './processes.mjs';

/** Answers up to this many bytes are parsed; of a larger one only its id is looked for. */
const PARSED_BYTES = 4096;
const CLOSE_MS = 5000;

export class StdioClient {
  #child;
  #waiting = new Map();
  #nextId = 1;
  #ending;

  /** `env` is the whole environment of the target. The clock of a start begins here. */
  constructor([command, ...args], { env, cwd }) {
    this.startedAt = performance.now();
    this.#child = spawn(command, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    this.pid = this.#child.pid;
    this.complaints = '';
    this.#child.stdout.on(
      'data',
      createLineSplitter((bytes, from, to) => this.#take(bytes, from, to)),
    );
    this.#child.stderr.on('data', (chunk) => {
      this.complaints = (this.complaints + chunk).slice(-2000);
    });
    this.#child.stdin.on('error', () => {}); // the exit that follows says it
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (cause) => resolve(this.#fail(cause.message)));
      this.#child.once('exit', (code, signal) => resolve(this.#fail(`the target ended (${signal ?? code})`)));
    });
  }

  /** Sends a request in a write of its own; `onAnswer(error, { message, bytes })`, `message` only for small answers. */
  send(method, paramsJson, onAnswer) {
    if (this.#ending !== undefined) {
      onAnswer(this.#ending);
      return;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#waiting.set(id, onAnswer);
    this.#child.stdin.write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${paramsJson}}\n`);
  }

  request(method, params = {}) {
    return new Promise((resolve, reject) => {
      this.send(method, JSON.stringify(params), (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  }

  /** The milliseconds from the start of the process to the answer to `initialize`. */
  async initialize() {
    const clientInfo = { name: 'bench', version: '1.0.0' };
    const { message } = await this.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo,
    });
    const elapsedMs = performance.now() - this.startedAt;
    if (message.result === undefined) throw new Error(`initialize was refused: ${JSON.stringify(message.error)}`);
    this.#child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    return elapsedMs;
  }

  /** Ends the input, waits for the target to end, and ends by pid what is left. Throws where something was left. */
  async close() {
    const tree = this.pid === undefined ? [] : listTree(this.pid);
    this.#child.stdin.end();
    const deadline = performance.now() + CLOSE_MS;
    let left = tree;
    while (left.length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      left = left.filter(isAlive);
    }
    endAll(left);
    if (left.length > 0) throw new Error(`${left.length} processes were left ${CLOSE_MS} ms after the end of input`);
  }

  #take(bytes, from, to) {
    if (to - from <= PARSED_BYTES) {
      const message = JSON.parse(bytes.toString('utf8', from, to));
      if (message.method === undefined) this.#settle(message.id, { message, bytes: to - from });
      return;
    }
    // INVARIANT: large answers are asked for one at a time, so this one belongs to the only request that waits; its
    // id is then checked at both ends of the line (a re-serialising wrapper moves it to the tail).
    const [id] = this.#waiting.keys();
    const line = bytes.subarray(from, to);
    const ends = `${line.toString('latin1', 0, 64)} ${line.toString('latin1', line.length - 64)}`;
    if (this.#waiting.size !== 1 || !new RegExp(`"id":${id}[,}]`).test(ends))
      this.#fail('a large answer without its id');
    else this.#settle(id, { line, bytes: line.length });
  }

  #settle(id, answer) {
    const onAnswer = this.#waiting.get(id);
    this.#waiting.delete(id);
    onAnswer?.(undefined, answer);
  }

  #fail(what) {
    this.#ending ??= new Error(`${what}: ${this.complaints.trim() || 'nothing on stderr'}`);
    for (const onAnswer of this.#waiting.values()) onAnswer(this.#ending);
    this.#waiting.clear();
  }
}
