// What the chain of policies is made of where a test is about none of it: everything is granted a place, nothing fails, nothing is kept.
import { EMPTY_BOARD } from '../../src/policy/breaker/board.ts';
import { SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../src/policy/breaker/breaker-settings.ts';
import type { ChainParts } from '../../src/policy/chain.ts';
import { createRoster } from '../../src/policy/roster.ts';

export const NO_OWN_PATHS: ChainParts['ownPaths'] = {
  own: () => ({ places: [], tails: new Set() }),
  portsOf: () => ({ realPath: () => undefined, homeDir: '/', bases: () => ['/'], windows: false }),
};

/** A roster of its own each time. */
export function bareParts(more: Partial<ChainParts> = {}): ChainParts {
  const roster = createRoster(() => true);
  return {
    ...{ maxInFlight: 1_000, inventory: { name: 'inventory' }, roster, scopes: new Map(), ownPaths: NO_OWN_PATHS },
    ...{ pins: undefined, limits: [], isPaused: () => false, hiding: undefined },
    bulkhead: {
      serverSettings: () => ({ maxInFlight: 1_000 }),
      toolSettings: () => ({ maxInFlight: 1_000, maxWaitMs: 1 }),
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
    ...more,
  };
}
