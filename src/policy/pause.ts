// Break-glass: a server whose scope and pins only observe for a while, because a person said so. The document, and whether it holds.
// Pure; knows no file and no command.
import { isJsonObject, type Json } from '../wire/json.ts';

export interface Pause {
  /** The path of the config whose server it is, links resolved. INVARIANT: a server of that name in another config is not paused. */
  readonly config: string;
  readonly server: string;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly actor: string;
  readonly reason: string;
}

export type PausedServer = Pick<Pause, 'config' | 'server'>;

export interface Pauses {
  readonly version: 1;
  /** INVARIANT: one for each server of a config at most: a row of them would be longer than any may be. */
  readonly pauses: readonly Pause[];
  /** Of this machine's key; whoever reads the document looks whether it fits. */
  readonly signature?: string;
}

export const NO_PAUSES: Pauses = { version: 1, pauses: [] };
export const LONGEST_PAUSE_MS = 86_400_000;
const MOST_PAUSES = 1_000;

/**
 * By one reading of the clock: a pause ends by itself, and a clock that is set back before its beginning ends it, too. Who goes on
 * looking asks a `PauseTimes`: by one reading nobody can tell a clock that was set back after the end.
 */
export function pauseAt({ pauses }: Pauses, server: PausedServer, nowMs: number): Pause | undefined {
  return pauses.find((one) => isSame(one, server) && nowMs >= one.sinceMs && nowMs < one.untilMs);
}

/** Those that hold, the one that ends first before the others. */
export function listPauses({ pauses }: Pauses, nowMs: number): readonly Pause[] {
  return pauses
    .filter(({ sinceMs, untilMs }) => nowMs >= sinceMs && nowMs < untilMs)
    .sort((one, other) => one.untilMs - other.untilMs);
}

/** With this pause in the place of an earlier one, and without those that are over. */
export function addPause({ pauses }: Pauses, pause: Pause): Pauses {
  const others = pauses.filter((one) => !isSame(one, pause) && one.untilMs > pause.sinceMs);
  return { version: 1, pauses: [...others, pause].slice(-MOST_PAUSES) };
}

/** In whichever config: it only narrows, and the config may be gone. */
export function endPause(pauses: Pauses, server: string): Pauses {
  const left = pauses.pauses.filter((one) => one.server !== server);
  return left.length === pauses.pauses.length ? pauses : { version: 1, pauses: left };
}

/** Undefined for whatever is not exactly such a document: one that is longer than may be, too. */
export function readPauses(value: unknown): Pauses | undefined {
  // untyped input enters here: what came out of `JSON.parse` is JSON
  const json = value as Json | undefined;
  if (!isJsonObject(json) || json.version !== 1 || !Array.isArray(json.pauses)) return undefined;
  const entries: readonly Json[] = json.pauses;
  const pauses = entries.flatMap((entry) => readPause(entry) ?? []);
  const servers = new Set(pauses.map(({ config, server }) => JSON.stringify([config, server])));
  if (servers.size < entries.length || entries.length > MOST_PAUSES) return undefined;
  const { signature } = json;
  return typeof signature === 'string' ? { version: 1, pauses, signature } : { version: 1, pauses };
}

function readPause(value: Json): Pause | undefined {
  if (!isJsonObject(value)) return undefined;
  const { config, server, sinceMs, untilMs, actor, reason } = value;
  if (
    typeof config !== 'string' ||
    typeof server !== 'string' ||
    typeof actor !== 'string' ||
    typeof reason !== 'string'
  )
    return undefined;
  if (typeof sinceMs !== 'number' || typeof untilMs !== 'number' || !(untilMs - sinceMs <= LONGEST_PAUSE_MS))
    return undefined;
  return { config, server, sinceMs, untilMs, actor, reason };
}

function isSame(one: PausedServer, other: PausedServer): boolean {
  return one.config === other.config && one.server === other.server;
}
