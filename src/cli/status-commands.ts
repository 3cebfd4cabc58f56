// Connects `status` and `reload` to this machine: the records of running guards, its clock, its terminal.
import { randomBytes } from 'node:crypto';
import { listRunFiles, requestPathOf, writeRunFile } from '../adapters/run-files.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { type GuardReloadOptions, runGuardReload } from './guard-reload.ts';
import { type GuardStatusOptions, runGuardStatus } from './guard-status.ts';
import { nextTick } from './next-tick.ts';
import { followPauses } from './pauses-here.ts';
import { terminalIo, terminalSize, untilInterrupted } from './terminal.ts';

const TICK_MS = 1_000;
/** How often the answers of guards are looked for. */
const LOOK_EVERY_MS = 50;

interface Shared {
  readonly color: boolean;
}

export function status(flags: Shared & GuardStatusOptions): Promise<number> {
  const stateDir = resolveStateDir(process.env);
  const signal = flags.watch === true ? untilInterrupted() : undefined;
  const nowMs = () => systemClock.now().wallMs;
  const pauseOf = followPauses(stateDir, () => systemClock.now());
  const guards = { place: stateDir, list: () => listRunFiles(stateDir, nowMs()), pauseOf, nowMs };
  return runGuardStatus(flags, terminalIo(flags.color), guards, {
    size: terminalSize,
    tick: () => nextTick(TICK_MS, signal),
  });
}

export function reload(flags: Shared & GuardReloadOptions): Promise<number> {
  const stateDir = resolveStateDir(process.env);
  return runGuardReload(flags, terminalIo(flags.color), {
    place: stateDir,
    list: () => listRunFiles(stateDir, systemClock.now().wallMs),
    ask: (recordPath, token) => writeRunFile(requestPathOf(recordPath), token),
    makeToken: () => randomBytes(8).toString('hex'),
    monoMs: () => systemClock.now().monoMs,
    pause: () => new Promise((wake) => systemTimers.after(LOOK_EVERY_MS, () => wake(true))),
  });
}
