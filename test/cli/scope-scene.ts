// A policy in the notation of a config, servers that offer what a test says, and a clock by hand, for the commands of `scope`.
import type { ExplainScene } from '../../src/cli/scope-explain.ts';
import type { FurtherLayers } from '../../src/cli/scope-standing.ts';
import type { Policy } from '../../src/config/policy.ts';
import type { Decided } from '../../src/config/restrict-policy.ts';
import type { ConstraintPorts } from '../../src/policy/constraint/constraint-document.ts';
import type { Inventory, KnownList, KnownLists } from '../../src/policy/inventory/known-list.ts';
import { createOwnPathsPolicy } from '../../src/policy/own-paths.ts';
import type { Pause } from '../../src/policy/pause.ts';
import { compilerWith } from '../config/compiled.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

const PORTS: ConstraintPorts = {
  compilePattern: (source) => (text) => new RegExp(`^(?:${source})$`).test(text),
  realPath: (path) => path,
  homeDir: '/home/ada',
  bases: () => ['/site'],
  windows: false,
};

export function compile(document: object): Policy {
  const given = { source: { path: '/etc/guard.json', digest: 'd' }, portsFor: () => PORTS };
  return compilerWith(given).policyOf({ version: 1, ...document });
}

export function listOf(...names: string[]): KnownList {
  return {
    entries: names.map((name) => ({ name, definition: {}, digest: undefined })),
    omitted: 0,
    isComplete: true,
    digest: 'd',
    sinceMs: NOW,
    seenAtMs: NOW,
  };
}

export function inventoryOf(name: string, lists: KnownLists, server?: Inventory['server']): Inventory {
  return { version: 1, name, server, lists };
}

export interface SceneParts {
  readonly policy?: Policy | undefined;
  readonly inventories?: readonly Inventory[];
  readonly further?: FurtherLayers;
  readonly decided?: readonly Decided[];
  readonly nowMs?: number;
  readonly pause?: Pause;
}

export function makeScene({
  policy,
  inventories = [],
  further = () => [],
  nowMs = NOW,
  decided = [],
  pause,
}: SceneParts): ExplainScene {
  const own = createOwnPathsPolicy({ own: () => ({ places: ['/state'], tails: new Set() }), portsOf: () => PORTS });
  return {
    policy,
    further,
    decided,
    nowMs,
    pauseOf: (server) => (pause?.server === server ? pause : undefined),
    offered: () => inventories.map(({ name }) => name),
    inventoryOf: (server) => inventories.find(({ name }) => name === server),
    ownPathsOf: () => own,
  };
}

/** What a server or a client may call a tool to spoil a screen. */
export const HOSTILE = [
  '\u001b[2Jgone',
  '\u202etxet',
  'a\nb',
  'x'.repeat(300),
  '日本語'.repeat(60),
  'e\u0301\u0301\u0301\u0301\u0301',
  '`quoted`, and more',
  '',
  '\ud800',
  '%s<b>&"',
];

/** Everything at once: dates, denials, constraints, observers, a server without a scope. */
export const FULL = {
  servers: {
    files: { command: 'node', scope: 'notes' },
    other: { command: 'other', scope: 'notes', mode: 'observe' },
    bare: { command: 'bare' },
  },
  scopes: {
    notes: {
      grants: [
        { tool: 'old', expires: '2026-02-01' },
        {
          tool: 'read_*',
          args: { '/path': { within: ['~/notes'] }, '/head': { optional: true, min: 1, max: 9 } },
          additional: false,
          reason: 'answers questions',
          owner: 'ada',
          expires: '2030-12-31',
        },
        { tool: 'move', approve: 'always' },
        { tool: 'get_secret' },
        { resource: 'file:///srv/*' },
        { prompt: 'sum', args: { '/text': { maxLength: 10 } } },
        { request: 'sampling/createMessage' },
      ],
      deny: [{ tool: '*_secret', reason: 'never' }, { request: 'roots/list' }],
    },
  },
};
