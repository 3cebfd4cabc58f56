// How two patterns (policy/pattern.ts) relate: whether one matches all that another does, whether any text fits both. For
// advice: `covers` may miss a case, and is never wrong when it says yes.

/** Whether all that `narrow` matches is matched by `wide`. */
export function covers(wide: string, narrow: string): boolean {
  const head = wide.search(/[*?]/);
  if (head === -1) return wide === narrow;
  // most pairs differ before the first wildcard
  if (!narrow.startsWith(wide.slice(0, head))) return false;
  // each wildcard of `narrow` must be taken by one of `wide` that takes at least as much
  return walk(wide, narrow, (w, n, go) => {
    const [head, next] = [wide[w], narrow[n]];
    if (head === '*') return go(w + 1, n) || (n < narrow.length && go(w, n + 1));
    if (n >= narrow.length || head === undefined || next === '*') return false;
    return (head === '?' || (head === next && next !== '?')) && go(w + 1, n + 1);
  });
}

/** Whether there is any text that both match. */
export function overlaps(left: string, right: string): boolean {
  return walk(left, right, (l, r, go) => {
    const [a, b] = [left[l], right[r]];
    if (a === '*') return go(l + 1, r) || (r < right.length && go(l, r + 1));
    if (b === '*') return go(l, r + 1) || (l < left.length && go(l + 1, r));
    if (a === undefined || b === undefined) return false;
    return (a === '?' || b === '?' || a === b) && go(l + 1, r + 1);
  });
}

type Go = (left: number, right: number) => boolean;

/** Each pair of places is looked at once, so that it costs at most |left|·|right|. Patterns have at most 256 characters. */
function walk(left: string, right: string, step: (l: number, r: number, go: Go) => boolean): boolean {
  const known = new Map<number, boolean>();
  const go: Go = (l, r) => {
    if (l === left.length && r === right.length) return true;
    const key = l * (right.length + 1) + r;
    const hit = known.get(key);
    if (hit !== undefined) return hit;
    known.set(key, false);
    const found = step(l, r, go);
    known.set(key, found);
    return found;
  };
  return go(0, 0);
}

export function isWild(pattern: string): boolean {
  return /[*?]/.test(pattern);
}
