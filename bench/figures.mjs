// The figures: where each stands in a measurement, and how it compares to `direct`. Formats nothing.
import { median } from './statistics.mjs';

// `compare`: `added` and `ratio` are taken against `direct` in the same round; `value` stands for itself.
export const FIGURES = {
  start: { title: 'start → `initialize`', unit: 'ms', compare: 'added', read: (m) => m.start?.ms },
  first: { title: 'p50 of the first 100 calls', unit: 'µs', compare: 'ratio', read: (m) => m.roundTrip?.firstUs },
  p50: { title: 'p50, one CPU', unit: 'µs', compare: 'ratio', read: (m) => m.roundTrip?.p50Us },
  p99: { title: 'p99, one CPU', unit: 'µs', compare: 'ratio', read: (m) => m.roundTrip?.p99Us },
  inFlight: { title: '64 in flight', unit: '/s', compare: 'ratio', read: (m) => m.load?.inFlight.perSecond },
  results: { title: '1 MB results', unit: 'MB/s', compare: 'ratio', read: (m) => m.load?.results.perSecond },
  args: { title: '1 MB arguments', unit: 'MB/s', compare: 'ratio', read: (m) => m.load?.args.perSecond },
  list10: { title: '`tools/list` of 10', unit: 'ms', compare: 'ratio', read: (m) => m.list?.[10]?.ms },
  list1000: { title: '`tools/list` of 1,000', unit: 'ms', compare: 'ratio', read: (m) => m.list?.[1000]?.ms },
  list10000: { title: '`tools/list` of 10,000', unit: 'ms', compare: 'ratio', read: (m) => m.list?.[10_000]?.ms },
  firstList: {
    title: 'the first `tools/list` of 10,000',
    unit: 'ms',
    compare: 'ratio',
    read: (m) => m.list?.[10_000]?.firstMs,
  },
  idleMiB: { title: 'idle RSS', unit: 'MiB', compare: 'value', read: (m) => m.idle?.residentMiB },
  peakMiB: { title: 'peak RSS', unit: 'MiB', compare: 'value', read: (m) => m.load?.peakMiB },
  shells: { title: 'shells beside it', unit: '', compare: 'value', read: (m) => m.idle?.shells },
  shellsMiB: { title: 'RSS of the shells', unit: 'MiB', compare: 'value', read: (m) => m.idle?.shellsMiB },
  idleCpu: { title: 'CPU at rest', unit: 'ms/s', compare: 'value', read: (m) => m.idle?.cpuMsPerS },
  cpuCall: { title: 'CPU per call', unit: 'µs', compare: 'value', read: (m) => m.roundTrip?.cpuUs },
  cpuInFlight: {
    title: 'CPU per call, 64 in flight',
    unit: 'µs',
    compare: 'value',
    read: (m) => m.load?.inFlight.cpuUs,
  },
  cpuResult: { title: 'CPU per 1 MB result', unit: 'µs', compare: 'value', read: (m) => m.load?.results.cpuUs },
  cpuArgs: { title: 'CPU per 1 MB arguments', unit: 'µs', compare: 'value', read: (m) => m.load?.args.cpuUs },
  startAgain: {
    title: 'start with a long trail',
    unit: 'ms',
    compare: 'value',
    read: (m) => m.startAgain && m.startAgain.ms - m.start.ms,
  },
};

function compareInRound(figure, own, direct) {
  if (own === undefined) return undefined;
  if (figure.compare === 'value') return own;
  if (direct === undefined) return undefined;
  return figure.compare === 'added' ? own - direct : own / direct;
}

/**
 * The figure of one target over all rounds: `{ value, compared, low, high }`, each undefined where nothing was measured.
 * `value` is the median; `compared` the median of the per-round comparisons to `direct`, `low` and `high` their range.
 */
export function summarize(rounds, target, key) {
  const figure = FIGURES[key];
  const read = (round, name) => figure.read(round.results[name]?.figures ?? {});
  const isKnown = (number) => number !== undefined;
  const values = rounds.map((round) => read(round, target)).filter(isKnown);
  const compared = rounds
    .map((round) => compareInRound(figure, read(round, target), read(round, 'direct')))
    .filter(isKnown);
  if (compared.length === 0) return { value: median(values) };
  return {
    value: median(values),
    compared: median(compared),
    low: Math.min(...compared),
    high: Math.max(...compared),
  };
}

/** `{ target, text, rounds }` for everything that went wrong, the same text once. */
export function listFailures(rounds) {
  const seen = new Map();
  for (const { results } of rounds) {
    for (const [target, { failures }] of Object.entries(results)) {
      for (const text of failures) {
        const key = `${target}: ${text}`;
        seen.set(key, { target, text, rounds: (seen.get(key)?.rounds ?? 0) + 1 });
      }
    }
  }
  return [...seen.values()];
}
