// How many tools of a server could be called over a time, and how many of them had been used by then. Pure; knows no record, no
// screen and no clock. INVARIANT: what is not known is undefined, never a guess.

/** One recorded change. Milliseconds since the epoch. */
export interface SurfaceStep {
  readonly atMs: number;
  readonly before: number;
  readonly after: number;
}

export interface SurfaceFacts {
  /** Oldest first. */
  readonly steps: readonly SurfaceStep[];
  /** Tools that can be called now. */
  readonly granted: number;
  /** When each tool that can be called now was used first; of those that ever were. */
  readonly firstUses: readonly number[];
  /** The oldest record of the server: of what was before nothing is known. Undefined: there is none. */
  readonly sinceMs: number | undefined;
}

export interface SurfacePoint {
  /** The end of the span that it stands for. */
  readonly atMs: number;
  /** Undefined: not recorded. */
  readonly granted: number | undefined;
  /** Undefined: before the record begins. */
  readonly used: number | undefined;
}

/** `count` points that share the time evenly; the last is now. @param fromMs before `toMs` */
export function buildSeries(facts: SurfaceFacts, fromMs: number, toMs: number, count: number): readonly SurfacePoint[] {
  const stepMs = (toMs - fromMs) / count;
  return Array.from({ length: count }, (_, index): SurfacePoint => {
    const isNow = index === count - 1;
    const atMs = isNow ? toMs : fromMs + stepMs * (index + 1);
    return { atMs, granted: isNow ? facts.granted : grantedAt(facts, atMs), used: usedAt(facts, atMs) };
  });
}

/** Between two changes what the earlier one made; before the first what that one found. */
function grantedAt({ steps, sinceMs }: SurfaceFacts, atMs: number): number | undefined {
  const last = steps.findLast((step) => step.atMs <= atMs);
  if (last !== undefined) return last.after;
  const isRecorded = sinceMs !== undefined && sinceMs <= atMs;
  return isRecorded ? steps[0]?.before : undefined;
}

function usedAt({ firstUses, sinceMs }: SurfaceFacts, atMs: number): number | undefined {
  if (sinceMs === undefined || sinceMs > atMs) return undefined;
  return firstUses.filter((firstMs) => firstMs <= atMs).length;
}
