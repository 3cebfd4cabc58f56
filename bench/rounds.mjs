// Runs every target once a round, alternating, in an order that turns by one each round. Knows nothing of figures.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

const MEASURE = fileURLToPath(new URL('./measure.mjs', import.meta.url));
const FREE_PHASES = 'start,idle,list,load,startAgain';
const PINNED_PHASES = 'roundTrip';

export const canPin = () => spawnSync('taskset', ['-V']).status === 0;

/** One process that measures one target; its failures are text, never an exception. */
function measure(prefix, target, phases, counts) {
  const [command, ...args] = [...prefix, process.execPath, MEASURE, target, phases, JSON.stringify(counts)];
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.once('close', (code) => {
      try {
        resolve(JSON.parse(output));
      } catch {
        resolve({ figures: {}, failures: [`measuring ${phases} ended with ${code} and no result`] });
      }
    });
  });
}

/** Jiffies that the hypervisor gave to others, and all jiffies (proc(5), the `cpu` line). */
function readStolen() {
  const [, ...fields] = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0].split(/\s+/);
  const jiffies = fields.slice(0, 8).map(Number);
  return { stolen: jiffies[7], all: jiffies.reduce((sum, one) => sum + one, 0) };
}

async function runRound(order, counts, pin) {
  const load = loadavg()[0];
  const before = readStolen();
  const results = {};
  for (const target of order) {
    const free = await measure([], target, FREE_PHASES, counts);
    const pinned = await measure(pin, target, PINNED_PHASES, counts);
    results[target] = {
      figures: { ...free.figures, ...pinned.figures },
      failures: [...free.failures, ...pinned.failures],
    };
  }
  const after = readStolen();
  return { load, stolenShare: (after.stolen - before.stolen) / (after.all - before.all), results };
}

/** Resolves with one entry a round: fewer than `rounds` where another one would go beyond `limitMs`. */
export async function runRounds({ targets, rounds, limitMs, counts, onRound }) {
  const pin = canPin() ? ['taskset', '-c', String(availableParallelism() - 1)] : [];
  const startedAt = performance.now();
  const done = [];
  let longestMs = 0;
  for (let i = 0; i < rounds && performance.now() - startedAt + longestMs < limitMs; i++) {
    const roundAt = performance.now();
    const turn = i % targets.length;
    done.push(await runRound([...targets.slice(turn), ...targets.slice(0, turn)], counts, pin));
    longestMs = Math.max(longestMs, performance.now() - roundAt);
    onRound(done.length, done.at(-1));
  }
  return done;
}
