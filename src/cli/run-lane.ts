// The session of one server behind a gateway: a complete one, as for a single server, whose client is the gateway. Its policies are made
// once and outlive a server that was stopped; everything else is new each time it starts.
import type { CanaryWatch } from '../adapters/canary-watch.ts';
import type { ClientEnd } from '../adapters/client-end.ts';
import type { LaneNews } from '../adapters/gateway-options.ts';
import type { NoiseRelay } from '../adapters/noise-relay.ts';
import type { RunningServer, RunOptions } from '../adapters/run-options.ts';
import { SessionRun } from '../adapters/run-session.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { DEFAULTS, type Policy, type ServerPolicy } from '../config/policy.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import type { Refusing } from '../core/denial.ts';
import type { UpstreamExit } from '../core/events.ts';
import type { Interceptor, ListName } from '../core/interceptor.ts';
import { Session } from '../core/session.ts';
import type { SessionSettings } from '../core/settings.ts';
import { SWITCHED_OFF } from '../policy/breaker/switched-off.ts';
import { SCOPE } from '../policy/scope/scope.ts';
import type { AuditSink } from '../ports/audit-sink.ts';
import type { Instant } from '../ports/clock.ts';
import type { GuardStatus } from '../ports/guard-status.ts';
import type { Log } from '../ports/log.ts';
import type { Spawner, UpstreamCommand, UpstreamProcess } from '../ports/upstream.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import type { PreparedServer } from './prepare-server.ts';
import { createServerRenewal } from './renew-server.ts';
import { createPolicies, type Policies, type PolicyParts } from './run-policies.ts';
import { settingsOf } from './run-settings.ts';
import { liveServer } from './run-status.ts';
import { type ServerInForce, serverAtStart } from './server-in-force.ts';
import { laneLimitsOf } from './session-limits.ts';

export interface LaneParts {
  readonly inForce: PolicyInForce;
  /** What `--model` or `MCP_GUARD_MODEL` says. */
  readonly model: string | undefined;
  readonly stateDir: string;
  readonly tenant: string;
  readonly tag: string;
  readonly log: Log;
  readonly sink: AuditSink;
  readonly spawner: Spawner;
  readonly relay: NoiseRelay;
  /** Undefined: nobody looks. */
  readonly canary: CanaryWatch | undefined;
  readonly status: Pick<GuardStatus, 'watch'>;
  readonly identity: PolicyParts['identity'];
  readonly mask: PolicyParts['mask'];
  /** As at the start, for an entry that has changed while the session runs. */
  readonly prepare: (server: ResolvedServer, policy: Policy | undefined) => Promise<PreparedServer>;
  /** One set for all servers of the session. */
  readonly limits: PolicyParts['limits'];
  readonly fleet: PolicyParts['fleet'];
  readonly ownFiles: readonly string[];
  /** What the client has before the names of this server now. */
  readonly prefixOf: (server: string) => string;
}

export interface LaneServer {
  readonly entry: ServerPolicy;
  readonly prepared: PreparedServer;
  /** Already started, so that it boots while the guard puts itself together; for its first session. */
  readonly process: UpstreamProcess | undefined;
}

export interface ServerLane {
  /** Opens a session with a server of its own, each time it is called. */
  open(client: ClientEnd, news: LaneNews): SessionRun;
  /**
   * Why its scope, by the tool's name alone, or its breaker would refuse a call that waits for its server; undefined: they would not.
   * Takes nothing.
   */
  refusal(tool: string, now: Instant): Refusing | undefined;
  /** What its policies say of its lists, by the policy of now. */
  readonly lists: Pick<Policies, 'couldShow' | 'hides' | 'mayShow' | 'shownOf'>;
  /** What the next server of it is started by. INVARIANT: the same object for as long as it is the same command. */
  command(): UpstreamCommand;
  /** As it was prepared. INVARIANT: another command has the same. */
  readonly isolation: PreparedServer['isolation'];
}

export function createLane({ entry, prepared, process }: LaneServer, parts: LaneParts): ServerLane {
  const { inForce, log, sink, stateDir, tenant, ownFiles, identity, limits, fleet, mask } = parts;
  const { command } = prepared;
  /** Undefined while no session of this server runs. */
  let current: SessionRun | undefined;
  const server: ResolvedServer = { name: entry.id, command: entry.command, args: entry.args, entry };
  const standing: { now: ServerInForce } = { now: serverAtStart(inForce.held, server) };
  const live = (): ServerInForce => standing.now;
  const settings = asOneOfMany(
    settingsOf(inForce.held.policy, server, parts.model, `${parts.tag}/${entry.id}`, live),
    () => (live().entry ?? entry).onExit ?? 'restart',
    () => parts.prefixOf(entry.id),
  );
  const servers = new Map<string, RunningServer>([[entry.id, { command, process }]]);
  const policies = createPolicies({
    renewal: createServerRenewal({
      isOneOfMany: true,
      server,
      prepared,
      servers,
      prepare: parts.prepare,
      run: () => current,
    }),
    ...{
      mask,
      identity,
      limits,
      fleet,
      inForce,
      standing,
      server,
      settings,
      log,
      clock: systemClock,
      stateDir,
      tenant,
      ownFiles,
    },
    asked: { serverFlag: entry.id, command: undefined, args: [] },
    place: { cwd: command.cwd, home: command.env.HOME, env: command.env },
  });
  let isFirst = true;
  const open = (client: ClientEnd, news: LaneNews): SessionRun => {
    const { command: next } = servers.get(entry.id) ?? { command };
    if (!isFirst) servers.set(entry.id, { command: next, process: undefined });
    isFirst = false;
    const { policy } = inForce.held;
    const chain = [...policies.interceptors, tellNews(news, () => session.lastExit)];
    const told = { ...settings, tellList: (list: ListName) => news.onList(list) };
    const session: Session = new Session(told, chain, (name, error) =>
      log.write('error', `the policy \`${name}\` failed: ${String(error)}`),
    );
    const options: RunOptions = {
      session,
      servers,
      // The trail of the session is one, and ends with it.
      sink: { append: (entries) => sink.append(entries), close: () => {} },
      ...{ spawner: parts.spawner, clock: systemClock, log, timers: systemTimers, client },
      screen: parts.canary?.screen,
      // The gateway itself watches the host.
      parent: () => 0,
      limits: laneLimitsOf(() => inForce.held.policy),
      afterTurn: () => {},
      policiesIdle: () => {
        current = undefined;
        return policies.idle();
      },
      shutdown: policy?.shutdown ?? DEFAULTS.shutdown,
      showNoise: (name, text) => {
        parts.canary?.noise(text);
        parts.relay.show(name, text);
      },
      relayStderr: (name, stderr) => {
        parts.canary?.stderr(stderr);
        parts.relay.relay(name, stderr);
      },
    };
    const run = new SessionRun(options);
    current = run;
    policies.attach(run);
    parts.status.watch(entry.id, liveServer(entry.id, session, policies.words));
    return run;
  };
  const refusal = (tool: string, now: Instant): Refusing | undefined => {
    const params = { name: tool };
    const view = { asked: 'client', upstream: entry.id, method: 'tools/call', tool, params, modern: false } as const;
    const ask = (policy: string) =>
      policies.interceptors
        .find(({ name }) => name === policy)
        ?.onRequest?.({ ...view, prefix: parts.prefixOf(entry.id) }, now);
    // first, as in its session. What does not exist for its name alone: all else is judged there, with its arguments
    const denied = ask(SCOPE);
    if (denied?.kind === 'deny' && denied.error !== undefined) return denied;
    const off = ask(SWITCHED_OFF);
    return off?.kind === 'deny' && off.rule.startsWith('breaker.server.') ? off : undefined;
  };
  return {
    ...{ open, refusal, lists: policies, isolation: prepared.isolation },
    command: () => servers.get(entry.id)?.command ?? command,
  };
}

/** A server of many that ends is started again, unless the config says otherwise. */
function asOneOfMany(
  settings: SessionSettings,
  onExit: () => 'exit' | 'restart',
  prefix: () => string,
): SessionSettings {
  const { upstream } = settings;
  return {
    ...settings,
    upstream: {
      name: upstream.name,
      deadlineOf: upstream.deadlineOf,
      get onExit() {
        return onExit();
      },
      get restart() {
        return upstream.restart;
      },
      get prefix() {
        return prefix();
      },
      isTriedLater: true,
    },
  };
}

/** Last of the chain: decides nothing, and sees how its server fares. */
function tellNews(news: LaneNews, lastExit: () => UpstreamExit | undefined): Interceptor {
  let exits = 0;
  return {
    name: 'lane',
    onExit() {
      exits += 1;
      news.onAway();
    },
    onFate: (_, fate) => (fate === 'back' ? news.onBack() : news.onGone(exits > 1, lastExit())),
  };
}
