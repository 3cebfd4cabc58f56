// What the breaker tests share: a config with one server `srv`, and what the fixture servers and the trail say afterwards.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Yard } from './guarded.ts';
import type { Launch } from './stage.ts';
import { readTrail } from './trail.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));

/**
 * Writes the config of the one server. @param directory one of its own for each server: what a config starts is locked beside it
 * @returns how a guard of it is started
 */
export function configure(
  yard: Yard,
  server: readonly string[],
  settings: object,
  directory = yard.home,
): (...flags: string[]) => Launch {
  const [command, ...args] = server;
  const path = join(directory, 'config.json');
  const config = { version: 1, servers: { srv: { command, args, ...settings } } };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return (...flags) => ({
    command: process.execPath,
    args: [BIN, 'run', '--config', path, '--server', 'srv', ...flags],
    env: yard.env(),
    directory: yard.home,
  });
}

/** A directory below the yard's home. */
export function place(yard: Yard, name: string): string {
  const path = join(yard.home, name);
  mkdirSync(path);
  return path;
}

/** The lines of a file that a fixture appends to; none where it has not been written yet. */
export function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

/** One transition as it is on record (docs/audit-format.md). */
export interface Recorded {
  readonly tool: string | null;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly rule: string;
}

/** All transitions that the guards of this yard have written down, by epoch. */
export function transitions(yard: Yard): Recorded[] {
  return readTrail(yard.state)
    .flatMap(({ records }) => records)
    .map(({ h }) => h as { readonly name?: string; readonly detail?: Recorded }) // a member of events only
    .flatMap(({ name, detail }) => (name === 'breaker' && detail !== undefined ? [detail] : []))
    .sort((a, b) => a.epoch - b.epoch);
}
