// Writes the page: figures, verdicts and how they came about, as Markdown. Measures nothing.
import { FIGURES, listFailures, summarize } from './figures.mjs';
import { TARGETS } from './targets.mjs';

const NOTHING = '–';

const format = (number, digits) =>
  number.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Three significant digits, never more than two decimals. */
const plain = (number) => format(number, Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2);

const FORMS = {
  added: (number) => `${number < 0 ? '−' : '+'}${format(Math.abs(number), 0)} ms`,
  ratio: (number) => `${format(number, 2)}×`,
  value: (number) => format(number, 0),
};

function formatLimit(key, number, atMost) {
  return `${atMost ? '≤' : '≥'} ${FORMS[FIGURES[key].compare](number)}`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function budgetTable({ rounds, budgets, cells, targets }) {
  const keys = Object.keys(budgets);
  const show = (key, summary) =>
    summary.compared === undefined ? NOTHING : FORMS[FIGURES[key].compare](summary.compared);
  const verdicts = { goal: ' goal', met: ' met', missed: ' **missed**', unknown: '' };
  const rows = [
    ['budget', ...keys.map((key) => formatLimit(key, budgets[key].budget, budgets[key].atMost))],
    [
      'budget, with a config',
      ...keys.map((key) => formatLimit(key, budgets[key].configBudget ?? budgets[key].budget, budgets[key].atMost)),
    ],
    ['goal', ...keys.map((key) => formatLimit(key, budgets[key].goal, budgets[key].atMost))],
    ['`audit-wal` when the budget was set', ...keys.map((key) => FORMS[FIGURES[key].compare](budgets[key].floor))],
  ];
  if (targets.includes('audit-wal')) {
    rows.push(['`audit-wal`, this run', ...keys.map((key) => show(key, summarize(rounds, 'audit-wal', key)))]);
  }
  for (const target of new Set(cells.map((cell) => cell.target))) {
    const own = cells.filter((cell) => cell.target === target);
    rows.push([
      `**\`${target}\`**`,
      ...own.map(({ key, summary, verdict }) => `${show(key, summary)}${verdicts[verdict]}`),
    ]);
  }
  return table(['against `direct`, same run', ...keys.map((key) => FIGURES[key].title)], rows);
}

function movedFloors(keys) {
  if (keys.length === 0) return '';
  const titles = keys.map((key) => FIGURES[key].title).join(', ');
  return `\n**The floor has moved** since the budget was set (${titles}): another machine, or a disturbed run. The verdicts in
these columns are not to be trusted; compare the guard with \`audit-wal\` in this run.\n`;
}

function limitsList(cells, limits) {
  const missed = cells.filter(({ verdict }) => verdict === 'missed');
  if (missed.length === 0) return 'Every figure that was measured keeps its budget.';
  const lines = missed.map(({ target, key, summary }) => {
    const why = limits[`${target}.${key}`] ?? limits[key] ?? 'not explained yet.';
    return `- \`${target}\`, ${FIGURES[key].title}, ${FORMS[FIGURES[key].compare](summary.compared)}: ${why}`;
  });
  return lines.join('\n');
}

function figureTable({ rounds, targets }, keys) {
  const used = keys.filter((key) => targets.some((target) => summarize(rounds, target, key).value !== undefined));
  const cell = (target, key) => {
    const { value, compared, low, high } = summarize(rounds, target, key);
    const { compare } = FIGURES[key];
    if (value === undefined) return NOTHING;
    if (compare === 'value') return target === 'direct' ? NOTHING : plain(value);
    if (target === 'direct' || compared === undefined) return plain(value);
    return `${plain(value)} (${FORMS[compare](compared)}; ${FORMS[compare](low)} … ${FORMS[compare](high)})`;
  };
  const head = ['', ...used.map((key) => [FIGURES[key].title, FIGURES[key].unit].filter(Boolean).join(', '))];
  return table(
    head,
    targets.map((target) => [`\`${target}\``, ...used.map((key) => cell(target, key))]),
  );
}

function failureList(rounds) {
  const failures = listFailures(rounds);
  if (failures.length === 0) return 'None: every answer was checked, and no process was left behind.';
  return failures.map((f) => `- \`${f.target}\`: ${f.text} (in ${f.rounds} of ${rounds.length} rounds)`).join('\n');
}

/** `run`: { rounds, targets, counts, budgets, cells, movedFloors, limits, machine, date, pinned }. Holds no host name and no path. */
export function renderPage(run) {
  const { rounds, targets, counts, machine } = run;
  const loads = rounds.map(({ load }) => load.toFixed(1)).join(', ');
  const stolen = rounds.map(({ stolenShare }) => `${(stolenShare * 100).toFixed(1)} %`).join(', ');
  return `# What the guard costs

Written by \`npm run bench\`; edit \`bench/\` instead. Every figure of a target stands beside \`direct\` (the same server
without anything in front) in the same round: trust the comparisons, measure absolute figures again on your machine.

${machine.cores} cores (${machine.arch}), Linux, Node ${machine.node}, ${run.date}, ${rounds.length} rounds. Load before each round: ${loads}; taken by the
hypervisor: ${stolen}. A load well above 0 before the first round means that others were working on the machine.

## Against the budget

${budgetTable(run)}
${movedFloors(run.movedFloors)}
### What limits the missed ones

${limitsList(run.cells, run.limits)}

## All figures

Median of the rounds, in parentheses the median of the per-round comparisons to \`direct\` and their range.

### Start and small calls

${figureTable(run, ['start', 'first', 'p50', 'p99', 'inFlight'])}

### Large messages and long lists

${figureTable(run, ['results', 'args', 'list10', 'list1000', 'list10000', 'firstList'])}

### Memory and CPU of the wrapper alone

${figureTable(run, ['idleMiB', 'peakMiB', 'shells', 'shellsMiB', 'idleCpu', 'cpuCall', 'cpuInFlight', 'cpuResult', 'cpuArgs', 'startAgain'])}

### Failures

${failureList(rounds)}

## The targets

${targets.map((name) => `- \`${name}\`: ${TARGETS[name].what}`).join('\n')}

## How it is measured

- Every round runs every target once, each in a measuring process of its own, in an order that turns by one each round.
  A comparison is made within a round; what is quoted is the median over the rounds.
- Start: ${counts.starts} starts a round, from the start of the process to the answer to \`initialize\`.
- Round trip: ${format(counts.roundTrips, 0)} calls, one at a time, after ${format(counts.warmUp, 0)} that warm up, ${run.pinned ? 'everything on one CPU' : '**not on one CPU, as `taskset` is missing**'}.
- 64 in flight: ${format(counts.inFlightCalls, 0)} small calls after ${format(counts.inFlightWarmUp, 0)} that warm up.
- Large: ${counts.largeCalls} results and ${counts.largeCalls} arguments of 1 MB (10⁶ bytes), one at a time, no two alike; the content is compared
  in the warm-up, length and stamp always.
- Lists: the same list again and again, as hosts ask that list before each turn; what the first one of a session costs, cold code
  included, stands beside it.
- Memory: of the wrapper's own Node process. Idle is the resident set after one call and half a second of rest; the peak is
  \`VmHWM\` after the small calls in flight, the 1 MB results and the 1 MB arguments of one session. Shells that only
  wait (the supervisor) are counted beside it.
- "Start with a long trail": what a start costs more once the trail of all these calls (about ${format(Math.round((counts.largeCalls * 2 + 20) / 10) * 10, 0)} MB) lies in the state directory.
- A target gets an environment of its own, with state, config and temporary files in a folder that is removed afterwards.

## How to reproduce

\`\`\`
npm ci
npm run bench                  # all targets, under eight minutes; writes this page
npm run bench -- --quick       # about a minute, prints only
npm run bench -- --targets audit-wal,mcp-guard --rounds 3
node bench/profile.mjs         # where the guard's time goes
\`\`\`

Linux only: memory and CPU time are read from \`/proc\`. Have nothing else running.
`;
}
