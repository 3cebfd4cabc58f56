// What can happen to one breaker. Types only.
import type { Sample } from './breaker-state.ts';

/** An order of a person, as it is recorded. attacker-controlled: both texts are shown through the inert-text filter. */
export interface Person {
  readonly actor: string;
  readonly reason: string;
}

/** `random`, in [0, 1): draws the length of an opening, where the event opens. */
export type BreakerEvent =
  | {
      readonly type: 'settled';
      /** The epoch under which the call was admitted. */
      readonly epoch: number;
      /** `none`: nothing to count; the permit comes back all the same. */
      readonly outcome: Sample | 'none';
      readonly durationMs: number;
      readonly random: number;
      /** It was no call: the server exited so (exit-word.ts). */
      readonly exit?: string | undefined;
    }
  /** A call asks to go, and takes the probe where one is to be had. */
  | {
      readonly type: 'admit';
      readonly holder: string;
      /** After this the guard gives the call up; Infinity for never. */
      readonly deadlineMs: number;
      readonly random: number;
    }
  /** The process of this name is dead: its lease is free. */
  | { readonly type: 'holder_gone'; readonly holder: string }
  /** A tool of this server has opened by faults: so many of the known ones are out. */
  | { readonly type: 'tools_out'; readonly open: number; readonly known: number; readonly random: number }
  | { readonly type: 'order'; readonly order: 'open'; readonly person: Person; readonly random: number }
  | { readonly type: 'order'; readonly order: 'close' | 'reset' | 'isolate'; readonly person: Person };
