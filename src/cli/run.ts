// `mcp-guard run`: finds the policy, starts the server as early as can be, then puts the session around it.
// What a bare run does not need is not imported here.
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { ErrorOut } from '../adapters/error-out.ts';
import { createGuardLog } from '../adapters/guard-log.ts';
import { createJsonlSink, type JsonlSink } from '../adapters/jsonl-sink.ts';
import { createYoungHeapLimit } from '../adapters/memory-budget.ts';
import { NoiseRelay } from '../adapters/noise-relay.ts';
import { SessionRun } from '../adapters/run-session.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { createSpawner } from '../adapters/spawn-upstream.ts';
import { findStale } from '../adapters/stale-segments.ts';
import { resolveStateDir, tenantDir, trailPaths } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { explainIgnored, findConfigFile, showPlaces } from '../config/find-config.ts';
import { DEFAULTS, type Policy } from '../config/policy.ts';
import { type ResolvedServer, resolveServer } from '../config/resolve-server.ts';
import { explainScope } from '../config/server-scope.ts';
import { Session } from '../core/session.ts';
import type { Log, LogLevel } from '../ports/log.ts';
import { DEFAULT_READ_LIMITS } from '../wire/message.ts';
import { listOwnFiles } from './own-files.ts';
import type { RunLock } from './run-lock.ts';
import { createPolicies } from './run-policies.ts';
import { commandOf, settingsOf } from './run-settings.ts';
import { watchSignals } from './signals.ts';
import { VERSION } from './version.ts';

export interface RunFlags {
  readonly server?: string;
  readonly config?: string;
  readonly model?: string;
  readonly tenant?: string;
  readonly cleanEnv?: boolean;
  readonly passEnv?: readonly string[];
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
}

/** As much again may wait for a server: while the client is not read, the end of its input goes unseen. */
const SERVER_FULL_AT_BYTES = 64 * 1024 * 1024;
/** How long the last sync and the removal of old segments may hold up the end. */
const LAST_SYNC_MS = 300;
/** Bytes that may wait for a slow reader before the other side is no longer read. */
const FULL_AT_BYTES = 4 * 1024 * 1024;

/** @returns the status to exit with. @throws GuardError where nothing could be started */
export async function runServer(words: readonly string[], flags: RunFlags): Promise<number> {
  const { env } = process;
  const stateDir = resolveStateDir(env);
  const tenant = flags.tenant ?? 'default';
  const paths = trailPaths(tenantDir(stateDir, tenant));
  const { place, ignored } = findConfigFile({
    flag: flags.config,
    env,
    cwd: process.cwd(),
    readAllowed: () => readAllowedConfigs(stateDir),
  });
  const uid = process.getuid?.();
  const nowMs = systemClock.now().wallMs;
  const lock =
    place === undefined
      ? undefined
      : await (await import('./run-lock.ts')).openRunLock(place, {
          env,
          uid,
          stateDir,
          tenant,
          nowMs,
          actor: userName(),
        });
  const policy = lock?.policy;
  const [command, ...args] = words;
  const search = {
    ignored: ignored === undefined ? undefined : explainIgnored(ignored),
    showPlaces: () => showPlaces({ env, cwd: process.cwd() }),
  };
  const server = resolveServer(policy, { serverFlag: flags.server, command, args, search });
  lock?.refuseUnapproved(server.entry?.id);
  const { command: upstream, withheld } = commandOf(server, flags, { env, uid });
  const errorOut = new ErrorOut(process.stderr);
  const writeError = (text: string | Buffer) => errorOut.write(text);
  // Before the server is started: what cannot be opened ends the run.
  const log = createGuardLog({
    level: flags.logLevel ?? policy?.log.level ?? 'warn',
    file: flags.logFile ?? policy?.log.file,
    namedBy: flags.logFile === undefined ? '`log.file` of the config' : '`--log-file`',
    writeError,
  });
  const spawner = createSpawner();
  // The server boots while the guard puts itself together.
  const running = spawner.spawn(upstream);

  sayHowItRuns(log, { lock, server, withheld, ignored });
  const sink = openTrail({ stateDir, tenant, policy, server, log });
  const settings = settingsOf(policy, server, flags.model ?? env.MCP_GUARD_MODEL, randomBytes(6).toString('hex'));
  const policies = createPolicies({
    ...{ stateDir, tenant, log, clock: systemClock, policy, lock, server, settings },
    place: { cwd: upstream.cwd, home: upstream.env.HOME },
    ownFiles: listOwnFiles(lock?.ownFiles ?? [stateDir], { env, cwd: process.cwd() }),
  });
  const session = new Session(settings, policies.interceptors, (name, error) =>
    log.write('error', `the policy \`${name}\` failed: ${String(error)}`),
  );
  const relay = new NoiseRelay({ writeError, now: () => systemClock.now().monoMs });
  const run = new SessionRun({
    session,
    servers: new Map([[server.name, { command: upstream, process: running }]]),
    spawner,
    sink,
    clock: systemClock,
    log,
    timers: systemTimers,
    stdin: process.stdin,
    stdout: process.stdout,
    parent: () => process.ppid,
    limits: {
      maxLineBytes: policy?.maxLineBytes ?? DEFAULTS.maxLineBytes,
      fullAtBytes: FULL_AT_BYTES,
      serverFullAtBytes: SERVER_FULL_AT_BYTES,
      read: { ...DEFAULT_READ_LIMITS, strictPayload: policy?.strictPayload ?? false },
    },
    afterTurn: createYoungHeapLimit(),
    policiesIdle: () => policies.idle(),
    shutdown: policy?.shutdown ?? DEFAULTS.shutdown,
    showNoise: (name, text) => relay.show(name, text),
    // Under a config line by line, with the server's name, inert; a bare run hands the bytes on as they are.
    relayStderr: (name, stderr) => {
      if (policy === undefined) stderr.on('data', writeError);
      else relay.relay(name, stderr);
    },
  });
  policies.attach(run);
  watchSignals(run, log);
  const ended = run.run();
  // Not on the way to the first answer: what earlier guards left unfinished.
  setImmediate(() => sink.recover(findStale(paths, systemClock.now().wallMs)));
  const status = await ended;
  // What is written survives this process; only a power loss could take what is not synced yet.
  await Promise.race([sink.idle(), new Promise<void>((resolve) => systemTimers.after(LAST_SYNC_MS, resolve))]);
  return status;
}

function openTrail(given: {
  stateDir: string;
  tenant: string;
  policy: Policy | undefined;
  server: ResolvedServer;
  log: Log;
}): JsonlSink {
  const { stateDir, tenant, policy, server, log } = given;
  const audit = policy?.audit ?? DEFAULTS.audit;
  return createJsonlSink({
    stateDir,
    tenant,
    clock: systemClock,
    log,
    payload: audit.payload,
    sync: audit.sync,
    onFailure: audit.onFailure,
    retention: { maxBytes: audit.maxBytes, maxAgeDays: audit.maxAgeDays },
    origin: {
      session: randomBytes(8).toString('hex'),
      principal: `local:${userName()}`,
      guard: VERSION,
      host: hostname(),
      servers: [server.name],
      configDigest: policy?.source.digest ?? null,
      isolation: 'none',
    },
  });
}

/** A container may run a user that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

function sayHowItRuns(
  log: Log,
  how: { lock: RunLock | undefined; server: ResolvedServer; withheld: readonly string[]; ignored: string | undefined },
): void {
  const { lock, server, withheld, ignored } = how;
  const policy = lock?.policy;
  for (const note of lock?.notes ?? []) log.write('warn', note);
  if (process.stdin.isTTY) {
    log.write(
      'warn',
      'this speaks JSON-RPC on stdin and stdout: it is meant for the `command` field of an MCP host (end with Ctrl-D)',
    );
  }
  if (server.entry === undefined) {
    const mend =
      policy === undefined ? 'a config with a `servers` entry narrows it' : `add it to \`${policy.source.path}\``;
    log.write('warn', `observes \`${server.name}\` only: every call is recorded, none is denied by policy (${mend})`);
  }
  const unscoped = policy === undefined || server.entry === undefined ? undefined : explainScope(policy, server.entry);
  if (unscoped !== undefined) log.write('warn', unscoped);
  // The guard's own settings are no news to whoever set them.
  const missed = withheld.filter((name) => !name.startsWith('MCP_GUARD_'));
  if (missed.length > 0) {
    log.write('warn', `not passed on to the server: ${missed.join(' ')} (--pass-env NAME passes one)`);
  }
  if (ignored !== undefined) log.write('warn', explainIgnored(ignored));
}
