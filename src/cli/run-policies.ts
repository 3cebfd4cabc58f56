// The policies of one run: the chain over the state that the guards of this machine share. Puts together, decides nothing.
import { openBreakerStore } from '../adapters/breaker-store.ts';
import { createConstraintPorts } from '../adapters/constraint-ports.ts';
import { openInventoryStore } from '../adapters/inventory-store.ts';
import { watchTokenFiles } from '../adapters/known-token-files.ts';
import type { SessionRun } from '../adapters/run-session.ts';
import { sha256Digest } from '../adapters/sha256-digest.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import type { EventEntry } from '../audit/entry.ts';
import type { BreakerLookup } from '../config/breaker-lookup.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import type { Interceptor } from '../core/interceptor.ts';
import type { SessionSettings } from '../core/settings.ts';
import type { BoardTransition } from '../policy/breaker/board.ts';
import { showBoardWord } from '../policy/breaker/board-word.ts';
import { describeOpening } from '../policy/breaker/opening-text.ts';
import { recordTransition } from '../policy/breaker/transition-record.ts';
import { createInterceptors } from '../policy/chain.ts';
import { prepareOwnPaths } from '../policy/constraint/own-reach.ts';
import { createInventoryWatch } from '../policy/inventory/inventory.ts';
import { createMaskedNames, type Mask } from '../policy/masked-names.ts';
import { createRenewal } from '../policy/renewal.ts';
import { createRoster, type RosterMember, type RosterTarget } from '../policy/roster.ts';
import { couldGrantAny, decideTarget } from '../policy/scope/scope-decision.ts';
import { enforcedLayers } from '../policy/scope/scope-split.ts';
import { createSteadyTime } from '../policy/steady-time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import type { FleetHub } from './fleet-hub.ts';
import { followPolicy } from './follow-policy.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import type { ServerRenewal } from './renew-server.ts';
import type { RunLimits } from './run-limits.ts';
import type { StatusWords } from './run-status.ts';
import type { HowAsked, ServerInForce } from './server-in-force.ts';

/** Open exchanges of one session. Bounds memory, not use: no host comes near it. */
const MAX_IN_FLIGHT = 10_000;

const NO_PATTERNS = (): never => {
  throw new Error('no path needs a pattern');
};

export interface PolicyParts {
  /** Takes the secrets of the session out of a text; undefined: there are none. */
  readonly mask?: Mask | undefined;
  /** Of the whole run; undefined: a bare one. */
  readonly limits: RunLimits | undefined;
  /** Of the whole run; undefined: a bare one. */
  readonly fleet?: FleetHub | undefined;
  /** Of the session's identity: first of the chain; undefined where nothing can end it. */
  readonly identity: Interceptor | undefined;
  readonly stateDir: string;
  readonly tenant: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly inForce: PolicyInForce;
  /** What of it is about this server. Written by the follower of the policy alone, asked each time by whoever must know what holds. */
  readonly standing: { now: ServerInForce };
  readonly asked: HowAsked;
  /** How it is started anew where its command has changed; undefined: it is closed then, and a person is told to. */
  readonly renewal?: ServerRenewal | undefined;
  readonly settings: SessionSettings;
  readonly server: ResolvedServer;
  /** Where the server works, and what it takes for its home. */
  readonly place: {
    readonly cwd: string | undefined;
    readonly home: string | undefined;
    readonly env?: UpstreamCommand['env'];
  };
  /** Absolute: what no tool may touch: state and trail, the config and its lock. */
  readonly ownFiles: readonly string[];
}

export interface Policies {
  readonly interceptors: readonly Interceptor[];
  /** Where what comes back from outside goes. To be called before a session starts; a later one takes the place of one that has ended. */
  attach(run: SessionRun): void;
  /** Resolves once nothing is under way any more that belongs on record. */
  idle(): Promise<void>;
  /** For `status`: how the breakers and limits of a server stand, in a word or two. */
  readonly words: StatusWords;
  /** The server has listed this resource, and its scope does not show it. */
  hides(uri: string): boolean;
  /** By the policy of now. */
  mayShow(target: RosterTarget, name: string): boolean;
  /** By its scope of now some name might be seen. */
  couldShow(target: RosterTarget): boolean;
  /** What it has listed to the end and the client may see by the policy of now; undefined: nobody can say. */
  shownOf(list: RosterMember): readonly string[] | undefined;
}

export function createPolicies(parts: PolicyParts): Policies {
  const { stateDir, tenant, log, clock, inForce, standing, settings, server } = parts;
  const { lock } = inForce.held;
  let run: SessionRun | undefined;
  // INVARIANT: nothing comes back from outside before the session has begun to ask.
  const between = (action: () => void) => run?.between(action);
  const store = openBreakerStore({ stateDir, tenant, log, clock, between });
  const { entry } = standing.now;
  const note = (name: EventEntry['name'], about: string, detail: EventEntry['detail']) =>
    run?.post({ type: 'noted', name, server: about, detail });
  const timeOf = createSteadyTime();
  const pins = lock?.openPins({
    ...{ log, clock, timeOf, note },
    server:
      entry === undefined
        ? undefined
        : { id: entry.id, document: lock.serverDocument(entry.id), isObserved: entry.mode === 'observe' },
  });
  const mayShow = (name: string, target: RosterTarget, atMs?: number): boolean => {
    const layers = enforcedLayers(standing.now.scope);
    return (
      (target !== 'tool' || pins?.interceptor.isInUse(server.name, names.mask(name)) !== false) &&
      (layers === undefined || decideTarget(layers, target, name, atMs ?? timeOf(clock.now())).granted)
    );
  };
  const names = createMaskedNames(parts.mask);
  const roster = createRoster((_, name, target, atMs) => mayShow(name, target, atMs));
  const kept = openInventoryStore({ stateDir, tenant, log, timers: systemTimers, nowMs: () => clock.now().wallMs });
  const inventory = createInventoryWatch({ digest: sha256Digest.text, later: kept.later, offer: kept.offer });
  let ports = createConstraintPorts({ ...parts.place, args: server.args }, NO_PATTERNS);
  const tokenFiles = watchTokenFiles(stateDir, {
    say: (text) => log.write('warn', text),
    nowMs: () => clock.now().wallMs,
  });
  const renewal = lock === undefined ? undefined : createRenewal();
  const breaker = (): BreakerLookup => standing.now.breaker;
  const recordMove = (about: string, transition: BoardTransition): void => {
    note('breaker', about, recordTransition(transition));
    const said = describeOpening(about, transition, breaker().settingsOf(about, transition.tool).mode);
    if (said !== undefined) log.write('warn', said);
  };
  const fleet = parts.fleet?.join({
    ...{ server: server.name, store, lookup: breaker, between },
    onTransition: (transition) => recordMove(server.name, transition),
    onTurn: (why) =>
      note('breaker_fleet', server.name, { store: why === undefined ? 'back' : 'away', why: why ?? null }),
  });
  const interceptors = createInterceptors({
    names,
    identity: parts.identity,
    maxInFlight: MAX_IN_FLIGHT,
    inventory,
    roster,
    scopes: { get: (name) => (name === server.name ? standing.now.scope : undefined) },
    ownPaths: {
      own: () => prepareOwnPaths([...parts.ownFiles, ...tokenFiles.paths], ports),
      hasChanged: (monoMs) => tokenFiles.refresh(monoMs),
      portsOf: () => ports,
    },
    pins: pins?.interceptor,
    renewal,
    limits:
      parts.limits?.chainOf({
        between,
        post: (event) =>
          run?.post(event.type === 'wait_over' ? { ...event, request: names.original(event.request) } : event),
      }) ?? [],
    timeOf,
    isPaused: (about, now) => pins?.isPaused(about, now) ?? false,
    bulkhead: {
      serverSettings: (name) => breaker().bulkhead.serverSettings(name),
      toolSettings: (name, tool) => breaker().bulkhead.toolSettings(name, tool),
    },
    breaker: {
      store,
      settingsOf: (name, tool) => breaker().settingsOf(name, tool),
      toolsOf: (name) => roster.toolsOf(name)?.map(names.mask),
      allToolsOf: (name) => roster.allOf(name)?.map(names.mask),
      deadlineMsOf: (_, tool) => {
        const { idleMs, hardMs } = settings.upstream.deadlineOf(tool);
        return Math.min(idleMs, hardMs);
      },
      fleet,
      onTransition: (name, transition) => {
        recordMove(name, transition);
        fleet?.moved(transition);
      },
      resume: (request, outcome) => run?.post({ type: 'wait_over', request: names.original(request), outcome }),
    },
    hiding: lock === undefined ? undefined : { includes: (name) => breaker().mayHide(name) },
  });
  const movesTo = ({ cwd, env, args }: UpstreamCommand): void => {
    ports = createConstraintPorts({ cwd, home: env.HOME, args, env }, NO_PATTERNS);
  };
  const gate = renewal ?? { begin: () => {}, isUnderWay: () => false };
  // a server that was not started yet has no session whose turns this could come between
  const inTurn = (action: () => void): void => {
    if (run === undefined) action();
    else
      run.between(() => {
        action();
        // a list that is another is told in this turn, which is that of all servers, and not in one of its own
        run?.post({ type: 'tick' });
      });
  };
  const hasLeft = (): boolean => inForce.held.policy?.servers.has(server.name) === false;
  inForce.follow(
    followPolicy({
      ...parts,
      renewal: parts.renewal,
      hasLeft,
      interceptors,
      roster,
      pins,
      between: inTurn,
      gate,
      movesTo,
    }),
  );
  return {
    interceptors,
    hides: (uri) => roster.hides(server.name, uri),
    mayShow: (target, name) => mayShow(name, target),
    couldShow(target) {
      const layers = enforcedLayers(standing.now.scope);
      return layers === undefined || couldGrantAny(layers, target, timeOf(clock.now()));
    },
    shownOf: (list) => roster.shownOf(server.name, list),
    words: {
      breaker: (name) => showBoardWord(store.read(name)),
      limit: () => parts.limits?.word() ?? '-',
      // of many servers one that has left says so in a word
      why: () =>
        hasLeft() && parts.renewal?.isOneOfMany === true
          ? ''
          : [standing.now.note, pins?.describeOutOfUse()].filter((one) => one !== undefined).join('; '),
    },
    attach(attached) {
      const isFirst = run === undefined;
      run = attached;
      fleet?.begin();
      if (!isFirst) return;
      for (const detail of lock?.events ?? []) note('lock', server.name, detail);
      pins?.begin();
    },
    async idle() {
      inventory.settle();
      for (const one of interceptors) one.onEnd?.(clock.now());
      await Promise.all([store.idle(), kept.idle(), pins?.idle(), parts.limits?.idle()]);
      await fleet?.end();
    },
  };
}
