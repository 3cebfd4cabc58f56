// `mcp-guard scope creep`: what servers may do, over time, against what of it was used; when it grew, by whose approval and why. Says
// what is not on record. Knows no file and no clock.
import type { ScopeChanges } from '../adapters/scope-changes.ts';
import { GuardError } from '../guard-error.ts';
import { buildSeries, type SurfacePoint } from '../policy/creep/surface-series.ts';
import type { ServerUse } from '../policy/lint/tool-use.ts';
import { decideTarget } from '../policy/scope/scope-decision.ts';
import { suggestName } from './breaker-target.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import { type CreepView, formatCreep, formatCreepJson, PLOT_COLUMNS, type PlotMarks } from './scope-creep-screen.ts';
import { knownScoped, type ScopeScene } from './scope-show.ts';
import { standingOf } from './scope-standing.ts';
import { wrapWords } from './text-width.ts';

export interface ScopeCreepOptions {
  readonly server?: string | undefined;
  /** How far back. */
  readonly days: string;
  readonly json?: boolean | undefined;
  readonly tenant: string;
}

export interface CreepRecord {
  readonly changes: ScopeChanges;
  readonly uses: ReadonlyMap<string, ServerUse>;
}

const DAY_MS = 86_400_000;
const MOST_DAYS = 3_650;

/** @returns the exit code: 0, or 1 where nobody knows the server that was named @throws GuardError usage */
export function runScopeCreep(
  options: ScopeCreepOptions,
  io: CliIo,
  scene: ScopeScene,
  record: CreepRecord,
  marks: PlotMarks,
): number {
  const days = readDays(options.days);
  const known = [...new Set([...knownScoped(scene), ...record.changes.since.keys()])].sort();
  const servers = options.server === undefined ? known : known.filter((name) => name === options.server);
  if (servers.length === 0) {
    const wanted = options.server;
    const lines =
      wanted === undefined
        ? ['there is no config, and no server is on record: nothing has grown yet']
        : [`no server is called \`${makeInert(wanted)}\``, suggestName(wanted, known)];
    io.stderr.write(`${lines.flatMap((line) => wrapWords(line, io.columns)).join('\n')}\n`);
    return wanted === undefined ? 0 : 1;
  }
  const views = servers.map((server) => viewServer(server, days, options.tenant, scene, record));
  if (options.json === true) for (const view of views) io.stdout.write(`${formatCreepJson(view)}\n`);
  else io.stdout.write(views.map((view) => formatCreep(view, io.columns, makePaint(io.color), marks)).join('\n'));
  return 0;
}

function viewServer(
  server: string,
  days: number,
  tenant: string,
  scene: ScopeScene,
  { changes, uses }: CreepRecord,
): CreepView {
  const { nowMs } = scene;
  const fromMs = nowMs - days * DAY_MS;
  const now = countNow(server, scene);
  const use = uses.get(server)?.byKind.tool;
  const firstUses = now.names.flatMap((name) => use?.get(name)?.firstMs ?? []);
  const own = changes.changes.filter((change) => change.server === server);
  const granted = now.names.length;
  const steps = own.flatMap(({ atMs, before, after }) =>
    before === undefined || after === undefined ? [] : [{ atMs, before, after }],
  );
  const facts = { steps, granted, firstUses, sinceMs: changes.since.get(server) };
  const points: readonly SurfacePoint[] = buildSeries(facts, fromMs, nowMs, PLOT_COLUMNS);
  return {
    ...{ server, tenant, days, fromMs, nowMs, points, granted },
    standing: now.standing,
    offered: now.offered,
    used: firstUses.length,
    keptOut: now.keptOut,
    sinceMs: facts.sinceMs,
    changes: own.filter(({ atMs }) => atMs >= fromMs),
    older: own.filter(({ atMs }) => atMs < fromMs).length,
    turns: changes.turns.filter((turn) => turn.server === server && turn.atMs >= fromMs),
    last: own.at(-1)?.after,
    hasMore: changes.hasMore || uses.get(server)?.hasMore === true,
  };
}

interface SurfaceNow {
  readonly standing: CreepView['standing'];
  /** Tools that can be called, or are granted by name where it is not known what there is. */
  readonly names: readonly string[];
  /** Undefined: not known. */
  readonly offered: number | undefined;
  /** Granted, and kept out of use by pins. */
  readonly keptOut: number;
}

function countNow(server: string, scene: ScopeScene): SurfaceNow {
  const { policy, nowMs } = scene;
  const standing = standingOf(policy, server, scene.further);
  const list = scene.inventoryOf(server)?.lists.tools;
  const offered = list === undefined ? undefined : [...new Set(list.entries.map(({ name }) => name))];
  const count = list === undefined || offered === undefined ? undefined : offered.length + list.omitted;
  if (standing.kind === 'refused') return { standing: 'refused', names: [], offered: count, keptOut: 0 };
  const keptOut = scene.keptOutOf?.(server);
  const withoutDrift = (names: readonly string[]): Pick<SurfaceNow, 'names' | 'keptOut' | 'offered'> => {
    const usable = names.filter((name) => keptOut?.tool(name) === undefined);
    return { names: usable, keptOut: names.length - usable.length, offered: count };
  };
  if (standing.kind === 'unscoped') return { standing: 'unscoped', ...withoutDrift(offered ?? []) };
  const { layers, mode } = standing.scope;
  if (mode === 'observe') return { standing: 'observe', names: offered ?? [], offered: count, keptOut: 0 };
  const exact = layers[0].grants.filter(({ kind, pattern }) => kind === 'tool' && !/[*?]/.test(pattern));
  const asked = offered ?? [...new Set(exact.map(({ pattern }) => pattern))];
  const names = asked.filter((name) => decideTarget(layers, 'tool', name, nowMs).granted);
  return { standing: 'scoped', ...withoutDrift(names) };
}

function readDays(text: string): number {
  const days = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= MOST_DAYS) return days;
  throw new GuardError('usage', `\`--days ${text}\` is no number of days from 1 to ${MOST_DAYS}`, {
    hint: 'write it as `--days 90`',
  });
}
