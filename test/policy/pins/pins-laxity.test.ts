// A finding is told with what is done about it: held back, or let pass because the server is only observed or paused.
import { expect, test } from 'vitest';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { createPins } from '../../../src/policy/pins/pins.ts';

const NOW = { wallMs: 0, monoMs: 0 };
const view = (method: string): RequestView => ({
  ...{ asked: 'client', upstream: 'files', method, tool: undefined, params: {}, modern: false },
});

test.each([
  ['enforced', { isObserved: false, isPaused: false }, undefined],
  ['observed', { isObserved: true, isPaused: false }, 'observe'],
  ['paused', { isObserved: false, isPaused: true }, 'pause'],
])('%s', (_, { isObserved, isPaused }, by) => {
  const told: unknown[] = [];
  const known = { pins: { tools: new Map(), instructions: undefined }, hasInstructions: true };
  const pins = createPins({
    servers: new Map([['files', { known, since: 'approved', config: undefined, isObserved }]]),
    isPaused: () => isPaused,
    onFinding: ({ kind }, laxity) => told.push([kind, laxity]),
    onListed: () => {},
  });
  const greeting = pins.onResponse?.(view('initialize'), { instructions: 'new' }, NOW);
  const list = pins.onResponse?.(view('tools/list'), { tools: [{ name: 'new' }] }, NOW);
  expect(told).toEqual([
    ['instructions', by],
    ['added', by],
  ]);
  expect([greeting, list].map((one) => one?.[0]?.kind)).toEqual(
    by === undefined ? ['drop', 'remove'] : [undefined, undefined],
  );
});
