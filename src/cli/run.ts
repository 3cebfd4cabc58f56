// `mcp-guard run`: finds the policy, starts the server as early as can be, then puts the session around it.
// What a bare run does not need is not imported here.
import { randomBytes } from 'node:crypto';
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { ErrorOut } from '../adapters/error-out.ts';
import { createForwardingLog } from '../adapters/forwarding-log.ts';
import { createGuardLog } from '../adapters/guard-log.ts';
import { createYoungHeapLimit } from '../adapters/memory-budget.ts';
import { NoiseRelay } from '../adapters/noise-relay.ts';
import type { RunningServer } from '../adapters/run-options.ts';
import { SessionRun } from '../adapters/run-session.ts';
import { shareLooks } from '../adapters/shared-looks.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { createSpawner } from '../adapters/spawn-upstream.ts';
import { findStale } from '../adapters/stale-segments.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { StreamClient } from '../adapters/stream-client.ts';
import { createSteadyNow, systemClock } from '../adapters/system-clock.ts';
import { explainIgnored, findConfigFile, showPlaces } from '../config/find-config.ts';
import { DEFAULTS } from '../config/policy.ts';
import { bareAt, resolveServer } from '../config/resolve-server.ts';
import { Session } from '../core/session.ts';
import type { LogLevel } from '../ports/log.ts';
import { openTenantScope } from '../tenant/tenant-scope.ts';
import { createIdentityAsker } from './ask-identity.ts';
import { DEFAULT_TENANT } from './bare-run.ts';
import { createFleetHub } from './fleet-hub.ts';
import { createGateWords } from './gate-words.ts';
import { gatewayServers } from './gateway-servers.ts';
import type { LastWords } from './last-words.ts';
import { readActor } from './local-user.ts';
import { openCanaryWatch } from './open-canary.ts';
import { openPolicy, type PolicySources } from './open-policy.ts';
import { listKnownFiles, listOwnFiles } from './own-files.ts';
import { PolicyInForce } from './policy-in-force.ts';
import { prepareServer } from './prepare-server.ts';
import { createServerRenewal } from './renew-server.ts';
import { createPolicies } from './run-policies.ts';
import { settingsOf } from './run-settings.ts';
import { liveServer, openRunStatus } from './run-status.ts';
import { awaitLastSync, openTrail } from './run-trail.ts';
import { sayHowItRuns } from './say-how-it-runs.ts';
import { openSecrecy } from './secrecy.ts';
import { serverAtStart } from './server-in-force.ts';
import { linkLimitsOf } from './session-limits.ts';
import { watchSignals } from './signals.ts';
import { createMomentNow, openStartTurn } from './start-turn.ts';
import { refuseSuspended, watchSuspension } from './suspension-watch.ts';
import { watchPolicyLater } from './watch-policy.ts';

export interface RunFlags {
  readonly server?: string;
  /** Several of the config, behind one client. */
  readonly servers?: string;
  readonly config?: string;
  readonly model?: string;
  readonly tenant?: string;
  readonly tokenFile?: string;
  readonly cleanEnv?: boolean;
  readonly passEnv?: readonly string[];
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
}

/** @returns the status to exit with. @throws GuardError where nothing could be started */
export async function runServer(words: readonly string[], flags: RunFlags, lastWords: LastWords): Promise<number> {
  const { env } = process;
  const stateDir = resolveStateDir(env);
  const { place, ignored } = findConfigFile({
    flag: flags.config,
    env,
    cwd: process.cwd(),
    readAllowed: () => readAllowedConfigs(stateDir),
  });
  const uid = process.getuid?.();
  const user = readActor();
  const asker = createIdentityAsker({ env, stateDir, user, tokenFile: flags.tokenFile, tenant: flags.tenant });
  const sources: PolicySources = {
    place,
    context: {
      ...{ env, uid, stateDir, tenant: flags.tenant ?? DEFAULT_TENANT, actor: user },
      ...{ isGuarded: env.MCP_GUARD_RUN !== undefined, identify: asker.identify },
    },
    cwd: process.cwd(),
    nowMs: createSteadyNow(systemClock),
  };
  const held = await openPolicy(sources, false);
  asker.refuseUnused();
  const { asked } = asker;
  const tenant = asked?.identity.tenant ?? flags.tenant ?? DEFAULT_TENANT;
  const scope = openTenantScope(stateDir, tenant);
  refuseSuspended(scope);
  const inForce = new PolicyInForce(held);
  const { lock, policy } = held;
  const entries = gatewayServers(lock?.policy, words, flags);
  if (entries !== undefined) {
    const { runGateway } = await import('./run-gateway.ts');
    const { unused } = asker;
    return runGateway({ entries, flags, inForce, sources, asked, unused, stateDir, tenant, user, ignored, lastWords });
  }
  const [command, ...args] = words;
  const search = {
    ignored: ignored === undefined ? undefined : explainIgnored(ignored),
    showPlaces: () => showPlaces({ env, cwd: process.cwd() }),
  };
  const server = resolveServer(lock?.policy, { serverFlag: flags.server, command, args, search });
  await asked?.requireServers([{ id: server.entry?.id ?? server.name, isConfigured: server.entry !== undefined }]);
  lock?.refuseUnapproved(server.entry?.id);
  const gateWords = createGateWords();
  const turn = openStartTurn(scope, server, { now: createMomentNow(systemClock), timers: systemTimers });
  const waited = await turn.wait(() => refuseSuspended(scope));
  const starting = { env, uid, stateDir, tenant, say: gateWords.say };
  const prepared = await prepareServer(server, policy, flags, starting);
  const { command: upstream, withheld } = prepared;
  const { masker, outlet } = await openSecrecy([...(asked?.secrets ?? []), ...prepared.secrets]);
  lastWords.keep(masker);
  const errorOut = new ErrorOut(process.stderr);
  const writeError = outlet((text) => errorOut.write(text));
  const known = lock?.ownFiles ?? listKnownFiles(stateDir, undefined);
  const ownFiles = listOwnFiles([...known, ...(asked?.ownFiles ?? [])], { env, cwd: process.cwd() });
  // Before the server is started: what cannot be opened ends the run.
  const ownLog = createGuardLog({
    ...{ masker, ownFiles },
    level: flags.logLevel ?? policy?.log.level ?? 'warn',
    file: flags.logFile ?? policy?.log.file,
    namedBy: flags.logFile === undefined ? '`log.file` of the config' : '`--log-file`',
    writeError,
  });
  const log = createForwardingLog(ownLog);
  await lock?.lockFirst((text) => log.write('warn', text));
  const spawner = createSpawner();
  // The server boots while the guard puts itself together; one that has crashed of late takes one core at a time.
  const running = waited.length > 0 ? undefined : spawner.spawn(upstream);

  for (const note of [...waited, ...prepared.notes]) log.write('warn', note);
  for (const note of lock?.notes ?? []) log.write('warn', note);
  // For whoever set it up; the client hears the server as it is.
  sayHowItRuns(ownLog, { lock, policy, server, withheld, ignored });
  if (asker.unused !== undefined) ownLog.write('warn', asker.unused);
  const sessionId = randomBytes(8).toString('hex');
  const principal = asked?.identity.principal ?? `local:${user}`;
  const looks = shareLooks(systemTimers);
  const watch = asked?.watch(log, looks);
  const { isolation } = prepared;
  const names = [server.name];
  const sink = openTrail({ stateDir, tenant, policy, servers: names, log, sessionId, principal, masker, isolation });
  gateWords.begin({ log, sink, clock: systemClock });
  const who = { stateDir, tenant, principal, session: sessionId };
  const waits = () => inForce.standing();
  const status = openRunStatus({ ...who, servers: names, isolationOf: () => isolation, policy, waits, log });
  const standing = { now: serverAtStart(held, server) };
  const tag = randomBytes(6).toString('hex');
  const settings = settingsOf(policy, server, flags.model ?? env.MCP_GUARD_MODEL, tag, () => standing.now);
  // a ceiling may have limits where there is no config
  const runLimits =
    policy &&
    (await import('./run-limits.ts')).openRunLimits({
      ...{ stateDir, tenant, principal, inForce, log, clock: systemClock, model: settings.model },
      bare: bareAt(server),
    });
  const servers = new Map<string, RunningServer>([[server.name, { command: upstream, process: running }]]);
  const renewal = createServerRenewal({
    ...{ isOneOfMany: false, server, prepared, servers, run: () => run },
    prepare: (moved, by) => prepareServer(moved, by, flags, starting),
  });
  const policies = createPolicies({
    ...{ identity: watch?.gate, limits: runLimits },
    fleet: policy && createFleetHub({ stateDir, tenant, inForce, log, clock: systemClock }),
    ...{ stateDir, tenant, log, clock: systemClock, inForce, standing, server, settings, mask: masker?.maskText },
    asked: { serverFlag: flags.server, command, args },
    renewal,
    place: { cwd: upstream.cwd, home: upstream.env.HOME, env: upstream.env },
    ownFiles,
  });
  const session = new Session(settings, turn.watch(policies.interceptors), (name, error) =>
    log.write('error', `the policy \`${name}\` failed: ${String(error)}`),
  );
  const canary = await openCanaryWatch(policy, scope, log);
  const limits = linkLimitsOf(() => inForce.held.policy);
  const client = new StreamClient(process.stdin, process.stdout, limits);
  const relay = new NoiseRelay({
    ...{ writeError, masker, now: () => systemClock.now().monoMs, timers: systemTimers },
    isMuted: () => canary?.isOver === true,
  });
  const run: SessionRun = new SessionRun({
    session,
    servers,
    spawner,
    sink: status.tap(sink),
    clock: systemClock,
    log,
    timers: systemTimers,
    client: canary?.client(client) ?? client,
    screen: canary?.screen,
    parent: () => process.ppid,
    limits,
    afterTurn: createYoungHeapLimit(),
    policiesIdle: () => policies.idle(),
    shutdown: policy?.shutdown ?? DEFAULTS.shutdown,
    showNoise: (name, text) => {
      canary?.noise(text);
      relay.show(name, text);
    },
    // Under a config line by line, with the server's name, inert; a bare run hands the bytes on as they are.
    relayStderr: (name, stderr) => {
      canary?.stderr(stderr);
      if (lock === undefined) stderr.on('data', writeError);
      else relay.relay(name, stderr);
    },
  });
  policies.attach(run);
  status.watch(server.name, liveServer(server.name, session, policies.words));
  watchSignals(run, log);
  lastWords.rest();
  const ended = run.run();
  log.offerTo((level, text) => run.between(() => run.post({ type: 'guard_said', level, text })));
  watch?.begin(run, server.name);
  canary?.begin(run, server.name);
  const suspension = lock === undefined ? undefined : watchSuspension(scope, { timers: systemTimers, looks, log });
  suspension?.begin(run, server.name);
  // Not on the way to the first answer: what earlier guards left unfinished.
  setImmediate(() => sink.recover(findStale(scope.trail, systemClock.now().wallMs)));
  const endWatch = watchPolicyLater({
    ...{ inForce, status, log, timers: looks },
    open: () => openPolicy(sources, true),
    nowMs: sources.nowMs,
    requestPath: () => status.requestPath,
    note: (name, detail) => run.between(() => run.post({ type: 'noted', name, server: server.name, detail })),
  });
  const exitStatus = await ended;
  endWatch();
  suspension?.end();
  log.end();
  await status.end();
  await awaitLastSync(sink);
  return watch?.exitStatus() ?? suspension?.exitStatus() ?? canary?.exitStatus() ?? exitStatus;
}
