// A client without an SDK: writes any bytes, waits for lines. Knows nothing of the guard.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Launch } from './stage.ts';

export interface RawClient {
  readonly pid: number;
  /** Exit code and signal of what was started. */
  readonly exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
  /** Everything the server side said, one entry a line, as it came. */
  readonly lines: readonly string[];
  /** Everything on stderr so far. */
  readonly stderr: () => string;
  write(bytes: string | Buffer): void;
  /** Reads nothing from now on. */
  pauseOutput(): void;
  /** Resolves to the first line, also an earlier one, for which `wanted` holds; rejects with what came, at the end or after twenty seconds. */
  until(wanted: (line: string) => boolean): Promise<string>;
  /** Writes a request and resolves to the raw line that answers it. `params` is JSON text. */
  request(id: string | number, method: string, params: string): Promise<string>;
  /** Shakes hands as a legacy client does. */
  initialize(version?: string): Promise<void>;
  /** Closes the input and resolves to the exit code; the rest of the output is read. */
  end(lastBytes?: string): Promise<number | null>;
}

/** Whether a line answers the request `id`; its keys may stand in any order. */
export function isAnswer(line: string, id: string | number): boolean {
  // Lines of a server that is under test: anything, in any shape.
  const message = JSON.parse(line) as { id?: unknown; method?: unknown };
  return message.method === undefined && message.id === id;
}

const DEADLINE_MS = 20_000;

export function connectRaw({ command, args, env }: Launch): RawClient {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  let rest = '';
  let stderr = '';
  let ended = false;
  child.stdin.on('error', () => {}); // An ending, told by the exit code.
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n');
    rest += first;
    if (others.length === 0) return;
    lines.push(rest, ...others.slice(0, -1));
    rest = others.at(-1) ?? '';
    for (const look of watchers) look();
  });
  child.stdout.on('end', () => {
    if (rest !== '') lines.push(rest);
  });
  const closed = once(child, 'close');
  child.on('close', () => {
    ended = true;
    for (const look of watchers) look();
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;

  const until: RawClient['until'] = (wanted) =>
    new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(deadline);
        watchers.delete(look);
        act();
      };
      const fail = (why: string) => {
        const seen = lines.slice(-3).map((line) => line.slice(0, 1000));
        finish(() => reject(new Error(`${why}; last seen: ${seen.join('\n')}; stderr: ${stderr}`)));
      };
      // each line once: thousands come in as many pieces
      let looked = 0;
      const look = () => {
        const line = lines.slice(looked).find(wanted);
        looked = lines.length;
        if (line !== undefined) finish(() => resolve(line));
        else if (ended) fail('the other side ended without it');
      };
      const deadline = setTimeout(() => fail(`not seen within ${DEADLINE_MS} ms`), DEADLINE_MS);
      watchers.add(look);
      look();
    });

  const request: RawClient['request'] = (id, method, params) => {
    const rawId = JSON.stringify(id);
    child.stdin.write(`{"jsonrpc":"2.0","id":${rawId},"method":"${method}","params":${params}}\n`);
    return until((line) => isAnswer(line, id));
  };

  return {
    pid: child.pid ?? -1,
    exited,
    lines,
    stderr: () => stderr,
    write: (bytes) => child.stdin.write(bytes),
    pauseOutput: () => child.stdout.pause(),
    until,
    request,
    initialize: async (version = '2025-11-25') => {
      const info = '"clientInfo":{"name":"raw","version":"1.0.0"}';
      await request('hello', 'initialize', `{"protocolVersion":"${version}","capabilities":{},${info}}`);
      child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    },
    end: async (lastBytes = '') => {
      child.stdin.end(lastBytes);
      const force = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
      // `close` tells the exit code and the signal.
      const [code] = (await closed) as [number | null, string | null];
      clearTimeout(force);
      return code;
    },
  };
}

/** A call of the tool `say` (fixtures/peers/says.mjs) that makes the server say `texts`, as one raw line. */
export function sayLine(id: string | number, ...texts: string[]): string {
  const params = JSON.stringify({ name: 'say', arguments: { lines: texts } });
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"tools/call","params":${params}}\n`;
}
