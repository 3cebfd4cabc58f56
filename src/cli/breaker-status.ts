// `mcp-guard breaker status`: every breaker that has something to say, once or as it changes. Knows no file and no clock.
import type { Board } from '../policy/breaker/board.ts';
import type { Moment } from '../ports/breaker-store.ts';
import { type BreakerRow, listRows, type SettingsOf, sortServers } from './breaker-rows.ts';
import { formatBoards, formatRowJson, type ScreenStyle } from './breaker-screen.ts';
import { explainTarget, readTarget, showTarget, type Target } from './breaker-target.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makeDrawing, type ScreenSize } from './redraw.ts';
import { makePaint } from './render.ts';
import { wrapWords } from './text-width.ts';

export interface BreakerStatusOptions {
  /** `<server>[/<tool>]` */
  readonly target?: string | undefined;
  readonly watch?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly tenant: string;
}

/** What the command looks at. */
export interface BreakerBoards {
  /** The state directory, for who looks at the wrong one. */
  readonly place?: string;
  /** Servers that have a document, in any order. */
  servers(): readonly string[];
  /** Those of the config, which may have none. */
  readonly configured: readonly string[];
  /** Those of guards that run, by whatever config. attacker-controlled. */
  readonly running?: readonly string[];
  /** What a client of a gateway has before the names of a server's tools, where the config says it. */
  readonly prefixes?: ReadonlyMap<string, string>;
  read(server: string): Board;
  now(): Moment;
  readonly settingsOf: SettingsOf;
}

export interface WatchScreen {
  readonly cells: ScreenStyle['cells'];
  /** Of the terminal that is drawn anew; undefined where stdout is none: then each change is a block of its own. */
  size(): ScreenSize | undefined;
  /** Settles after a second, or with false where the person has seen enough. */
  tick(): Promise<boolean>;
}

/** Where nothing changes it is said again: a pipe tells only who writes that its reader has left, and time has passed. */
const MOST_QUIET_TICKS = 30;

/** @returns the exit code @throws GuardError usage */
export async function runBreakerStatus(
  options: BreakerStatusOptions,
  io: CliIo,
  boards: BreakerBoards,
  screen: WatchScreen,
): Promise<number> {
  const target = options.target === undefined ? undefined : readTarget(options.target, knownServers(boards));
  if (options.watch !== true) {
    const servers = readServers(boards, target);
    if (servers.length === 0) {
      if (options.json !== true) io.stdout.write(describeNothing(target, boards, io.columns));
    } else io.stdout.write(show(servers, options, io, boards, screen));
    return 0;
  }
  await watch(options, io, boards, screen, target);
  return 0;
}

async function watch(
  options: BreakerStatusOptions,
  io: CliIo,
  boards: BreakerBoards,
  screen: WatchScreen,
  target: Target | undefined,
): Promise<void> {
  const draw = makeDrawing(io);
  let shown: string | undefined;
  let quietTicks = 0;
  do {
    const size = options.json === true ? undefined : screen.size();
    const servers = readServers(boards, target);
    const columns = size?.columns ?? io.columns;
    const text =
      servers.length === 0 && options.json !== true
        ? describeNothing(target, boards, columns)
        : show(servers, options, { ...io, columns }, boards, screen);
    const key = keyOf(servers);
    quietTicks = key === shown ? quietTicks + 1 : 0;
    if (size !== undefined) draw(text, size);
    else if (quietTicks % MOST_QUIET_TICKS === 0)
      io.stdout.write(shown === undefined || options.json === true ? text : `\n${text}`);
    shown = key;
  } while (await screen.tick());
}

/** What has changed where this has: not the time that passes. */
function keyOf(servers: readonly (readonly BreakerRow[])[]): string {
  return JSON.stringify(
    servers
      .flat()
      .map(({ server, tool, state, epoch, counts, probes }) => [
        server,
        tool,
        state,
        epoch,
        counts,
        probes?.lease?.holder,
      ]),
  );
}

function show(
  servers: readonly (readonly BreakerRow[])[],
  options: BreakerStatusOptions,
  io: CliIo,
  boards: BreakerBoards,
  screen: WatchScreen,
): string {
  if (options.json === true) {
    const tool = options.target === undefined ? undefined : readTarget(options.target, knownServers(boards)).tool;
    return servers
      .flat()
      .filter((row) => tool === undefined || row.tool === tool)
      .map((row) => `${formatRowJson(options.tenant, row)}\n`)
      .join('');
  }
  const style = { columns: io.columns, paint: makePaint(io.color), cells: screen.cells, nowMs: boards.now().wallMs };
  return `${formatBoards(servers, style).join('\n')}\n`;
}

/** The rows of each server that the target leaves. */
function readServers(boards: BreakerBoards, target: Target | undefined): readonly (readonly BreakerRow[])[] {
  const names = boards.servers().filter((name) => target === undefined || name === target.server);
  const now = boards.now();
  const servers = names.map((name) => {
    const rows = listRows(name, boards.read(name), now, boards.settingsOf);
    return target?.tool === undefined ? rows : rows.filter(({ tool }) => tool === target.tool || tool === undefined);
  });
  const isMeant = ({ tool }: BreakerRow): boolean => target?.tool === undefined || tool === target.tool;
  return sortServers(servers.filter((rows) => rows.some((row) => isMeant(row) && hasSomethingToSay(row))));
}

/** One that has never counted anything and never moved is as good as not there. */
function hasSomethingToSay({ state, epoch, counts }: BreakerRow): boolean {
  return state !== 'closed' || epoch > 0 || (counts?.samples ?? 0) > 0;
}

function describeNothing(target: Target | undefined, boards: BreakerBoards, columns: number): string {
  const lines = ['no breaker has anything to say: nothing has failed of late, nothing is switched off'];
  if (boards.place !== undefined) lines.push(`looked in ${makeInert(boards.place)}`);
  if (target !== undefined) {
    lines[0] = `no breaker of \`${showTarget(target)}\` has anything to say`;
    const known = knownServers(boards);
    if (!known.includes(target.server)) lines.push(explainTarget(showTarget(target), known, boards.prefixes));
  }
  return `${lines.flatMap((line) => wrapWords(line, columns)).join('\n')}\n`;
}

/** Each name once, sorted. */
export function knownServers(boards: Pick<BreakerBoards, 'servers' | 'configured' | 'running'>): readonly string[] {
  return [...new Set([...boards.servers(), ...boards.configured, ...(boards.running ?? [])])].sort();
}
