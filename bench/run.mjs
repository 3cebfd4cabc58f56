// `npm run bench`: measures all targets in alternating rounds and writes docs/performance.md. Table of contents only.
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { listFailures } from './figures.mjs';
import { judgeAll, listMovedFloors } from './judgement.mjs';
import { HELP, readOptions } from './options.mjs';
import { renderPage } from './report.mjs';
import { canPin, runRounds } from './rounds.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(here(path), 'utf8'));

async function main() {
  const options = readOptions(process.argv.slice(2), here('../docs/performance.md'));
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const { targets, counts } = options;
  const rounds = await runRounds({
    ...options,
    onRound: (n, { load }) =>
      process.stderr.write(`round ${n} of ${options.rounds} done (load before it: ${load.toFixed(1)})\n`),
  });
  if (options.raw !== undefined) writeFileSync(options.raw, `${JSON.stringify(rounds)}\n`);
  const budgets = readJson('./budget.json');
  const page = renderPage({
    rounds,
    targets,
    counts,
    budgets,
    cells: judgeAll(rounds, targets, budgets),
    movedFloors: listMovedFloors(rounds, budgets),
    limits: readJson('./limits.json'),
    machine: { cores: availableParallelism(), arch: arch(), node: process.versions.node },
    date: new Date().toISOString().slice(0, 10),
    pinned: canPin(),
  });
  if (options.out === undefined) process.stdout.write(page);
  else writeFileSync(options.out, page);
  // A missed budget is a finding; a target that fails or answers wrongly makes the run worthless.
  const failures = listFailures(rounds);
  for (const { target, text } of failures) process.stderr.write(`${target}: ${text}\n`);
  if (failures.length > 0) process.exitCode = 1;
}

main().catch((cause) => {
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = 64;
});
