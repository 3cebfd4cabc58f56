// What a gateway is told once, at its start. Values only.
import type { Instant } from '../../ports/clock.ts';
import type { ReadLimits } from '../../wire/message.ts';
import type { Refusing } from '../denial.ts';
import type { LaneId } from './events.ts';

/** The lists that a gateway merges, by the member that holds them. */
export type ListKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates' | 'tasks';

export interface LaneSettings {
  readonly lane: LaneId;
  /** Before every name of a tool or prompt, separator included; empty for at most one lane. */
  readonly prefix: string;
  /** `on-demand`: started by the first request that needs it. */
  readonly start: 'eager' | 'on-demand';
  /** How long a greeting or a list waits for this server. */
  readonly startTimeoutMs: number;
  /** Unused for so long it is stopped; Infinity for never. */
  readonly idleStopMs: number;
  /** A server that has given up is tried again after a while. */
  readonly comesBack: boolean;
  /** What it offered in earlier sessions: announced for it where it is late. Undefined: nothing is known. */
  readonly known: readonly ('tools' | 'prompts' | 'resources')[] | undefined;
  /** Never started, and this is why. */
  readonly refusal: Refusing | undefined;
}

export interface GatewaySettings {
  /** In the order of the config, which is the order of every list. */
  readonly lanes: readonly LaneSettings[];
  /** Random, of this session: part of the ids that the gateway makes up. */
  readonly tag: string;
  /** How the guard calls itself to the client. */
  readonly serverInfo: { readonly name: string; readonly version: string };
  /** A message authentication code of this process, as text without `.`: nobody else can make a cursor. */
  readonly seal: (text: string) => string;
  readonly read: ReadLimits;
  /** Why a call would be refused that waits for its server to come up: it need not wait. Undefined: nothing refuses it, or nobody can say. */
  readonly refusalOf?: (lane: LaneId, tool: string, now: Instant) => Refusing | undefined;
  /** The client may see this of it by the policy of now. Undefined: all that its session has let through. */
  readonly mayShow?: (lane: LaneId, target: 'tool' | 'prompt' | 'resource', name: string) => boolean;
  /** What it has listed to the last page and the client may see by the policy of now; undefined: nobody can say. */
  readonly shownOf?: (lane: LaneId, list: Exclude<ListKind, 'tasks'>) => readonly string[] | undefined;
  /** Its scope shows nothing of this kind now, whatever it lists: an empty list is a true one. Undefined: nobody can say. */
  readonly hidesAll?: (lane: LaneId, target: 'tool' | 'prompt' | 'resource') => boolean;
  /** It has listed this resource or template, or one for it, and its scope does not show it. Undefined: nobody can say. */
  readonly hides?: (lane: LaneId, uri: string) => boolean;
}
