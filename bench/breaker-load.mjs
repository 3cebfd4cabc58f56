// `npm run bench:breaker`: the same load with the breaker and without, and what the breaker costs when all is well. Writes
// docs/breaker-load.md and docs/breaker-load.svg.
import { writeFileSync } from 'node:fs';
import { arch, availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { BUDGET_US, measureCost } from './breaker-cost.mjs';
import { drawPicture } from './breaker-picture.mjs';
import { FAILING, HEALTHY, playScene, SCENE, WORKERS } from './breaker-scene.mjs';
import { percentile } from './statistics.mjs';
import { loadTypeScript } from './typescript.mjs';

const BUCKET_MS = 500;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { breakAtMs, healAtMs, endMs, deadlineMs, openMs } = SCENE;

const PHASES = [
  { name: 'all well', from: 0, to: breakAtMs },
  { name: 'three tools fail, first 4 s', from: breakAtMs, to: breakAtMs + 4_000 },
  { name: 'three tools fail, then', from: breakAtMs + 4_000, to: healAtMs },
  { name: 'healed, first 4 s', from: healAtMs, to: healAtMs + 4_000 },
  { name: 'healed, then', from: healAtMs + 4_000, to: endMs },
];

const isHealthy = ({ tool, outcome }) => HEALTHY.includes(tool) && outcome === 'answered';
const within = (calls, from, to) => calls.filter(({ atMs }) => atMs >= from && atMs < to);

function throughput(calls) {
  const healthy = calls.filter(isHealthy);
  const count = (from) => (within(healthy, from, from + BUCKET_MS).length * 1000) / BUCKET_MS;
  return Array.from({ length: endMs / BUCKET_MS }, (_, index) => [
    ((index + 0.5) * BUCKET_MS) / 1000,
    count(index * BUCKET_MS),
  ]);
}

function describePhase(calls, { from, to }) {
  const inPhase = within(calls, from, to);
  const healthy = inPhase.filter(isHealthy);
  const took = healthy.map(({ tookMs }) => tookMs);
  const failing = inPhase.filter(({ tool }) => FAILING.includes(tool));
  const waited = failing.filter(({ outcome }) => outcome === 'deadline').length;
  const refused = failing.filter(({ outcome }) => outcome === 'refused').length;
  return {
    perSecond: (healthy.length * 1000) / (to - from),
    p50: percentile(took, 50),
    p99: percentile(took, 99),
    sent: failing.length - refused,
    waited,
    refused,
  };
}

const number = (value) => Math.round(value).toLocaleString('en-US');
const ms = (value) => (value === undefined ? '-' : `${value.toFixed(0)}`);

function table(runs) {
  const rows = PHASES.flatMap((phase) =>
    runs.map(({ name, calls }) => {
      const { perSecond, p50, p99, sent, waited, refused } = describePhase(calls, phase);
      return `| ${phase.name} | ${name} | ${number(perSecond)} | ${ms(p50)} | ${ms(p99)} | ${number(sent)} | ${number(waited)} | ${number(refused)} |`;
    }),
  );
  return [
    '| | breaker | healthy calls, /s | p50, ms | p99, ms | calls sent to failing tools | of these hung until the deadline | refused at once |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

function page(runs, cost, load) {
  const failing = { from: breakAtMs, to: healAtMs };
  const [on, off] = runs.map(({ calls }) => describePhase(calls, failing).perSecond);
  const [low, high] = cost.range.map((one) => one.toFixed(2));
  return `# The breaker under load

Written by \`npm run bench:breaker\`; edit \`bench/\` instead. ${availableParallelism()} cores (${arch()}), Linux, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, load before the runs: ${load.toFixed(1)}.

![Healthy calls a second over ${endMs / 1000} s, with the breaker and without, while three of seven tools fail](breaker-load.svg)

In words: while three of seven tools fail, the four that work answer ${number(on)} calls a second with the breaker, ${number(off)} without.

${WORKERS} clients at once, through one guard, in front of one real server (official SDK): each calls seven tools in turn, again and again.
From second ${breakAtMs / 1000} to ${healAtMs / 1000} three of them fail: \`flaky\` answers \`-32603\` three times of five, \`down\` answers nothing but \`isError\`, \`hangs\` never
answers (deadline: ${deadlineMs / 1000} s; most hosts wait 60 s, which makes the difference larger). The others take 20 ms each. \`openMs\` is ${openMs / 1000} s here instead
of 30 s, to show both ends in one picture; a client that was refused goes on after ${Load.pauseMs} ms. Nothing else is configured.

${table(runs)}

Without the breaker the clients spend their time in \`hangs\`: each healthy call is as fast as before, but few are made. With it, one call in a while
tries a failing tool out. Its price: once a tool has healed, its calls are refused until the opening is over, which has doubled with each
failed probe.

## What it costs when all is well

${cost.us.toFixed(2)} µs of CPU a call (${low} … ${high}; median and range of ${cost.rounds} rounds of ${number(cost.calls)} calls; budget ${BUDGET_US} µs), and ${cost.wrote ? '**it wrote to the disk**' : 'nothing is written'}: \`node bench/breaker-cost.mjs\`.
`;
}

const load = loadavg()[0];
const { Load } = await loadTypeScript('test/e2e/breaker-load.ts');
const runs = [
  { name: 'on', kind: 'with', label: 'breaker on', calls: await playScene({ Load, mode: 'enforce' }) },
  { name: 'off', kind: 'without', label: 'breaker off', calls: await playScene({ Load, mode: 'off' }) },
];
const cost = await measureCost();
const picture = drawPicture({
  title: `Healthy calls a second over ${endMs / 1000} seconds, with the breaker and without`,
  lines: runs.map(({ kind, label, calls }) => ({ kind, label, points: throughput(calls) })),
  band: [breakAtMs / 1000, healAtMs / 1000],
  bandLabel: 'three of seven tools fail',
  endS: endMs / 1000,
  unit: 'healthy calls a second',
});
const [directory = here('../docs')] = process.argv.slice(2);
writeFileSync(`${directory}/breaker-load.svg`, picture);
writeFileSync(`${directory}/breaker-load.md`, page(runs, cost, load));
