// A screen that may end before the servers do: those in trouble come first, in each guard; elsewhere they stand as in the config.
import { expect, it } from 'vitest';
import type { RunEntry } from '../../src/adapters/run-files.ts';
import { makePaint } from '../../src/cli/render.ts';
import { formatGuards } from '../../src/cli/status-screen.ts';
import type { ServerStanding } from '../../src/ports/guard-status.ts';

const server = (name: string, more: Partial<ServerStanding> = {}): ServerStanding => ({
  ...{ name, pid: 1, state: 'up', isolation: 'none', era: 'legacy', sinceMs: 0, restarts: 0, inFlight: 0 },
  ...{ lastError: null, breaker: 'closed', limit: '-', ...more },
});
const GUARD: RunEntry = {
  path: '/state/run/1.json',
  holder: { pid: 1, startTime: '1', bootId: 'b', pidNamespace: 'n' },
  ...{ liveness: 'alive', writtenMs: 0 },
  record: {
    ...{ version: 1, guard: '1', session: 's', tenant: 'default', principal: 'local:ada', client: 'c/1', startedMs: 0 },
    policy: { config: null, digest: null, sinceMs: 0, reload: null },
    servers: [
      server('fine'),
      server('idle', { pid: null, state: 'down', word: 'idle' }),
      server('open', { breaker: '1 tool open' }),
      server('unheard', { breaker: '-' }),
      server('gone', { pid: null, state: 'down' }),
      server('late', { word: 'late' }),
    ],
  },
};
const namesOf = (mayBeCut: boolean) =>
  formatGuards([GUARD], { columns: 80, paint: makePaint(false), nowMs: 0, pauseOf: () => undefined, mayBeCut })
    .map((line) => /^ {2}([a-z]+) /.exec(line)?.[1])
    .filter((name) => name !== undefined && name !== 'server' && name !== 'no');

it('brings what is in trouble to the top where the screen may be cut', () => {
  expect(namesOf(true)).toEqual(['open', 'gone', 'late', 'fine', 'idle', 'unheard']);
  expect(namesOf(false)).toEqual(['fine', 'idle', 'open', 'unheard', 'gone', 'late']);
});
