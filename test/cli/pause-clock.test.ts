// A pause in a run whose clock somebody sets back: it has ended, and stays ended, for the scope and for the pins.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placeLock } from '../../src/adapters/lock-file.ts';
import { sealPauses } from '../../src/adapters/pause-seal.ts';
import { openRunPins } from '../../src/cli/run-pins.ts';
import { createSteadyTime } from '../../src/policy/steady-time.ts';

const MINUTE = 60_000;

test('a pause that has ended by the clock does not come back', () => {
  const stateDir = fs.mkdtempSync(join(tmpdir(), 'pause-clock-'));
  try {
    const dir = join(stateDir, 'default');
    fs.mkdirSync(dir, { mode: 0o700 });
    const config = join(stateDir, 'mcp.json');
    fs.writeFileSync(config, '{}');
    const place = placeLock(config, stateDir, 'default');
    const one = { config: place.config, server: 'files', sinceMs: 0, untilMs: 5 * MINUTE, actor: 'ada', reason: 'x' };
    const sealed = sealPauses(stateDir, 'default', { version: 1, pauses: [one] });
    fs.writeFileSync(join(dir, 'pauses.json'), JSON.stringify(sealed), { mode: 0o600 });
    const stages: unknown[] = [];
    const said: string[] = [];
    const pins = openRunPins({
      ...{ place, approved: new Map(), keyOf: (server) => server, server: undefined, commandOptions: '' },
      log: { write: (_, text) => void said.push(text) },
      clock: { now: () => ({ wallMs: 0, monoMs: 0 }) },
      timeOf: createSteadyTime(),
      note: (_, __, { stage }) => void stages.push(stage),
    });
    const isPaused = (wallMs: number, monoMs: number) => pins.isPaused('files', { wallMs, monoMs });
    expect([isPaused(0, 0), isPaused(10 * MINUTE, 1), isPaused(MINUTE, 2)]).toEqual([true, false, false]);
    expect(stages).toEqual(['heeded', 'over']);
    expect(said.map((text) => text.replace(/ until .*/, ''))).toEqual([
      '`files` is PAUSED',
      '`files` is no longer paused: its scope and its pins are enforced',
    ]);
  } finally {
    fs.rmSync(stateDir, { recursive: true });
  }
});
