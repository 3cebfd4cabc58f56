// Connects `breaker status`, the orders and `breaker history` to this machine: its store, its trail, its config, its terminal.
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { listBreakerServers } from '../adapters/breaker-listing.ts';
import { openBreakerStore } from '../adapters/breaker-store.ts';
import { listRunFiles } from '../adapters/run-files.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createBreakerLookup } from '../config/breaker-lookup.ts';
import { findConfigFile } from '../config/find-config.ts';
import type { Policy } from '../config/policy.ts';
import { isGuardError } from '../guard-error.ts';
import type { Order } from '../policy/breaker/board-steps.ts';
import type { Log } from '../ports/log.ts';
import { type BreakerHistoryOptions, runBreakerHistory } from './breaker-history.ts';
import { runBreakerOrder } from './breaker-order.ts';
import { ASCII, BLOCKS } from './breaker-screen.ts';
import { type BreakerBoards, knownServers, runBreakerStatus } from './breaker-status.ts';
import { readActor } from './local-user.ts';
import { nextTick } from './next-tick.ts';
import { openOneShotTrail } from './one-shot-trail.ts';
import { lastEventsIn } from './state-trail.ts';
import { sayAside, showsBlocks, terminalIo, terminalSize, untilInterrupted } from './terminal.ts';

interface Shared {
  readonly tenant: string;
  /** The config whose settings and servers count; undefined: the one that `run` would use here. */
  readonly config?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

const TICK_MS = 1_000;

export async function status(
  target: string | undefined,
  flags: Shared & { readonly watch?: boolean },
): Promise<number> {
  const { boards } = await openBoards(flags);
  const signal = flags.watch === true ? untilInterrupted() : undefined;
  return runBreakerStatus({ ...flags, target }, terminalIo(flags.color), boards, {
    cells: showsBlocks() ? BLOCKS : ASCII,
    size: terminalSize,
    tick: () => nextTick(TICK_MS, signal),
  });
}

export async function order(
  word: Order['order'],
  target: string,
  flags: Shared & { readonly reason?: string },
): Promise<number> {
  const { tenant } = flags;
  const { boards, store, stateDir, said } = await openBoards(flags);
  const actor = readActor();
  return runBreakerOrder({ ...flags, order: word, target }, terminalIo(flags.color), {
    boards,
    store,
    actor,
    openTrail: (server) => openOneShotTrail({ stateDir, tenant, server, clock: systemClock, actor }),
    storeFault: () => said.at(-1)?.replace(/^.*so this guard goes on alone: /, ''),
  });
}

export async function history(
  target: string | undefined,
  flags: Shared & Omit<BreakerHistoryOptions, 'target'>,
): Promise<number> {
  const { boards, stateDir } = await openBoards(flags);
  const trail = {
    servers: () => knownServers(boards),
    lastEvents: lastEventsIn(stateDir, flags.tenant, ['breaker', 'breaker_order']),
  };
  return runBreakerHistory({ ...flags, target }, terminalIo(flags.color), trail, systemClock.now().wallMs);
}

async function openBoards({ tenant, config }: Shared) {
  const stateDir = resolveStateDir(process.env);
  const said: string[] = [];
  const log: Log = {
    write: (level, text) => {
      if (level === 'debug' || level === 'info') return;
      said.push(text);
      sayAside(text);
    },
  };
  // a command has no session whose turns a callback could come between
  const store = openBreakerStore({ stateDir, tenant, log, clock: systemClock, between: (action) => action() });
  const policy = await tryPolicy(stateDir, config, log);
  const boards: BreakerBoards = {
    place: stateDir,
    servers: () => listBreakerServers(stateDir, tenant),
    configured: [...(policy?.servers.keys() ?? [])],
    running: listRunFiles(stateDir, systemClock.now().wallMs).guards.flatMap(({ record }) =>
      record.tenant === tenant ? record.servers.map(({ name }) => name) : [],
    ),
    prefixes: new Map([...(policy?.servers.values() ?? [])].map(({ id, gateway }) => [id, gateway.prefix])),
    read: (server) => store.read(server),
    now: () => store.moment(systemClock.now()),
    settingsOf: createBreakerLookup(policy).settingsOf,
  };
  return { boards, store, stateDir, said };
}

/** Undefined where there is no config, or none that can be used: switching a server off must not wait until that is mended. */
async function tryPolicy(stateDir: string, flag: string | undefined, log: Log): Promise<Policy | undefined> {
  const { env } = process;
  try {
    const readAllowed = () => readAllowedConfigs(stateDir);
    const { place } = findConfigFile({ flag, env, cwd: process.cwd(), readAllowed });
    if (place === undefined) return undefined;
    const { loadPolicy } = await import('../config/load-config.ts');
    return loadPolicy(place, { env, uid: process.getuid?.() });
  } catch (error) {
    if (!isGuardError(error)) throw error;
    log.write(
      'warn',
      'the config cannot be used, so its servers and settings are not known here: run `mcp-guard config check`',
    );
    return undefined;
  }
}
