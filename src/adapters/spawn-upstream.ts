// Starts a server inside its supervisor and watches it end. Knows no JSON-RPC; policy and timing of shutdown are the caller's.
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { type Duplex, Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import type { ExitStatus, Spawner, UpstreamCommand, UpstreamProcess } from '../ports/upstream.ts';
import { findIllegalArgument, resolveCommand } from './command-path.ts';
import { handOver } from './handed-environment.ts';
import { isGroupAlive, signalGroup, signalStrays, snapshotStrays, sweepMarked } from './process-sweep.ts';
import type { ProcessRow } from './process-table.ts';
import { chooseShell } from './shell-choice.ts';
import { markerVariable, supervisorScript } from './supervisor-script.ts';
import { holdUnread } from './unread-stream.ts';
import { spawnOnWindows } from './windows-upstream.ts';

/** Longest wait for killed processes to be gone before `exited` settles anyway (uninterruptible sleep): 300 passes, 2 ms apart, about 2 s. */
const maxBurials = 300;
const burialMs = 2;
/** What forks faster than it is found can be missed by one look: once somebody was found, this many looks in a row find nobody before it counts. */
const quietLooks = 3;
const quietMs = 5;

export interface SpawnerOptions {
  /** Value of the marker variable in the guard's own environment: a guard run by a guard adds its marker, so that both can sweep. */
  readonly outerRun?: string | undefined;
}

export function createSpawner(options: SpawnerOptions = { outerRun: process.env[markerVariable] }): Spawner {
  const outerRun =
    options.outerRun !== undefined && /^[0-9a-f.]{1,512}$/.test(options.outerRun) ? options.outerRun : undefined;
  return {
    spawn(command) {
      const cwd = command.cwd ?? process.cwd();
      const reason = findIllegalArgument([command.command, ...command.args]) ?? findBadDirectory(cwd);
      if (reason !== undefined) return describeUnstartable(reason);
      if (process.platform === 'win32') return spawnOnWindows(command);
      const resolution = resolveCommand(command.command, command.env.PATH, cwd);
      if (!resolution.found) return describeUnstartable(resolution.reason);
      return spawnSupervised(command, resolution.path, cwd, outerRun);
    },
  };
}

function findBadDirectory(cwd: string): string | undefined {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return undefined;
  return `cannot start the server: its working directory \`${cwd}\` is not a directory: create it, or correct \`cwd\``;
}

function describeUnstartable(reason: string): UpstreamProcess {
  const stdin = new Writable({ write: (_chunk, _encoding, done) => done() });
  const exited = Promise.resolve<ExitStatus>({ kind: 'unstartable', reason });
  return { pid: undefined, stdin, stdout: Readable.from([]), stderr: undefined, exited, terminate() {}, kill() {} };
}

function spawnSupervised(
  command: UpstreamCommand,
  file: string,
  cwd: string,
  outerRun: string | undefined,
): UpstreamProcess {
  const marker = randomBytes(16).toString('hex');
  const prefix = command.prefix ?? [];
  const isConfined = prefix.length > 0;
  // INVARIANT: what starts a confined server heeds nothing of it: neither its variables nor where it works, which its user may have changed.
  const choice = chooseShell(command.env);
  delete choice.env[markerVariable];
  const { shell, flags, env, added } = isConfined ? chooseShell(handOver(choice.env)) : choice;
  if (outerRun !== undefined) env[markerVariable] = outerRun;
  const args = [
    ...flags,
    '-c',
    supervisorScript,
    'mcp-guard-supervisor',
    marker,
    added.join(' '),
    ...prefix,
    file,
    ...command.args,
  ];
  const child = execa(shell, args, {
    cwd: isConfined ? '/' : cwd,
    env,
    extendEnv: false,
    buffer: false,
    encoding: 'buffer',
    reject: false,
    cleanup: false,
    detached: true,
    stripFinalNewline: false,
    stdio: ['pipe', 'pipe', command.stderr, 'pipe'],
  });
  const { pid, stdin, stdout } = child;
  const stderr = child.stderr ?? undefined;
  // Node types every extra pipe as either end; it is a socket.
  const lifeline = child.stdio[3] as Duplex | undefined;
  if (pid === undefined) {
    const exited = child.then(({ code, shortMessage }): ExitStatus => {
      return { kind: 'unstartable', reason: explainSpawnError(command.command, shell, code ?? String(shortMessage)) };
    });
    return { ...describeUnstartable(''), exited };
  }
  const group = pid;
  const exited = new Promise<ExitStatus>((settle) => {
    child.once('exit', (code, signal) => bury().then(() => settle(mapStatus(code, signal))));
  });

  let strays: readonly ProcessRow[] = [];
  let ended = false;
  let found = false;
  let killed = false;

  function sweep(): number {
    const count = sweepMarked(marker);
    if (count > 0) found = true;
    return count;
  }

  function kill(): void {
    // Once: the death of the watcher, which the first call brings about, asks for another; `bury` looks for what this one missed.
    if (ended || killed) return;
    killed = true;
    // Before the kill: afterwards its descendants belong to init.
    strays = [...strays, ...snapshotStrays(group)];
    signalGroup(group, 'SIGKILL');
    signalStrays(strays, 'SIGKILL');
    sweep();
  }

  /** Kills what is left, then waits until it is gone. The group's id cannot be reused before: the watcher holds it. */
  async function bury(): Promise<void> {
    ended = true;
    // A leader that was killed alone leaves a living tree: what strayed from it is seen now or never.
    strays = [...strays, ...snapshotStrays(group)];
    // The group first: one atomic kill takes the watcher and everything that did not leave the group.
    signalGroup(group, 'SIGKILL');
    signalStrays(strays, 'SIGKILL');
    let quiet = 0;
    for (let round = 0; round < maxBurials; round += 1) {
      quiet = sweep() === 0 && !isGroupAlive(group) ? quiet + 1 : 0;
      if (quiet >= (found ? quietLooks : 1)) break;
      await new Promise((wake) => setTimeout(wake, quiet > 0 ? quietMs : burialMs));
    }
    lifeline?.destroy();
  }

  stdin.on('error', ignoreEnding);
  lifeline?.on('error', ignoreEnding);
  // INVARIANT: no server runs without its watcher: nobody would end it if the guard were killed now. Only the watcher holds
  //   the other end, so its end while the leader runs says that somebody killed it. Nothing is written there, but node promises
  //   the end of a stream only to who reads it.
  lifeline?.once('close', kill).resume();
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  holdUnread(stdout, hasEnded);
  if (stderr !== undefined) holdUnread(stderr, hasEnded);

  return {
    pid,
    stdin,
    stdout,
    stderr,
    exited,
    terminate() {
      if (ended) return;
      strays = snapshotStrays(group);
      signalGroup(group, 'SIGTERM');
      // A stopped process keeps SIGTERM pending until it continues.
      signalGroup(group, 'SIGCONT');
    },
    kill,
  };
}

/** EPIPE and ECONNRESET are how the other end says that it is gone; `exited` tells the rest. */
function ignoreEnding(): void {}

function explainSpawnError(command: string, shell: string, code: string): string {
  const mend: Partial<Record<string, string>> = {
    ENOENT: `install \`${shell}\``,
    E2BIG: 'shorten its arguments or environment',
    EAGAIN: 'raise the limit of processes',
    EMFILE: 'raise the limit of open files',
    ENOMEM: 'free memory',
  };
  return `cannot start \`${command}\`: its supervisor \`${shell}\` failed with ${code}: ${mend[code] ?? `check that \`${shell}\` may be run`}`;
}

/**
 * A shell reports "ended by signal n" as 128 + n, so a server that itself exits with, say, 143 looks like one ended by SIGTERM.
 * The guard mirrors both as 143: the ambiguity ends in the wording.
 */
export function mapStatus(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  if (signal !== null) return { kind: 'signalled', signal, number: constants.signals[signal] };
  const number = (code ?? 0) - 128;
  // TRUST: the keys of os.constants.signals are the names of signals.
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  const name = number >= 1 && number <= 64 ? names.find((key) => constants.signals[key] === number) : undefined;
  return name === undefined ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal: name, number };
}
