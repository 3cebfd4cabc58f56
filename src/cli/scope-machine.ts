// What the commands of `scope` look at on this machine: the policy, what servers offer, the guard's own files. Decides nothing.
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { createConstraintPorts, type ServerSurroundings } from '../adapters/constraint-ports.ts';
import { inventorySpec, listInventories, loadInventory } from '../adapters/inventory-documents.ts';
import { placeLock } from '../adapters/lock-file.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { explainIgnored, findConfigFile } from '../config/find-config.ts';
import { loadPolicy } from '../config/load-config.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { isGuardError } from '../guard-error.ts';
import { prepareOwnPaths } from '../policy/constraint/own-paths.ts';
import type { Inventory } from '../policy/inventory/known-list.ts';
import { createOwnPathsPolicy } from '../policy/own-paths.ts';
import { makeInert } from './inert-text.ts';
import { loadLockedPolicy } from './locked-policy.ts';
import { listOwnFiles } from './own-files.ts';
import type { ExplainScene } from './scope-explain.ts';
import type { OwnPathsPolicy } from './scope-judge.ts';
import type { FurtherLayers } from './scope-standing.ts';
import { loadPortsFor } from './with-constraints.ts';

export interface ScopeMachine extends ExplainScene {
  readonly policy: Policy | undefined;
  readonly stateDir: string;
}

const NO_PATTERNS = (): never => {
  throw new Error('no path needs a pattern');
};

/**
 * @param config `--config`
 * @param reading `in_force`: what holds now, narrowed by the lock. `as_written`: what the config would permit, approved or not
 * @throws GuardError where the config cannot be used, or (`in_force`) its lock does not count
 */
export async function openScopeMachine(
  config: string | undefined,
  tenant: string,
  reading: 'in_force' | 'as_written',
): Promise<ScopeMachine> {
  const { env } = process;
  const stateDir = resolveStateDir(env);
  const say = (text: string): void => void process.stderr.write(`mcp-guard: ${makeInert(text)}\n`);
  const readAllowed = () => readAllowedConfigs(stateDir);
  const { place, ignored } = findConfigFile({ flag: config, env, cwd: process.cwd(), readAllowed });
  if (ignored !== undefined) say(explainIgnored(ignored));
  const { wallMs: nowMs } = systemClock.now();
  const context = { env, uid: process.getuid?.(), portsFor: await loadPortsFor(), stateDir, tenant, nowMs };
  const locked = place === undefined || reading === 'as_written' ? undefined : await loadLockedPolicy(place, context);
  const policy = locked?.policy ?? (place === undefined ? undefined : loadPolicy(place, context));
  const ownFiles = listOwnFiles(listKnownFiles(policy, stateDir, tenant), { env, cwd: process.cwd() });
  const ownPaths = new Map<string, OwnPathsPolicy>();
  const said = new Set<string>();
  return {
    policy,
    stateDir,
    nowMs,
    further: locked?.layersOf ?? NO_FURTHER,
    offered: () => listInventories(stateDir, tenant),
    inventoryOf: (server) => {
      const complain = (why: string): void => {
        if (!said.has(server)) say(`what \`${server}\` offers is not known: ${why}`);
        said.add(server);
      };
      return tryInventory(stateDir, tenant, server, nowMs, complain);
    },
    ownPathsOf: (server) => {
      const known = ownPaths.get(server);
      if (known !== undefined) return known;
      const ports = createConstraintPorts(surroundingsOf(policy?.servers.get(server)), NO_PATTERNS);
      const own = createOwnPathsPolicy({ own: prepareOwnPaths(ownFiles, ports), portsOf: () => ports });
      ownPaths.set(server, own);
      return own;
    },
  };
}

/** Ceilings come in here. */
const NO_FURTHER: FurtherLayers = () => [];

function listKnownFiles(policy: Policy | undefined, stateDir: string, tenant: string): readonly string[] {
  if (policy === undefined) return [stateDir];
  const { path } = policy.source;
  return [stateDir, path, placeLock(path, stateDir, tenant).lock];
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
