// Sixty-four requests at once to real servers behind one guard, under ids, tokens and cursors that collide on purpose, while servers are
// killed. Checks each answer, report and question as it comes; keeps nothing of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { memoryOf } from './guarded.ts';
import type { ListWalk } from './list-walk.ts';
import { liveHeap } from './live-heap.ts';
import type { Launch } from './stage.ts';

export interface Target {
  readonly server: string;
  readonly tool: string;
  /** The arguments of call number `serial`, as JSON. */
  args(serial: number): string;
  /** Something that only the answer to this very call has in it. */
  sign(serial: number): string;
}

export interface LoadResult {
  readonly answered: number;
  /** By server: answers of its own. */
  readonly served: ReadonlyMap<string, number>;
  /** Pages of lists, reports of progress, and questions of servers that were checked. */
  readonly pages: number;
  readonly reports: number;
  readonly questions: number;
  /** Answers of the guard in place of a server that was gone. */
  readonly lost: number;
  readonly faults: readonly string[];
  /** The longest that anybody waited for an answer. */
  readonly slowestMs: number;
  /** Resident MiB of the guard, each second. */
  readonly memory: readonly number[];
  /** MiB that live on its heap after a collection, a quarter into a long run and at its end; empty for a short one. */
  readonly heap: readonly number[];
}

interface Open {
  readonly serial: number;
  readonly askedMs: number;
  /** Undefined: a page of a list. */
  readonly target: Target | undefined;
  readonly walk: ListWalk | undefined;
}

interface Seen {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly message?: string;
    readonly progressToken?: number;
    readonly messages?: readonly [{ readonly content: { readonly text: string } }];
  };
}

const AT_ONCE = 64;
/** Half as many as requests: each is open twice. */
const IDS = 32;
/** Far fewer: each is open at every server. */
const TOKENS = 4;
/** Longer than a call waits for a server that starts. */
const SETTLED_WITHIN_MS = 40_000;
const LONG_MS = 60_000;
/** One request in so many is for a page of a list. */
const ONE_PAGE_IN = 8;

/** Only of the servers of `pages.mjs`: `<server> <serial>`. */
const TOLD = /^(\w+) (\d+)$/;

class Load {
  readonly open = new Map<number, Open[]>();
  readonly served = new Map<string, number>();
  readonly faults: string[] = [];
  serial = 0;
  answered = 0;
  lost = 0;
  pages = 0;
  reports = 0;
  questions = 0;
  isOver = false;
  slowestMs = 0;
  onIdle = () => {};
  readonly #targets: readonly Target[];
  readonly #walks: readonly ListWalk[];
  readonly #write: (line: string) => void;

  constructor(targets: readonly Target[], walks: readonly ListWalk[], write: (line: string) => void) {
    this.#targets = targets;
    this.#walks = walks;
    this.#write = write;
  }

  ask(): void {
    this.serial += 1;
    const { serial } = this;
    const askedMs = performance.now();
    const walk = serial % ONE_PAGE_IN === 0 ? this.#walks[(serial / ONE_PAGE_IN) % this.#walks.length] : undefined;
    const page = walk?.next();
    const target = this.#targets[serial % this.#targets.length];
    if (page !== undefined) this.#send({ serial, askedMs, target: undefined, walk }, 'tools/list', page);
    else if (target !== undefined) {
      const meta = `"_meta":{"progressToken":${serial % TOKENS}}`;
      const params = `{"name":"${target.server}__${target.tool}","arguments":${target.args(serial)},${meta}}`;
      this.#send({ serial, askedMs, target, walk: undefined }, 'tools/call', params);
    }
  }

  #send(one: Open, method: string, params: string): void {
    const id = one.serial % IDS;
    const waiting = this.open.get(id) ?? [];
    waiting.push(one);
    this.open.set(id, waiting);
    this.#write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}\n`);
  }

  take(line: string): void {
    // Lines of servers under test: anything.
    const message = JSON.parse(line) as Seen;
    if (message.method === undefined) this.#onAnswer(Number(message.id), line);
    else if (message.id !== undefined) this.#onQuestion(message);
    else if (message.method === 'notifications/progress') this.#onProgress(message);
  }

  #onAnswer(id: number, line: string): void {
    const one = this.open.get(id)?.shift();
    if (one === undefined) {
      this.faults.push(`nobody waits for ${line.slice(0, 200)}`);
      return;
    }
    this.answered += 1;
    this.slowestMs = Math.max(this.slowestMs, performance.now() - one.askedMs);
    if (one.walk !== undefined) {
      this.pages += 1;
      const fault = one.walk.take(line);
      if (fault === 'lost') this.lost += 1;
      else if (fault !== undefined) this.faults.push(fault);
    } else if (one.target !== undefined) this.#judge(one.target, one.serial, line);
    if (!this.isOver) this.ask();
    else if (this.answered === this.serial) this.onIdle();
  }

  #judge({ server, sign }: Target, serial: number, line: string): void {
    if (line.includes('mcp-guard/decision')) this.lost += 1;
    else if (line.includes(sign(serial))) this.served.set(server, (this.served.get(server) ?? 0) + 1);
    else this.faults.push(`call ${serial} of ${server} got ${line.slice(0, 200)}`);
  }

  /** What a server reports is of a call that is open at this server, under the token of that call. */
  #onProgress({ params }: Seen): void {
    const told = TOLD.exec(params?.message ?? '');
    if (told === null) return;
    this.reports += 1;
    const serial = Number(told[2]);
    const isOpen = this.#find(serial, told[1]) && params?.progressToken === serial % TOKENS;
    if (!isOpen) this.faults.push(`no such call: progress ${JSON.stringify(params)}`);
  }

  #onQuestion({ id, method, params }: Seen): void {
    const text = params?.messages?.[0].content.text;
    const told = TOLD.exec(text ?? '');
    if (method === 'sampling/createMessage' && told !== null) {
      this.questions += 1;
      if (!this.#find(Number(told[2]), told[1])) this.faults.push(`no such call: question ${text}`);
    }
    const result =
      method === 'roots/list'
        ? '{"roots":[]}'
        : `{"role":"assistant","model":"m","content":{"type":"text","text":${JSON.stringify(`<${text}>`)}}}`;
    this.#write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}\n`);
  }

  /** Who waits yet, for how long. */
  unanswered(): string[] {
    return [...this.open.values()].flat().map(({ serial, askedMs, target }) => {
      const what = target === undefined ? 'a page' : `${target.server}/${target.tool}`;
      return `request ${serial} (${what}) has no answer after ${Math.round(performance.now() - askedMs)} ms`;
    });
  }

  #find(serial: number, server: string | undefined): boolean {
    const found = this.open.get(serial % IDS)?.find((one) => one.serial === serial);
    return found?.target?.server === server;
  }
}

/** @param kill called each second with the guard's process id */
export async function runLoad(
  launch: Launch,
  { targets, walks }: { readonly targets: readonly Target[]; readonly walks: readonly ListWalk[] },
  lastsMs: number,
  kill: (guard: number) => void,
): Promise<LoadResult> {
  const isLong = lastsMs >= LONG_MS;
  const args = isLong ? ['--heapsnapshot-signal=SIGUSR2', ...launch.args] : launch.args;
  const { env, directory: cwd } = launch;
  const child = spawn(launch.command, args, { env, cwd, stdio: ['pipe', 'pipe', 'ignore'] });
  const pid = child.pid ?? -1;
  child.stdin.on('error', () => {}); // An ending, told by the exit.
  const load = new Load(targets, walks, (line) => void child.stdin.write(line));
  const greeted = new Promise<void>((resolve) => {
    let rest = '';
    let isGreeted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (isGreeted) load.take(line);
        else if (line.includes('"id":"hello"')) {
          isGreeted = true;
          resolve();
        }
      }
    });
  });
  const capabilities = '"capabilities":{"roots":{},"sampling":{}}';
  const hello = `{"protocolVersion":"2025-11-25",${capabilities},"clientInfo":{"name":"load","version":"1"}}`;
  child.stdin.write(`{"jsonrpc":"2.0","id":"hello","method":"initialize","params":${hello}}\n`);
  await greeted;
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  for (let at = 0; at < AT_ONCE; at += 1) load.ask();

  const memory: number[] = [];
  const heap: number[] = [];
  const startMs = performance.now();
  for (let second = 1; performance.now() - startMs < lastsMs; second += 1) {
    const dueMs = startMs + second * 1000 - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs)));
    if (second * 1000 < lastsMs) kill(pid);
    memory.push(memoryOf(pid).now);
    if (isLong && heap.length === 0 && performance.now() - startMs > lastsMs / 4) heap.push(await liveHeap(pid, cwd));
  }
  if (isLong) heap.push(await liveHeap(pid, cwd));
  const settled = new Promise<void>((resolve) => {
    load.onIdle = resolve;
  });
  load.isOver = true;
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, SETTLED_WITHIN_MS);
    cancel = () => clearTimeout(timer);
  });
  await Promise.race([settled, late]);
  cancel();
  load.faults.push(...load.unanswered());
  child.stdin.end();
  await once(child, 'exit');
  return { ...load, memory, heap };
}
