// Medians and percentiles. Knows nothing of what is measured.

const ascending = (numbers) => Float64Array.from(numbers).sort();

/** The middle value, or the mean of the two middle ones; undefined of nothing. */
export function median(numbers) {
  const sorted = ascending(numbers);
  if (sorted.length === 0) return undefined;
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Nearest-rank percentile, `rank` in 0 … 100. */
export function percentile(numbers, rank) {
  const sorted = ascending(numbers);
  return sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)];
}
