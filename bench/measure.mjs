// Measures one target once, in a process of its own, so that no target inherits another's heap or compiled code.
// Prints one JSON object. Must not know of rounds, ratios or budgets.
//
//   node bench/measure.mjs TARGET PHASE,PHASE… COUNTS-AS-JSON
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureIdle } from './phases/idle.mjs';
import { measureList } from './phases/list.mjs';
import { measureLoad } from './phases/load.mjs';
import { measureRoundTrip } from './phases/round-trip.mjs';
import { measureStart } from './phases/start.mjs';
import { endAll, listMarked } from './processes.mjs';
import { StdioClient } from './stdio-client.mjs';
import { environmentIn, TARGETS } from './targets.mjs';

const PHASES = {
  start: measureStart,
  idle: measureIdle,
  roundTrip: measureRoundTrip,
  list: measureList,
  load: measureLoad,
  // After `load`: the trail of all calls so far lies in the state directory. A start must not cost more for it.
  startAgain: measureStart,
};
const PHASE_LIMIT_MS = 60_000;

const [targetName, phaseNames, countsJson] = process.argv.slice(2);
const target = TARGETS[targetName];
const scratch = mkdtempSync(join(tmpdir(), 'mcp-guard-bench-'));
const marker = `${process.pid}-${Date.now()}`;
const env = environmentIn(scratch, marker);
const open = (toolCount = 10) => new StdioClient(target.argv(toolCount, scratch), { env, cwd: scratch });

function withLimit(work) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up after ${PHASE_LIMIT_MS / 1000} s`)), PHASE_LIMIT_MS);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

/** Ends what a phase left behind (above all one that failed): everything started here carries the marker. */
function endLeftovers() {
  const left = listMarked(`BENCH_RUN=${marker}`);
  endAll(left);
  return left.length;
}

const figures = {};
const failures = [];
for (const name of phaseNames.split(',')) {
  if (name === 'startAgain' && !target.keepsTrail) continue;
  let isDone = false;
  try {
    figures[name] = await withLimit(PHASES[name]({ open, counts: JSON.parse(countsJson) }));
    isDone = true;
  } catch (cause) {
    failures.push(`${name}: ${cause.message}`);
  }
  const left = endLeftovers();
  if (left > 0 && isDone) failures.push(`${name}: ${left} processes were left behind`);
}
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify({ figures, failures })}\n`, () => process.exit(0));
