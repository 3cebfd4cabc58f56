// `mcp-guard status`: every running guard of this machine, once or as it changes. Knows no file and no clock.
import type { RunListing } from '../adapters/run-files.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { makeDrawing, type ScreenSize } from './redraw.ts';
import { makePaint } from './render.ts';
import { formatGuardJson, formatGuards, type PauseOf } from './status-screen.ts';
import { wrapWords } from './text-width.ts';

export interface GuardStatusOptions {
  readonly watch?: boolean | undefined;
  readonly json?: boolean | undefined;
  /** Only guards of this tenant; undefined: of all. */
  readonly tenant?: string | undefined;
}

/** What the command looks at. */
export interface RunningGuards {
  /** The state directory, for who looks at the wrong one. */
  readonly place: string;
  list(): RunListing;
  /** Break-glass that holds; read anew each time. */
  readonly pauseOf: PauseOf;
  /** Wall clock, ms. */
  nowMs(): number;
}

export interface StatusTerminal {
  /** Of the terminal that is drawn anew; undefined where stdout is none: then each change is a block of its own. */
  size(): ScreenSize | undefined;
  /** Settles after a second, or with false where the person has seen enough. */
  tick(): Promise<boolean>;
}

/** @returns the exit code */
export async function runGuardStatus(
  options: GuardStatusOptions,
  io: CliIo,
  guards: RunningGuards,
  terminal: StatusTerminal,
): Promise<number> {
  if (options.watch !== true) {
    const listing = listWanted(guards, options);
    io.stdout.write(show(listing, options, io, guards));
    if (options.json === true) return 0;
    for (const line of remarks(listing)) io.stderr.write(`${line}\n`);
    return 0;
  }
  const draw = makeDrawing(io);
  let shown: string | undefined;
  do {
    const size = options.json === true ? undefined : terminal.size();
    const listing = listWanted(guards, options);
    const text = show(listing, options, { ...io, columns: size?.columns ?? io.columns }, guards, size !== undefined);
    const key = JSON.stringify(
      listing.guards.map(({ record }) => [
        record,
        record.servers.map(({ name }) => guards.pauseOf(record.tenant, name, record.policy.config ?? '') ?? null),
      ]),
    );
    if (size !== undefined) draw(text, size);
    else if (key !== shown) io.stdout.write(shown === undefined || options.json === true ? text : `\n${text}`);
    shown = key;
  } while (await terminal.tick());
  return 0;
}

function listWanted(guards: RunningGuards, { tenant }: GuardStatusOptions): RunListing {
  const listing = guards.list();
  if (tenant === undefined) return listing;
  return { ...listing, guards: listing.guards.filter(({ record }) => record.tenant === tenant) };
}

function show(
  listing: RunListing,
  options: GuardStatusOptions,
  io: CliIo,
  guards: RunningGuards,
  mayBeCut = false,
): string {
  if (options.json === true)
    return listing.guards.map((guard) => `${formatGuardJson(guard, guards.pauseOf)}\n`).join('');
  if (listing.guards.length === 0) {
    // one of them may run: it is said below why it cannot be shown
    const head = listing.unreadable.length === 0 ? 'no guard is running' : 'no guard that can be shown is running';
    const lines = [head, `looked in ${makeInert(guards.place)}`];
    return `${lines.flatMap((line) => wrapWords(line, io.columns)).join('\n')}\n`;
  }
  const { nowMs, pauseOf } = guards;
  const style = { columns: io.columns, paint: makePaint(io.color), nowMs: nowMs(), pauseOf, mayBeCut };
  return `${formatGuards(listing.guards, style).join('\n')}\n`;
}

function remarks({ cleared, unreadable }: RunListing): readonly string[] {
  return [
    ...(cleared === 0
      ? []
      : [`${cleared === 1 ? 'a record' : `${cleared} records`} of guards that ended without a word: taken away`]),
    ...unreadable.map(({ path, why }) => `no record of a guard: ${makeInert(path)}: ${makeInert(why)}`),
  ];
}
