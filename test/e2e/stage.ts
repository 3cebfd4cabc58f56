// Sets a server up behind the guard with a tee on each side, lets a scenario play, and sees to it that nothing is left.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { awaitNone } from '../fixtures/peers/leftovers.mjs';
import { findTrailGaps, readTrail, type Segment } from './trail.ts';
import { findByteDifferences, readTranscripts, type Transcript } from './transcript.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const tee = here('../fixtures/peers/tee.mjs');
const middleman = here('../fixtures/peers/middleman.mjs');

/** What stands between client and server. `direct` is nothing, `middleman` a byte pipe that proves this suite itself right. */
export type Wrap = 'direct' | 'middleman' | 'guard' | readonly string[];

const WRAPS = new Map<string, readonly string[]>([
  ['direct', []],
  ['middleman', [process.execPath, middleman]],
  ['guard', [process.execPath, here('../../bin/mcp-guard.js'), 'run', '--']],
]);

export const lying = (kind: string): Wrap => [process.execPath, middleman, '--lie', kind];

/** Whether this run has the guard itself between: what only a guard does is tested only then. */
export const isGuarded = () => (process.env.E2E_WRAP ?? 'guard') === 'guard';

/** The guard, unless E2E_WRAP names another. */
export function chosenWrap(): Wrap {
  const name = process.env.E2E_WRAP ?? 'guard';
  const wrap = WRAPS.get(name);
  if (wrap === undefined) throw new Error(`E2E_WRAP is \`${name}\`; it can be ${[...WRAPS.keys()].join(', ')}`);
  return wrap;
}

export interface Peer {
  /** Command and arguments; `directory` is the server's own, empty at the start. */
  command(directory: string): readonly [string, ...string[]];
  env?(directory: string): Readonly<Record<string, string>>;
}

/** What a client needs to start the server. */
export interface Launch {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  /** The server's own directory. */
  readonly directory: string;
}

export interface Play<T> {
  readonly outcome: T;
  readonly transcripts: readonly Transcript[];
  /** What the guard wrote down; empty where there was none. */
  readonly trail: readonly Segment[];
}

/** As a host does it: few variables of the environment, so that no test depends on whose shell it runs in. */
function baseEnvironment(): Record<string, string> {
  const names = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

const volatile: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z?/g, '<time>'],
  [/\d{1,2}:\d{2}:\d{2} [AP]M/g, '<time>'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>'],
  [/\b[0-9a-f]{32}\b/g, '<hex>'],
];

/** What differs from run to run is made alike, so that two outcomes can be compared. */
function mask<T>(outcome: T, directory: string): T {
  let text = JSON.stringify(outcome).replaceAll(directory, '<directory>');
  for (const [pattern, name] of volatile) text = text.replaceAll(pattern, name);
  return JSON.parse(text) as T;
}

/**
 * Plays `scenario` against `peer` behind `wrap`. Rejects where a process is left alive five seconds after it.
 * `tees: false` starts the bare command: that is what the other run is compared with.
 */
export async function play<T>(
  peer: Peer,
  wrap: Wrap,
  scenario: (launch: Launch) => Promise<T>,
  tees = true,
): Promise<Play<T>> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-guard-e2e-')));
  const [directory, records, state] = ['server', 'records', 'state'].map((name) => {
    const path = join(root, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }) as [string, string, string];
  const run = randomUUID();
  const server = peer.command(directory);
  const between = typeof wrap === 'string' ? (WRAPS.get(wrap) ?? []) : wrap;
  const recorder = (side: string) => (tees ? [process.execPath, tee, side, records] : []);
  const [command = '', ...args] = [...recorder('client'), ...between, ...recorder('server'), ...server];
  const env = { ...baseEnvironment(), ...peer.env?.(directory), MCP_GUARD_STATE_DIR: state, E2E_RUN: run };
  try {
    const outcome = await scenario({ command, args, env, directory });
    const alive = await awaitNone(`E2E_RUN=${run}`, 5000);
    expect(alive, 'processes left alive').toEqual([]);
    return { outcome: mask(outcome, directory), transcripts: readTranscripts(records), trail: readTrail(state) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The claim of this suite: guarded, the client has the same outcome as direct, the bytes are the same at both ends, every call is on record. */
export async function expectTransparent<T>(peer: Peer, scenario: (launch: Launch) => Promise<T>): Promise<Play<T>> {
  const [direct, guarded] = await Promise.all([
    play(peer, 'direct', scenario, false),
    play(peer, chosenWrap(), scenario),
  ]);
  expect(guarded.outcome).toEqual(direct.outcome);
  expect(guarded.transcripts.length, 'connections recorded').toBeGreaterThan(0);
  for (const transcript of guarded.transcripts) {
    expect(transcript.servers.length, 'servers recorded').toBeGreaterThan(0);
    expect(transcript.client.toServer.length, 'lines recorded').toBeGreaterThan(0);
    expect(findByteDifferences(transcript)).toEqual([]);
  }
  if (isGuarded()) expect(findTrailGaps(guarded.trail, guarded.transcripts)).toEqual([]);
  return guarded;
}
