// A healthy server beside every misbehaving one behind one guard: its calls go on, and what the others do does not hold them up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { entryOf, gatewayLaunch } from './gateway-stage.ts';
import { memoryOf, Yard } from './guarded.ts';

const CALLS = 200;

/** A client that looks at nothing but what it waits for: a flood goes by unread. */
class Asker {
  readonly #child;
  readonly #waiting = new Map<string, () => void>();
  #rest = '';
  readonly exited: Promise<unknown>;

  constructor(yard: Yard, servers: Readonly<Record<string, object>>) {
    const { command, args, env } = gatewayLaunch(yard, servers);
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
    this.exited = once(this.#child, 'exit');
    this.#child.stdin.on('error', () => {}); // An ending, told by the exit.
    this.#child.stdout.setEncoding('latin1').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const id = /"id":"(m\d+)"/.exec(line.slice(0, 60))?.[1] ?? /"id":"(m\d+)"/.exec(line.slice(-60))?.[1];
        if (id === undefined) continue;
        this.#waiting.get(id)?.();
        this.#waiting.delete(id);
      }
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  say(message: object): void {
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  async ask(id: string, method: string, params: object): Promise<void> {
    const answered = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    this.say({ id, method, params });
    await answered;
  }

  /** At once: at the end of its input the guard would wait for the answers that are owed. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.exited;
  }
}

/** Round trips of the healthy server, one after the other: the slowest but two of two hundred, in ms. */
async function measure(names: readonly string[]): Promise<number> {
  const yard = new Yard();
  const restart = { maxExits: 3, firstDelayMs: 50 };
  const bad = names.map((name) => [name, entryOf(Yard.server(name), yard.home, { startTimeoutMs: 500, restart })]);
  const asker = new Asker(yard, { good: entryOf(Yard.server('echo'), yard.home), ...Object.fromEntries(bad) });
  await asker.ask('m0', 'initialize', { protocolVersion: '2025-11-25', capabilities: {} });
  asker.say({ method: 'notifications/initialized' });
  await asker.ask('m1', 'tools/list', {});
  for (const name of names)
    asker.say({ id: name, method: 'tools/call', params: { name: `${name}__x`, arguments: {} } });
  const times: number[] = [];
  for (let n = 10; n < CALLS + 10; n += 1) {
    const start = performance.now();
    await asker.ask(`m${n}`, 'tools/call', { name: 'good__echo', arguments: { n } });
    times.push(performance.now() - start);
  }
  expect(memoryOf(asker.pid).now).toBeLessThan(400);
  await asker.end();
  expect(await yard.close()).toEqual([]);
  return times.sort((a, b) => a - b)[CALLS - 3] ?? Number.POSITIVE_INFINITY;
}

const CROOKED = [
  ...['answers-late', 'banner', 'crashes-on-call', 'drips', 'duplicate-key-result', 'exits-with', 'forks-repeatedly'],
  ...['ignores-eof', 'ignores-sigterm', 'never-answers', 'never-reads', 'reuses-id', 'splits-utf8', 'unknown-ids'],
];
const FLOODING = ['floods-lines', 'floods-without-newline', 'huge-result', 'stderr-flood'];

// A call that waits for a neighbour waits for a second or for ever; the bound leaves room for a busy machine.
test.each([
  ['all that misbehave', CROOKED, 150],
  ['all that flood', FLOODING, 500],
] as const)('beside %s', async (_, names, boundMs) => {
  const alone = await measure([]);
  const beside = await measure(names);
  process.stdout.write(`p99 alone ${alone.toFixed(1)} ms, beside ${names.length} others ${beside.toFixed(1)} ms\n`);
  expect(beside).toBeLessThan(Math.max(alone * 1.5, boundMs));
});
