// Many workers at once through one guard's stdio, as raw lines: each calls one tool again and again, and every answer is kept with
// its times. Knows no config, no threshold and nothing of what the tools do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** `exit`: the server ended under it. `refused`: the guard's answer, the call was not sent. */
export type Outcome = 'answered' | 'tool_error' | 'error' | 'deadline' | 'exit' | 'refused';

export interface Call {
  readonly tool: string;
  /** Monotonic ms. */
  readonly beganMs: number;
  readonly endedMs: number;
  readonly outcome: Outcome;
  /** The guard's rule where it is the guard's answer: `breaker.tool.open`. */
  readonly rule: string | undefined;
}

export interface LoadLaunch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

/** What of an answer is looked at. attacker-controlled: the server's, or the guard's in its place. */
interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly error?: { readonly data?: unknown };
  readonly result?: { readonly isError?: boolean; readonly _meta?: Record<string, unknown> };
}

interface Decision {
  readonly reason: string;
  readonly rule?: string;
}

export class Load {
  /** How long a worker that was refused waits before it tries again: far more impatient than it was told to be. */
  static readonly pauseMs = 50;
  readonly calls: Call[] = [];
  /** Answers that no open request was waiting for: second answers, unknown ids. */
  strays = 0;
  readonly #child;
  readonly #open = new Map<number, (answer: Answer) => void>();
  readonly #workers: Promise<void>[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #exited;
  #nextId = 1;
  #stopping = false;
  #rest = '';
  #stderr = '';

  constructor({ command, args, env }: LoadLaunch) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin.on('error', () => {}); // An ending, told by the exit code.
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4000);
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#exited = once(this.#child, 'close');
    void this.#exited.then(() => {
      this.#stopping = true;
      for (const look of this.#watchers) look();
    });
  }

  /** Requests that have no answer yet. */
  get unanswered(): number {
    return this.#open.size;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Shakes hands, and lists the tools as hosts do. Rejects where the guard does not start. */
  async greet(): Promise<void> {
    const ended = this.#exited.then(() => {
      throw new Error(`the guard ended; stderr: ${this.#stderr}`);
    });
    await Promise.race([this.#shakeHands(), ended]);
    // It may end when it likes from now on.
    ended.catch(() => {});
  }

  async #shakeHands(): Promise<void> {
    const clientInfo = { name: 'load', version: '1.0.0' };
    await this.#ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    this.#child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    await this.#ask('tools/list', {});
  }

  /** Starts `count` workers for each of `tools`. @returns lets these begin no further call */
  add(tools: readonly string[], count: number): () => void {
    const crew = { isLeaving: false };
    for (const tool of tools) for (let i = 0; i < count; i += 1) this.#workers.push(this.#work([tool], crew));
    return () => {
      crew.isLeaving = true;
    };
  }

  /** Starts `count` workers each of which calls all of `tools` in turn, beginning at another one than the worker before it. */
  addRotating(tools: readonly string[], count: number): void {
    for (let i = 0; i < count; i += 1) {
      const first = i % tools.length;
      this.#workers.push(this.#work([...tools.slice(first), ...tools.slice(0, first)]));
    }
  }

  /** Resolves as soon as `holds`, looked at after each answer; rejects where it does not `withinMs`, or where the guard has ended. */
  until(what: string, holds: (calls: readonly Call[]) => boolean, withinMs = 12_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(deadline);
        this.#watchers.delete(look);
        act();
      };
      const fail = (why: string) => finish(() => reject(new Error(`${what}: ${why}; stderr: ${this.#stderr}`)));
      const look = () => {
        if (holds(this.calls)) finish(resolve);
        else if (this.#stopping) fail('the guard ended, or the workers were stopped');
      };
      const deadline = setTimeout(() => fail(`not within ${withinMs} ms`), withinMs);
      this.#watchers.add(look);
      look();
    });
  }

  /** No worker begins another call; resolves when all that were begun are answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers);
  }

  /** Closes the input. @returns the exit code */
  async end(): Promise<number | null> {
    this.#child.stdin.end();
    const [code] = (await this.#exited) as [number | null]; // what `close` tells
    return code;
  }

  async #work(tools: readonly string[], crew = { isLeaving: false }): Promise<void> {
    for (let turn = 0; !this.#stopping && !crew.isLeaving; turn += 1) {
      const tool = tools[turn % tools.length] ?? '';
      const beganMs = performance.now();
      const answer = await this.#ask('tools/call', { name: tool, arguments: {} });
      const { outcome, rule } = readOutcome(answer);
      this.calls.push({ tool, beganMs, endedMs: performance.now(), outcome, rule });
      for (const look of this.#watchers) look();
      if (outcome === 'refused') await new Promise((resolve) => setTimeout(resolve, Load.pauseMs));
    }
  }

  #ask(method: string, params: object): Promise<Answer> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#open.set(id, resolve);
      this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const answer = JSON.parse(line) as Answer; // the guard's output: what is no JSON fails the test
      if (answer.method !== undefined) continue;
      const resolve = this.#open.get(answer.id ?? -1);
      if (resolve === undefined) this.strays += 1;
      this.#open.delete(answer.id ?? -1);
      resolve?.(answer);
    }
  }
}

const BY_REASON: Readonly<Record<string, Outcome>> = {
  breaker_open: 'refused',
  deadline: 'deadline',
  server_exited: 'exit',
};

function readOutcome({ result, error }: Answer): { outcome: Outcome; rule: string | undefined } {
  // docs/errors.md: the guard's own answers carry their decision.
  const decision = result?._meta?.['mcp-guard/decision'] as Decision | undefined;
  const outcome = decision === undefined ? undefined : BY_REASON[decision.reason];
  if (decision !== undefined && outcome === undefined) throw new Error(`an answer of the guard: ${decision.reason}`);
  if (outcome !== undefined) return { outcome, rule: decision?.rule };
  if (error !== undefined) return { outcome: 'error', rule: undefined };
  return { outcome: result?.isError === true ? 'tool_error' : 'answered', rule: undefined };
}

/** Nearest rank, `share` in (0, 1]. NaN of nothing. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}
