// The order in which the policies are asked, and which of them are there only where a config wants them.
import { expect, it } from 'vitest';
import { createInterceptors } from '../../src/policy/chain.ts';
import { createMaskedNames } from '../../src/policy/masked-names.ts';
import { bareParts } from './bare-parts.ts';

const PARTS = bareParts();

it('the order of the policies is this', () => {
  expect(createInterceptors(PARTS).map((one) => one.name)).toEqual([
    'inventory',
    'roster',
    'scope',
    'own-paths',
    'concurrency',
    'switched-off',
    'bulkhead',
    'crash-trial',
    'breaker',
  ]);
});

it('the pins come once the arguments are judged, before a call takes a place', () => {
  const names = createInterceptors({ ...PARTS, pins: { name: 'pins' } }).map((one) => one.name);
  expect(names.slice(3, 6)).toEqual(['own-paths', 'pins', 'concurrency']);
});

it('the list is touched only where a config hides what is switched off', () => {
  expect(createInterceptors({ ...PARTS, hiding: ['files'] }).map((one) => one.name)).toEqual([
    'inventory',
    'roster',
    'scope',
    'own-paths',
    'concurrency',
    'switched-off',
    'bulkhead',
    'crash-trial',
    'breaker',
    'hide',
  ]);
});

it('who the session is comes before everything else', () => {
  const names = createInterceptors({ ...PARTS, identity: { name: 'identity' } }).map((one) => one.name);
  expect(names.slice(0, 2)).toEqual(['identity', 'inventory']);
});

it('whoever keeps or shows names is asked of masked ones; the scope judges the name that was called', () => {
  const wrapped: string[] = [];
  const names = createMaskedNames(undefined);
  createInterceptors({
    ...PARTS,
    pins: { name: 'pins' },
    limits: [{ name: 'rate' }],
    hiding: { includes: () => true },
    names: {
      ...names,
      wrap: (inner) => {
        wrapped.push(inner.name);
        return inner;
      },
    },
  });
  expect(wrapped).toEqual(
    expect.arrayContaining(['inventory', 'pins', 'rate', 'switched-off', 'bulkhead', 'crash-trial', 'breaker', 'hide']),
  );
  expect(wrapped).not.toContain('scope');
});
