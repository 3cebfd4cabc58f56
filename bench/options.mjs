// Reads the command line of `npm run bench`. Starts nothing.
import { parseArgs } from 'node:util';
import { FULL, QUICK } from './counts.mjs';
import { TARGETS } from './targets.mjs';

export const HELP = `usage: npm run bench -- [--quick] [--rounds N] [--targets a,b] [--out FILE] [--raw FILE]

  --quick         about a minute, three rounds, fewer targets; prints, and writes no file unless --out names one
  --rounds N      rounds at most (fewer where the time is up)
  --targets a,b   of ${Object.keys(TARGETS).join(', ')}; direct is always among them
  --out FILE      where the page goes (default docs/performance.md; not with --quick or --targets)
  --raw FILE      every figure of every round, as JSON
`;

/** Throws with a text for the user where an option makes no sense. */
export function readOptions(argv, defaultOut) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      targets: { type: 'string' },
      out: { type: 'string' },
      raw: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const plan = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? plan.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds takes a positive integer, not \`${values.rounds}\``);
  const targets = values.targets === undefined ? plan.targets : ['direct', ...values.targets.split(',')];
  const unknown = targets.filter((name) => !Object.hasOwn(TARGETS, name));
  if (unknown.length > 0)
    throw new Error(`no target \`${unknown.join('`, `')}\`: there are ${Object.keys(TARGETS).join(', ')}`);
  const isWhole = !values.quick && values.targets === undefined;
  return {
    help: values.help,
    rounds,
    // Whoever asks for a number of rounds has the time for them.
    limitMs: values.rounds === undefined ? plan.limitMs : Number.POSITIVE_INFINITY,
    targets: [...new Set(targets)],
    counts: plan.counts,
    out: values.out ?? (isWhole ? defaultOut : undefined),
    raw: values.raw,
  };
}
