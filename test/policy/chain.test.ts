import { expect, it } from 'vitest';
import { EMPTY_BOARD } from '../../src/policy/breaker/board.ts';
import { SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../src/policy/breaker/breaker-settings.ts';
import { type ChainParts, createInterceptors } from '../../src/policy/chain.ts';
import { createMaskedNames } from '../../src/policy/masked-names.ts';
import { createRoster } from '../../src/policy/roster.ts';

const roster = createRoster(() => true);

const PARTS: ChainParts = {
  maxInFlight: 1,
  inventory: { name: 'inventory' },
  roster,
  scopes: new Map(),
  ownPaths: {
    own: () => ({ places: [], tails: new Set() }),
    portsOf: () => ({ realPath: () => undefined, homeDir: '/', bases: () => ['/'], windows: false }),
  },
  pins: undefined,
  limits: [],
  isPaused: () => false,
  bulkhead: {
    serverSettings: () => ({ maxInFlight: 1 }),
    toolSettings: () => ({ maxInFlight: 1, maxWaitMs: 1 }),
  },
  breaker: {
    store: {
      holder: 'me',
      moment: (now) => ({ ...now, bootId: 'boot' }),
      random: () => 0.5,
      read: () => EMPTY_BOARD,
      update: () => {},
      isGone: () => false,
    },
    settingsOf: (_, tool) => (tool === undefined ? SERVER_DEFAULTS : TOOL_DEFAULTS),
    toolsOf: roster.toolsOf,
    allToolsOf: roster.allOf,
    deadlineMsOf: () => 1,
    onTransition: () => {},
    resume: () => false,
  },
  hiding: undefined,
};

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
