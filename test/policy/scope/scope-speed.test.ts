// Ten thousand grants and ten thousand tools: what compiling and deciding may cost. Margins are wide, for slow machines.
import { expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import { decideUse } from '../../../src/policy/scope/scope-decision.ts';
import { layersOf } from './make-scope.ts';

const MANY = 10_000;
const NAMES = Array.from({ length: MANY }, (_, index) => `server_tool_${index}_${index % 7 === 0 ? 'write' : 'read'}`);

/** Processor time in ms: what the machine does meanwhile is no cost of ours. */
function timed(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

test.each<[string, (name: string, index: number) => string]>([
  ['exact names', (name) => name],
  [
    'a mixture',
    (name, index) => [name, `server_tool_${index}_*`, `*tool_${index}_*`, `*${index}_re?d`][index % 4] ?? name,
  ],
])('10,000 grants: %s', (_, patternOf) => {
  const document: ScopeDocument = {
    grants: NAMES.map((name, index) => ({ tool: patternOf(name, index) })),
    deny: [{ tool: '*_42_*' }],
  };
  let layers = layersOf({});
  const compileMs = timed(() => {
    layers = layersOf(document);
  });
  let granted = 0;
  const decideMs = timed(() => {
    for (const name of NAMES) if (decideUse(layers, 'tool', name, undefined, 0).granted) granted += 1;
  });
  const list = { tools: NAMES.map((name) => ({ name })) };
  const policy = createScopePolicy(new Map([['s', { layers, mode: 'enforce' }]]));
  const view = {
    asked: 'client',
    upstream: 's',
    method: 'tools/list',
    tool: undefined,
    params: {},
    modern: false,
  } as const;
  const listMs = timed(() => policy.onResponse?.(view, list, { wallMs: 0, monoMs: 0 }));
  if (process.env.SHOW_SPEED !== undefined) {
    console.log(
      `compile ${compileMs.toFixed(1)} ms, a decision ${((decideMs / MANY) * 1000).toFixed(2)} µs, list ${listMs.toFixed(1)} ms`,
    );
  }
  expect(granted).toBeGreaterThan(MANY / 2);
  // the budgets: 300 ms and 20 µs
  expect(compileMs).toBeLessThan(900);
  expect(decideMs / MANY).toBeLessThan(0.06);
});
