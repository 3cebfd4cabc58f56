// What a session is told once, at its start. Values only; where they come from (flags, config, defaults) is not known here.

import type { ModelHints } from './attribution.ts';
import type { UpstreamId } from './events.ts';
import type { ListName } from './interceptor.ts';

/** Milliseconds; Infinity for never. Applies to `tools/call` only. */
export interface Deadline {
  /** Longest silence: progress starts it anew, an open question to the client pauses it. */
  readonly idleMs: number;
  /** Longest time in all. */
  readonly hardMs: number;
}

export interface RestartSettings {
  /** This many exits … */
  readonly maxExits: number;
  /** … within this many ms are a crash loop: the guard gives up. */
  readonly withinMs: number;
  /** Doubles with each exit in the window. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export interface UpstreamSettings {
  readonly name: UpstreamId;
  readonly deadlineOf: (tool: string) => Deadline;
  readonly onExit: 'exit' | 'restart';
  readonly restart: RestartSettings;
  /** Behind a gateway: what its client has before the names of tools and prompts. */
  readonly prefix?: string | undefined;
  /** Behind a gateway: given up, it is tried again after a while. */
  readonly isTriedLater?: boolean;
}

export interface SessionSettings {
  /** Its one server. Behind a gateway each has a session of its own. */
  readonly upstream: UpstreamSettings;
  readonly model: ModelHints;
  /** A gateway tells its client of changed lists itself, whatever its servers announce; undefined: there is none. */
  readonly tellList?: ((list: ListName) => void) | undefined;
  /** Random, of this session: part of the ids that the guard makes up. */
  readonly tag: string;
}

/** A bare run: one hard deadline of 60 minutes, so that nothing hangs for ever. */
export const BARE_DEADLINE: Deadline = { idleMs: Number.POSITIVE_INFINITY, hardMs: 3_600_000 };

export const DEFAULT_RESTART: RestartSettings = {
  maxExits: 8,
  withinMs: 60_000,
  firstDelayMs: 250,
  maxDelayMs: 10_000,
};
