// Holds the guard's figures against the budget. Formats nothing, measures nothing.
import { summarize } from './figures.mjs';
import { TARGETS } from './targets.mjs';

/** `goal`, `met`, `missed`, or `unknown` where nothing was measured. A target under a config has a budget of its own for the start. */
export function judge(summary, { atMost, budget, goal, configBudget }, isConfig) {
  if (summary.compared === undefined) return 'unknown';
  const keeps = (limit) => (atMost ? summary.compared <= limit : summary.compared >= limit);
  if (keeps(goal)) return 'goal';
  return keeps(isConfig ? (configBudget ?? budget) : budget) ? 'met' : 'missed';
}

/** Every cell of the budget table for those guard targets that were run: `{ target, key, summary, verdict }`. */
export function judgeAll(rounds, targets, budgets) {
  const guards = targets.filter((name) => name.startsWith('mcp-guard'));
  return guards.flatMap((target) =>
    Object.entries(budgets).map(([key, budget]) => {
      const summary = summarize(rounds, target, key);
      const isJudged = TARGETS[target]?.judged?.includes(key) ?? true;
      return { target, key, summary, verdict: isJudged ? judge(summary, budget, target !== 'mcp-guard') : 'unknown' };
    }),
  );
}

/** How far the floor may lie from where it lay when the budget was set, as a factor in either direction. */
const FLOOR_TOLERANCE = 1.35;

/** The figures whose floor has moved: their verdicts say as much about the machine, or its load, as about the guard. */
export function listMovedFloors(rounds, budgets) {
  return Object.keys(budgets).filter((key) => {
    const { compared } = summarize(rounds, 'audit-wal', key);
    if (compared === undefined) return false;
    const factor = compared / budgets[key].floor;
    return !(factor <= FLOOR_TOLERANCE && factor >= 1 / FLOOR_TOLERANCE);
  });
}
