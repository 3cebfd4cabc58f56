// What the commands of `scope` look at on this machine: the policy, what servers offer, the guard's own files. Decides nothing.
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { createConstraintPorts, type ServerSurroundings } from '../adapters/constraint-ports.ts';
import { inventorySpec, listInventories, loadInventory } from '../adapters/inventory-documents.ts';
import { placeLock } from '../adapters/lock-file.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { listDecided } from '../config/decided-values.ts';
import { explainIgnored, findConfigFile } from '../config/find-config.ts';
import { loadPolicy } from '../config/load-config.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { restrictionLayers, restrictionsOn } from '../config/restrict-layers.ts';
import type { ServerAt } from '../config/restriction.ts';
import { isGuardError } from '../guard-error.ts';
import { prepareOwnPaths } from '../policy/constraint/own-reach.ts';
import type { Inventory } from '../policy/inventory/known-list.ts';
import type { CommandOptions } from '../policy/lock/lock-command.ts';
import { createOwnPathsPolicy } from '../policy/own-paths.ts';
import { NO_PAUSES, type Pause, pauseAt } from '../policy/pause.ts';
import { describeBlocked } from './blocked-server.ts';
import { openCeilingsHere, restrictBareRun } from './ceilings-here.ts';
import { commandOptions } from './command-options.ts';
import { findEnding } from './ending-approval.ts';
import { readKeptOut } from './kept-by-pins.ts';
import { loadLockedPolicy } from './locked-policy.ts';
import { narrowToRoles } from './narrow-to-roles.ts';
import { listKnownFiles, listOwnFiles } from './own-files.ts';
import { readPausesHere } from './pauses-here.ts';
import type { ExplainScene } from './scope-explain.ts';
import type { OwnPathsPolicy } from './scope-judge.ts';
import { standingOf } from './scope-standing.ts';
import { sayAside } from './terminal.ts';
import { loadPortsFor } from './with-constraints.ts';

export interface ScopeMachine extends ExplainScene {
  readonly policy: Policy | undefined;
  /** Behind the commands that are named. */
  readonly commandOptions: CommandOptions;
  readonly stateDir: string;
}

const NO_PATTERNS = (): never => {
  throw new Error('no path needs a pattern');
};

/**
 * @param config `--config`
 * @param reading `in_force`: what holds now, narrowed by the lock. `as_written`: what the config would permit, approved or not
 * @param roles `in_force`: of the principal; undefined: roles do not apply
 * @throws GuardError where the config cannot be used, or (`in_force`) its lock does not count
 */
export async function openScopeMachine(
  config: string | undefined,
  tenant: string,
  reading: 'in_force' | 'as_written',
  roles?: readonly string[],
): Promise<ScopeMachine> {
  const { env } = process;
  const stateDir = resolveStateDir(env);
  const readAllowed = () => readAllowedConfigs(stateDir);
  const { place, ignored } = findConfigFile({ flag: config, env, cwd: process.cwd(), readAllowed });
  if (ignored !== undefined) sayAside(explainIgnored(ignored));
  const { wallMs: nowMs } = systemClock.now();
  const ceilings = await openCeilingsHere();
  const context = { env, uid: process.getuid?.(), portsFor: await loadPortsFor(), stateDir, tenant, nowMs, ceilings };
  const locked = place === undefined || reading === 'as_written' ? undefined : await loadLockedPolicy(place, context);
  const ending =
    locked === undefined || place === undefined
      ? undefined
      : await findEnding(locked, place, context, (later, server) => {
          const policy = narrowToRoles(later, roles);
          const unlisted = restrictionLayers(restrictionsOn(policy, undefined, unlistedAt(server)));
          return standingOf(policy, server, (entry) => [
            ...later.layersOf(entry),
            ...(entry === undefined ? unlisted : []),
          ]);
        });
  const inForce = locked === undefined ? undefined : narrowToRoles(locked, roles);
  const policy = inForce ?? (place === undefined ? undefined : loadPolicy(place, context));
  const effective = place === undefined ? await restrictBareRun(ceilings) : policy;
  const path = policy?.source.path;
  const lockPlace = path === undefined ? undefined : placeLock(path, stateDir, tenant);
  const known = path === undefined || lockPlace === undefined ? undefined : { config: path, lock: lockPlace.lock };
  const ownFiles = listOwnFiles(listKnownFiles(stateDir, known), { env, cwd: process.cwd() });
  const ownPaths = new Map<string, OwnPathsPolicy>();
  const said = new Set<string>();
  // a config that was only written is not what is paused
  const pauses = locked === undefined ? NO_PAUSES : readPausesHere(stateDir, tenant, nowMs);
  const waitsOf = (server: string): string | undefined =>
    locked && describeBlocked(locked.judgement, server, 'is not started');
  const pauseOf = (server: string): Pause | undefined =>
    pauseAt(pauses, { config: lockPlace?.config ?? '', server }, nowMs);
  const sayOnce = (server: string, why: string): void => {
    if (!said.has(server)) sayAside(`what \`${server}\` offers is not known: ${why}`);
    said.add(server);
  };
  return {
    policy,
    commandOptions: place === undefined ? '' : commandOptions(place, tenant),
    stateDir,
    nowMs,
    further: (entry, server) => [
      ...(locked?.layersOf(entry) ?? []).map((layer) => {
        const waits = waitsOf(server);
        return waits === undefined ? layer : { ...layer, waits };
      }),
      ...(entry === undefined ? restrictionLayers(restrictionsOn(effective, entry, unlistedAt(server))) : []),
    ],
    decided: locked === undefined ? [] : listDecided(locked.undecided),
    ending,
    waitsOf,
    pauseOf,
    // what is paused or observed passes
    keptOutOf: (server) =>
      locked === undefined || pauseOf(server) !== undefined
        ? undefined
        : readKeptOut(server, { ...locked, policy: inForce ?? locked.policy }, tenant, (why) => sayOnce(server, why)),
    offered: () => listInventories(stateDir, tenant),
    inventoryOf: (server) => tryInventory(stateDir, tenant, server, nowMs, (why) => sayOnce(server, why)),
    ownPathsOf: (server) => {
      const known = ownPaths.get(server);
      if (known !== undefined) return known;
      const ports = createConstraintPorts(surroundingsOf(policy?.servers.get(server)), NO_PATTERNS);
      const own = createOwnPathsPolicy({ own: () => prepareOwnPaths(ownFiles, ports), portsOf: () => ports });
      ownPaths.set(server, own);
      return own;
    },
  };
}

/** Its command is not known: relative paths of a ceiling count from here. */
function unlistedAt(id: string): ServerAt {
  return { id, cwd: undefined, home: undefined, args: [] };
}

/** As `run` would start it from this directory. */
function surroundingsOf(entry: ServerPolicy | undefined): ServerSurroundings {
  const home = entry?.env.HOME;
  return { cwd: entry?.cwd, home: home?.kind === 'literal' ? home.text : undefined, args: entry?.args ?? [] };
}

function tryInventory(
  stateDir: string,
  tenant: string,
  server: string,
  nowMs: number,
  complain: (why: string) => void,
): Inventory | undefined {
  try {
    return loadInventory(inventorySpec(stateDir, tenant, server, { say: complain, nowMs: () => nowMs }));
  } catch (error) {
    if (!isGuardError(error)) throw error;
    complain(error.message);
    return undefined;
  }
}
