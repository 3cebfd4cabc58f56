// How long a healthy server's calls take beside servers that misbehave, and without them: in windows that alternate, in one guard, so
// that whatever else the machine does falls on both alike. Without: the neighbours' processes are stopped. Linux.
import { Asker } from './asker.ts';
import { entryOf, gatewayLaunch } from './gateway-stage.ts';
import { descendants, memoryOf, Yard } from './guarded.ts';

/** Calls in one window, one after the other. */
const WINDOW = 50;
/** Fewer say little about a hundredth. */
const FEWEST_ROUNDS = 10;
const SETTLE_MS = 60;

export interface Beside {
  /** p99 in ms. */
  readonly without: number;
  readonly beside: number;
  readonly medians: readonly [without: number, beside: number];
  readonly calls: number;
  /** Resident MiB of the guard at the end. */
  readonly memory: number;
  readonly left: readonly string[];
}

/**
 * Goes on for as long as `isEnough` says no of the two p99, and at most for `mostRounds` pairs of windows.
 * @param oneCallIn each neighbour is called at the beginning of one window of so many
 */
export async function compare(
  names: readonly string[],
  isEnough: (without: number, beside: number) => boolean,
  { mostRounds, oneCallIn }: { readonly mostRounds: number; readonly oneCallIn: number },
): Promise<Beside> {
  const yard = new Yard();
  const restart = { maxExits: 3, firstDelayMs: 50 };
  const bad = names.map((name) => [name, entryOf(Yard.server(name), yard.home, { startTimeoutMs: 500, restart })]);
  const servers = { good: entryOf(Yard.server('echo'), yard.home), ...Object.fromEntries(bad) };
  const asker = new Asker(gatewayLaunch(yard, servers));
  await asker.greet();
  const without: number[] = [];
  const beside: number[] = [];
  const call = (n: number) => asker.ask('tools/call', { name: 'good__echo', arguments: { n } });
  for (let n = 0; n < 2 * WINDOW; n += 1) await call(n);
  for (let round = 0; round < mostRounds; round += 1) {
    signal(asker.pid, names, 'SIGSTOP');
    await pass(SETTLE_MS);
    for (let n = 0; n < WINDOW; n += 1) without.push(await call(n));
    signal(asker.pid, names, 'SIGCONT');
    for (const name of round % oneCallIn === 0 ? names : [])
      asker.say({ id: `${name} ${round}`, method: 'tools/call', params: { name: `${name}__x`, arguments: {} } });
    await pass(SETTLE_MS);
    for (let n = 0; n < WINDOW; n += 1) beside.push(await call(n));
    if (round + 1 >= FEWEST_ROUNDS && isEnough(at(without, 0.99), at(beside, 0.99))) break;
  }
  const memory = memoryOf(asker.pid).now;
  signal(asker.pid, names, 'SIGCONT');
  await asker.end();
  return {
    ...{ without: at(without, 0.99), beside: at(beside, 0.99), medians: [at(without, 0.5), at(beside, 0.5)] },
    ...{ calls: without.length, memory, left: await yard.close() },
  };
}

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function at(times: readonly number[], part: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * part) - 1] ?? Number.NaN;
}

function signal(guard: number, names: readonly string[], what: 'SIGSTOP' | 'SIGCONT'): void {
  for (const { pid, command } of descendants(guard)) {
    const isNeighbour = names.some((name) => command.endsWith(`/${name}.mjs`)) && !command.includes('supervisor');
    if (!isNeighbour) continue;
    try {
      process.kill(pid, what);
    } catch {
      // It ended meanwhile.
    }
  }
}
