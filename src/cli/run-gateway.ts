// `mcp-guard run` without a command: every server of the config (or those that are named) behind one client. Loaded only then. Puts
// together; what goes where is the gateway's to decide, what is allowed is each lane's own policy.
import { randomBytes } from 'node:crypto';
import { ErrorOut } from '../adapters/error-out.ts';
import { createForwardingLog, type ForwardingLog } from '../adapters/forwarding-log.ts';
import { GatewayRun } from '../adapters/gateway-run.ts';
import { createGuardLog } from '../adapters/guard-log.ts';
import { createYoungHeapLimit } from '../adapters/memory-budget.ts';
import { NoiseRelay } from '../adapters/noise-relay.ts';
import { shareLooks } from '../adapters/shared-looks.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { createSpawner } from '../adapters/spawn-upstream.ts';
import { findStale } from '../adapters/stale-segments.ts';
import { StreamClient } from '../adapters/stream-client.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { explainIgnored } from '../config/find-config.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import { explainScopes } from '../config/server-scope.ts';
import { Gateway } from '../core/gateway/gateway.ts';
import { openTenantScope } from '../tenant/tenant-scope.ts';
import { entitledServers } from './entitled-servers.ts';
import { createFleetHub } from './fleet-hub.ts';
import { followLanes } from './follow-lanes.ts';
import { createGateWords } from './gate-words.ts';
import { createSeal, laneSettingsOf } from './lane-settings.ts';
import type { LastWords } from './last-words.ts';
import { openCanaryWatch } from './open-canary.ts';
import { openPolicy, type PolicySources } from './open-policy.ts';
import { listOwnFiles } from './own-files.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import { type PreparedLane, prepareLane, weakestOf } from './prepare-lane.ts';
import { prepareServer } from './prepare-server.ts';
import type { RunFlags } from './run.ts';
import type { RunIdentity } from './run-identity.ts';
import { createLane, type ServerLane } from './run-lane.ts';
import { openRunStatus } from './run-status.ts';
import { awaitLastSync, openTrail } from './run-trail.ts';
import { openSecrecy } from './secrecy.ts';
import { gatewayLimitsOf } from './session-limits.ts';
import { watchSignals } from './signals.ts';
import { refuseSuspended, watchSuspension } from './suspension-watch.ts';
import { VERSION } from './version.ts';
import { watchPolicyLater } from './watch-policy.ts';

export interface GatewayParts {
  readonly entries: readonly ServerPolicy[];
  readonly flags: RunFlags;
  readonly inForce: PolicyInForce;
  readonly sources: PolicySources;
  readonly asked: RunIdentity | undefined;
  /** A token that nobody asked for. */
  readonly unused: string | undefined;
  readonly stateDir: string;
  readonly tenant: string;
  /** The local user. */
  readonly user: string;
  readonly ignored: string | undefined;
  readonly lastWords: LastWords;
}

/** @returns the status to exit with. @throws GuardError where nothing may be started */
export async function runGateway(parts: GatewayParts): Promise<number> {
  const { flags, inForce, asked, stateDir, tenant, user } = parts;
  const { env } = process;
  const { lock, policy } = inForce.held;
  const entries = await entitledServers(asked, parts.entries, flags.servers !== undefined);
  const servers = entries.map(({ id }) => id);
  const gateWords = createGateWords();
  const { say } = gateWords;
  const laneContext = { flags, stateDir, tenant, say };
  const prepared = await Promise.all(entries.map((entry) => prepareLane(entry, inForce.held, laneContext)));
  const scope = openTenantScope(stateDir, tenant);
  // what the secrets came from may have taken its time
  refuseSuspended(scope);
  const secrets = [...(asked?.secrets ?? []), ...prepared.flatMap((one) => one.secrets)];
  const { masker, outlet } = await openSecrecy(secrets);
  parts.lastWords.keep(masker);
  const errorOut = new ErrorOut(process.stderr);
  const writeError = outlet((text) => errorOut.write(text));
  const ownFiles = listOwnFiles([...(lock?.ownFiles ?? []), ...(asked?.ownFiles ?? [])], { env, cwd: process.cwd() });
  // Before the servers are started: what cannot be opened ends the run.
  const log = createForwardingLog(
    createGuardLog({
      ...{ masker, writeError, ownFiles, file: flags.logFile ?? policy?.log.file },
      level: flags.logLevel ?? policy?.log.level ?? 'warn',
      namedBy: flags.logFile === undefined ? '`log.file` of the config' : '`--log-file`',
    }),
  );
  await lock?.lockFirst((text) => log.write('warn', text));
  const spawner = createSpawner();
  // The servers boot while the guard puts itself together.
  const started = prepared.map(({ server, settings }) =>
    server === undefined
      ? undefined
      : { ...server, process: settings.start === 'eager' ? spawner.spawn(server.prepared.command) : undefined },
  );
  const settings = prepared.map((one) => one.settings);
  const sessionId = randomBytes(8).toString('hex');
  const tag = randomBytes(6).toString('hex');
  const principal = asked?.identity.principal ?? `local:${user}`;
  const looks = shareLooks(systemTimers);
  const watch = asked?.watch(log, looks);
  const isolation = weakestOf(prepared);
  const sink = openTrail({ stateDir, tenant, policy, servers, log, sessionId, principal, masker, isolation });
  gateWords.begin({ log, sink, clock: systemClock });
  const status = openRunStatus({
    ...{ stateDir, tenant, principal, session: sessionId, servers, policy, log },
    isolationOf: (name) => lanes.get(name)?.isolation ?? 'unknown',
    standingOf: (name) => gateway.standingOf(name),
    waits: () => inForce.standing(),
  });
  const tapped = status.tap(sink);
  const runLimits =
    lock &&
    (await import('./run-limits.ts')).openRunLimits({
      ...{ stateDir, tenant, principal, inForce, log, clock: systemClock, bare: undefined },
      model: {
        operator: flags.model ?? env.MCP_GUARD_MODEL ?? policy?.model.id,
        metaPaths: policy?.model.metaPaths ?? [],
      },
    });
  const canary = await openCanaryWatch(policy, scope, log);
  const laneParts = {
    canary,
    prepare: (server: ResolvedServer, by: Policy | undefined) =>
      prepareServer(server, by, flags, { env, uid: process.getuid?.(), stateDir, tenant, say }),
    ...{ inForce, model: flags.model ?? env.MCP_GUARD_MODEL, stateDir, tenant, tag, log, status, spawner },
    ...{ sink: tapped, identity: watch?.gate, limits: runLimits, mask: masker?.maskText },
    fleet: createFleetHub({ stateDir, tenant, inForce, log, clock: systemClock }),
    relay: new NoiseRelay({
      ...{ writeError, masker, now: () => systemClock.now().monoMs, timers: systemTimers },
      isMuted: () => canary?.isOver === true,
    }),
    ownFiles,
    prefixOf: (id: string) => gateway.prefixOf(id),
  };
  const lanes = new Map<string, ServerLane>(
    started.flatMap((one) => (one === undefined ? [] : [[one.entry.id, createLane(one, laneParts)]])),
  );
  sayHowItRuns(log, { ...parts, entries }, prepared);
  // for who reads stderr at that level: the client hears nothing of them
  for (const { id } of parts.entries)
    if (!servers.includes(id)) log.write('info', `\`${id}\` is left out: the token of this session is not for it`);
  const limits = gatewayLimitsOf(() => inForce.held.policy);
  const gateway: Gateway = new Gateway({
    lanes: settings,
    tag,
    serverInfo: { name: 'mcp-guard', version: VERSION },
    seal: createSeal(randomBytes(32).toString('hex')),
    // what comes of a lane was judged there, and under the policy of that moment
    read: { ...limits.read, strictPayload: false },
    refusalOf: (id, tool, now) => lanes.get(id)?.refusal(tool, now),
    hides: (id, uri) => lanes.get(id)?.lists.hides(uri) === true,
    hidesAll: (id, target) => lanes.get(id)?.lists.couldShow(target) === false,
    mayShow: (id, target, name) => lanes.get(id)?.lists.mayShow(target, name) !== false,
    shownOf: (id, list) => lanes.get(id)?.lists.shownOf(list),
  });
  const client = new StreamClient(process.stdin, process.stdout, limits);
  const run = new GatewayRun({
    gateway,
    client: canary?.client(client) ?? client,
    openLane: (id, client, news) => {
      const lane = lanes.get(id);
      if (lane === undefined) throw new RangeError(`no lane is called ${id}`);
      return lane.open(client, news);
    },
    ...{ sink: tapped, clock: systemClock, log, timers: systemTimers, read: limits.read },
    parent: () => process.ppid,
    afterTurn: createYoungHeapLimit(),
  });
  inForce.followLast(
    followLanes({
      ...{ asked: flags.servers, settings, lanes, secrets, isolation, list: (id) => status.list(id) },
      prepare: (entry, held) => prepareLane(entry, held, laneContext),
      settingsOf: (entry, held) => laneSettingsOf(entry, { stateDir, tenant, lock: held.lock }),
      open: (server) => createLane({ ...server, process: undefined }, laneParts),
      mayUse: (id) => asked?.mayUse({ id, isConfigured: true }) ?? true,
      tell: (event) => run.tell(event),
    }),
  );
  inForce.goTogether((action) => run.between(action));
  watchSignals(run, log);
  parts.lastWords.rest();
  const ended = run.run();
  log.offerTo((level, text) => run.tell({ type: 'guard_said', level, text }));
  // of no one server: each of them may leave while the session runs
  watch?.begin(run, undefined);
  canary?.begin(run, undefined);
  const suspension = watchSuspension(scope, { timers: systemTimers, looks, log });
  suspension.begin(run, undefined);
  setImmediate(() => sink.recover(findStale(scope.trail, systemClock.now().wallMs)));
  const endWatch = watchPolicyLater({
    ...{ inForce, status, log, timers: looks },
    open: () => openPolicy(parts.sources, true),
    nowMs: parts.sources.nowMs,
    requestPath: () => status.requestPath,
    note: (name, detail) => run.post({ type: 'noted', name, server: undefined, detail }),
  });
  const exitStatus = await ended;
  endWatch();
  suspension.end();
  log.end();
  await status.end();
  await awaitLastSync(sink);
  return watch?.exitStatus() ?? suspension.exitStatus() ?? canary?.exitStatus() ?? exitStatus;
}

function sayHowItRuns(
  log: ForwardingLog,
  { entries, inForce, ignored, unused }: GatewayParts,
  prepared: readonly PreparedLane[],
): void {
  const notes = prepared.flatMap((one) => one.notes);
  const { lock, policy } = inForce.held;
  for (const note of [...(lock?.notes ?? []), ...notes]) log.write('warn', note);
  if (process.stdin.isTTY) {
    log.write(
      'warn',
      'this speaks JSON-RPC on stdin and stdout: it is meant for the `command` field of an MCP host (end with Ctrl-D)',
    );
  }
  log.write(
    'info',
    `a gateway for ${entries.map(({ id, gateway }) => `\`${id}\` (${gateway.prefix === '' ? 'no prefix' : `\`${gateway.prefix}…\``})`).join(', ')}`,
  );
  for (const {
    settings: { lane, refusal },
  } of prepared)
    if (refusal !== undefined) log.write('warn', `\`${lane}\` is left out: ${refusal.text}`);
  for (const line of policy === undefined ? [] : explainScopes(policy, entries)) log.write('warn', line);
  if (ignored !== undefined) log.write('warn', explainIgnored(ignored));
  if (unused !== undefined) log.write('warn', unused);
}
