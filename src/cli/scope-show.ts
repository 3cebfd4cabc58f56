// `mcp-guard scope show`: who can do what on which server, with what decided. Knows no file and no clock.
import type { Policy } from '../config/policy.ts';
import type { Decided } from '../config/restrict-policy.ts';
import type { Inventory } from '../policy/inventory/known-list.ts';
import type { Pause } from '../policy/pause.ts';
import type { KeptOut } from '../policy/pins/drift-on-file.ts';
import { suggestName } from './breaker-target.ts';
import type { EndingApproval } from './ending-approval.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import { listScopeRows } from './scope-rows.ts';
import { formatServer } from './scope-screen.ts';
import { formatServerJson } from './scope-show-json.ts';
import { type FurtherLayers, standingOf } from './scope-standing.ts';
import { wrapWords } from './text-width.ts';

export interface ScopeShowOptions {
  readonly server?: string | undefined;
  readonly json?: boolean | undefined;
  readonly tenant: string;
}

/** What the commands of `scope` look at. */
export interface ScopeScene {
  /** Undefined: there is no config. */
  readonly policy: Pick<Policy, 'servers' | 'unlisted' | 'source'> | undefined;
  readonly further: FurtherLayers;
  /** Values that a ceiling has decided; undefined: none. */
  readonly decided?: readonly Decided[];
  /** Servers of which it is known what they offer. */
  offered(): readonly string[];
  /** Undefined where nothing is known, or it cannot be read, which has been said. */
  inventoryOf(server: string): Inventory | undefined;
  /** Break-glass that holds now; undefined: none, or it is not asked what holds now. */
  readonly pauseOf?: (server: string) => Pause | undefined;
  /** What its pins keep out of use now; undefined: nothing, or it is not asked what holds now. */
  readonly keptOutOf?: (server: string) => KeptOut | undefined;
  /** Why it does not start before somebody approves that; undefined: it does. */
  readonly waitsOf?: (server: string) => string | undefined;
  /** Undefined: no approval ends by itself. */
  readonly ending?: EndingApproval | undefined;
  /** Servers that are there, and not for who is asked about. */
  readonly closed?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Names of a list, where all servers are shown, and where one is. */
const FEW_NAMES = 20;
const MANY_NAMES = 200;

/** @returns the exit code: 0, or 1 where nobody knows the server that was named */
export function runScopeShow(options: ScopeShowOptions, io: CliIo, scene: ScopeScene): number {
  const { policy, nowMs } = scene;
  const known = knownScoped(scene);
  const { server: wanted } = options;
  const servers = wanted === undefined ? known : known.filter((name) => name === wanted);
  if (servers.length === 0) {
    const closed = describeClosed(wanted, scene);
    const lines =
      closed !== undefined
        ? [closed]
        : wanted === undefined
          ? [describeNothing(scene)]
          : [`no server is called \`${makeInert(wanted)}\``, suggestName(wanted, known)];
    const out = closed === undefined || options.json === true ? io.stderr : io.stdout;
    out.write(`${lines.flatMap((line) => wrapWords(line, io.columns)).join('\n')}\n`);
    return wanted === undefined || closed !== undefined ? 0 : 1;
  }
  const style = {
    columns: io.columns,
    paint: makePaint(io.color),
    mostNames: wanted === undefined ? FEW_NAMES : MANY_NAMES,
  };
  for (const [index, name] of servers.entries()) {
    const standing = standingOf(policy, name, scene.further);
    const { decided, ending } = scene;
    const [pause, keptOut, waits] = [scene.pauseOf?.(name), scene.keptOutOf?.(name), scene.waitsOf?.(name)];
    const more = { decided, pause, keptOut, waits, ending };
    const rows = listScopeRows(name, standing, scene.inventoryOf(name), nowMs, more);
    if (options.json === true) io.stdout.write(`${formatServerJson(options.tenant, rows)}\n`);
    else io.stdout.write(`${index === 0 ? '' : '\n'}${formatServer(rows, style).join('\n')}\n`);
  }
  return 0;
}

/** The servers of the config in its order, then those that were seen. */
export function knownScoped({ policy, offered }: Pick<ScopeScene, 'policy' | 'offered'>): readonly string[] {
  return [...new Set([...(policy?.servers.keys() ?? []), ...offered()])];
}

/** Whoever is asked about may not have any of what there is; undefined: there is nothing. */
function describeClosed(wanted: string | undefined, { closed = [] }: ScopeScene): string | undefined {
  if (wanted !== undefined && closed.includes(wanted))
    return `the token is not for \`${makeInert(wanted)}\`: no session with it starts that server`;
  return wanted === undefined && closed.length > 0 ? 'the token is for none of these servers' : undefined;
}

function describeNothing({ policy }: ScopeScene): string {
  return policy === undefined
    ? 'there is no config, and no server has been listed behind the guard yet: every server would be free'
    : `\`${makeInert(policy.source.path)}\` lists no server, and none has been listed behind the guard yet`;
}
