// Sixty-four calls at once to six real servers behind one guard, under ids and tokens that collide on purpose, while servers are
// killed. Checks each answer as it comes; keeps nothing of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { memoryOf } from './guarded.ts';
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
  /** Answers of the guard in place of a server that was gone. */
  readonly lost: number;
  readonly faults: readonly string[];
  /** Resident MiB of the guard a quarter into the run, and at its end. */
  readonly memory: readonly [early: number, late: number];
}

interface Open {
  readonly target: Target;
  readonly serial: number;
}

const AT_ONCE = 64;
/** Half as many as calls: each is open twice. */
const IDS = 32;

/** @param kill called each second with the guard's process id */
export async function runLoad(
  launch: Launch,
  targets: readonly Target[],
  lastsMs: number,
  kill: (guard: number) => void,
): Promise<LoadResult> {
  const child = spawn(launch.command, launch.args, { env: launch.env, stdio: ['pipe', 'pipe', 'ignore'] });
  const pid = child.pid ?? -1;
  const open = new Map<number, Open[]>();
  const served = new Map<string, number>();
  const faults: string[] = [];
  let [serial, answered, lost, early, isOver] = [0, 0, 0, 0, false];
  let wake = () => {};

  const ask = (): void => {
    serial += 1;
    const target = targets[serial % targets.length];
    if (target === undefined) return;
    const id = serial % IDS;
    const waiting = open.get(id) ?? [];
    waiting.push({ target, serial });
    open.set(id, waiting);
    const params = `{"name":"${target.server}__${target.tool}","arguments":${target.args(serial)},"_meta":{"progressToken":1}}`;
    child.stdin.write(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}\n`);
  };

  const take = (line: string): void => {
    // Lines of servers under test: anything.
    const message = JSON.parse(line) as { id?: number | string; method?: string };
    if (message.method !== undefined) {
      if (message.id !== undefined)
        child.stdin.write(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{"roots":[]}}\n`);
      return;
    }
    if (message.id === 'hello') {
      wake();
      return;
    }
    const one = open.get(Number(message.id))?.shift();
    if (one === undefined) {
      faults.push(`nobody waits for ${line.slice(0, 200)}`);
      return;
    }
    answered += 1;
    if (line.includes('mcp-guard/decision')) lost += 1;
    else if (line.includes(one.target.sign(one.serial)))
      served.set(one.target.server, (served.get(one.target.server) ?? 0) + 1);
    else faults.push(`call ${one.serial} of ${one.target.server} got ${line.slice(0, 200)}`);
    if (!isOver) ask();
    else if (answered === serial) wake();
  };

  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  child.stdin.on('error', () => {}); // An ending, told by the exit.
  const greeted = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const hello =
    '{"protocolVersion":"2025-11-25","capabilities":{"roots":{}},"clientInfo":{"name":"load","version":"1"}}';
  child.stdin.write(`{"jsonrpc":"2.0","id":"hello","method":"initialize","params":${hello}}\n`);
  await greeted;
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  for (let at = 0; at < AT_ONCE; at += 1) ask();

  const seconds = Math.max(1, Math.round(lastsMs / 1000));
  for (let second = 0; second < seconds; second += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (second < seconds - 1) kill(pid);
    if (second === Math.floor(seconds / 4)) early = memoryOf(pid).now;
  }
  const late = memoryOf(pid).now;
  const settled = new Promise<void>((resolve) => {
    wake = resolve;
  });
  isOver = true;
  await settled;
  child.stdin.end();
  await once(child, 'exit');
  return { answered, served, lost, faults, memory: [early, late] };
}
